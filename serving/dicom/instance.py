"""One CT instance's header as facts: what series it is of, and its frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from serving.dicom import tags
from serving.dicom.frames import Frame, Repeat
from serving.dicom.groups import FrameGroups
from serving.dicom.image import PixelFormat, read_format
from serving.dicom.source import PixelElement, Source


@dataclass(frozen=True, slots=True)
class Instance:
    """What the choice of a series is made from; `frames` is empty where there are no pixels."""

    sop_class_uid: str
    series_instance_uid: str
    modality: str
    description: str
    series_number: int
    body_part: str
    transfer_syntax: str
    form: PixelFormat
    pixels: PixelElement | None
    has_modality_lut: bool
    synthetic: bool
    lossy: bool
    """Compressed with loss at some time in its life (PS3.3 C.7.6.1.1.5)."""
    frames: tuple[Frame, ...]

    @property
    def has_pixels(self) -> bool:
        return self.pixels is not None

    @property
    def compressed(self) -> bool:
        return self.pixels is not None and self.pixels.length is None


def read_instance(path: Path, source: Source) -> Instance:
    """The facts of the instance in `source`, which was opened from `path`."""
    header = source.header
    form = read_format(header)
    return Instance(
        sop_class_uid=tags.uid(header, "SOPClassUID"),
        series_instance_uid=tags.uid(header, "SeriesInstanceUID"),
        modality=tags.text(header, "Modality").upper(),
        description=tags.text(header, "SeriesDescription"),
        series_number=tags.integer(header, "SeriesNumber", 0),
        body_part=tags.text(header, "BodyPartExamined").upper(),
        transfer_syntax=source.transfer_syntax,
        form=form,
        pixels=source.pixels,
        has_modality_lut=bool(tags.items(header, "ModalityLUTSequence")),
        synthetic=_is_synthetic(header),
        lossy=tags.text(header, "LossyImageCompression") == "01",
        frames=_frames(path, header, form) if source.pixels is not None else (),
    )


def _is_synthetic(header: Dataset) -> bool:
    labels = ("SeriesDescription", "ImageComments")
    return any("SYNTHETIC" in tags.text(header, keyword).upper() for keyword in labels)


def _frames(path: Path, header: Dataset, form: PixelFormat) -> tuple[Frame, ...]:
    groups = FrameGroups(header)
    padding = tags.number(header, "PixelPaddingValue")
    number = tags.integer(header, "InstanceNumber", 0)
    return tuple(
        Frame(
            path=path,
            index=index,
            sop_instance_uid=tags.uid(header, "SOPInstanceUID"),
            instance_number=number,
            rows=form.rows,
            columns=form.columns,
            plane=groups.plane(index),
            rescale=groups.rescale(index),
            padding=None if padding is None else int(padding),
            image_type=groups.image_type(index),
            repeat=_repeat(header, groups, index),
        )
        for index in range(form.frames)
    )


def _repeat(header: Dataset, groups: FrameGroups, index: int) -> Repeat:
    content = groups.content(index)
    phase = tags.integer(header, "NominalPercentageOfCardiacPhase", 0)
    return Repeat(
        acquisition=tags.integer(content, "FrameAcquisitionNumber", 0)
        or tags.integer(header, "AcquisitionNumber", 0),
        phase=tags.integer(content, "TemporalPositionIndex", 0)
        or tags.integer(header, "TemporalPositionIdentifier", 0)
        or phase,
        kernel=groups.kernel(index),
        time=tags.text(header, "AcquisitionTime"),
    )
