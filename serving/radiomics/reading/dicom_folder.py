"""The DICOM files at a path, sorted into images, structure sets and segmentations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from serving.dicom import refusals, tags
from serving.dicom.header_tags import HEADER_TAGS
from serving.dicom.image import read_format
from serving.dicom.instance import Instance, read_instance
from serving.dicom.settings import DicomSettings
from serving.dicom.source import open_source

RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Segmentation Storage and Label Map Segmentation Storage."""
_NO_IMAGES = frozenset({"SEG", "RTDOSE", "RTIMAGE", "RTPLAN", "REG", "PR", "SR", "KO", "DOC"})
_NOT_DICOM = frozenset(
    {".txt", ".md", ".csv", ".json", ".xml", ".html", ".pdf", ".png", ".jpg", ".jpeg", ".db"}
)
"""Clutter in research folders; any other file is held to be DICOM, so that none is lost."""
_MASK_KEYWORDS = (
    "FrameOfReferenceUID ReferencedFrameOfReferenceSequence StructureSetROISequence "
    "ROIContourSequence ReferencedSeriesSequence SegmentSequence SegmentationType "
    "MaximumFractionalValue"
)
_WANTED = [*HEADER_TAGS, *filter(None, map(tag_for_keyword, _MASK_KEYWORDS.split()))]


@dataclass(frozen=True, slots=True)
class DicomFile:
    """One file read up to its pixels."""

    instance: Instance
    header: Dataset
    path: Path

    @property
    def frame_of_reference_uid(self) -> str:
        return tags.uid(self.header, "FrameOfReferenceUID")


@dataclass(frozen=True, slots=True)
class DicomFolder:
    """What lies in a folder, in the order of the paths."""

    images: tuple[DicomFile, ...]
    structure_sets: tuple[DicomFile, ...]
    segmentations: tuple[DicomFile, ...]

    @property
    def masks(self) -> tuple[DicomFile, ...]:
        return (*self.structure_sets, *self.segmentations)


def read_folder(path: Path, settings: DicomSettings) -> DicomFolder:
    """All DICOM files in the folder at `path` and below, or the one file there.

    Raises UnsupportedImage: too many or too large, not DICOM, cut short.
    """
    paths = [path] if path.is_file() else sorted(_files(path))
    if len(paths) > settings.max_instances:
        raise refusals.too_large("DICOM files of a case", settings.max_instances, len(paths))
    found = [_read(one, settings) for one in paths]
    return DicomFolder(
        images=tuple(file for file in found if _is_image(file.instance)),
        structure_sets=tuple(f for f in found if f.instance.sop_class_uid == RT_STRUCTURE_SET),
        segmentations=tuple(f for f in found if f.instance.sop_class_uid in SEGMENTATIONS),
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        clutter = path.name.startswith(".") or path.suffix.lower() in _NOT_DICOM
        if path.is_file() and not clutter:
            yield path


def _read(path: Path, settings: DicomSettings) -> DicomFile:
    with open_source(path, settings, _WANTED) as source:
        _require_frames(source.header, settings)
        return DicomFile(read_instance(path, source), source.header, path)


def _require_frames(header: Dataset, settings: DicomSettings) -> None:
    """Raises UnsupportedImage where more frames are declared than described or allowed.

    Segmentations have a frame for each segment and slice, many more than images have.
    """
    described = len(tags.items(header, "PerFrameFunctionalGroupsSequence"))
    limit, found = max(settings.max_frames, described), read_format(header).frames
    if found > limit:
        raise refusals.too_large("frames of an instance", limit, found)


def _is_image(instance: Instance) -> bool:
    known = instance.modality not in _NO_IMAGES and instance.sop_class_uid not in SEGMENTATIONS
    return known and instance.has_pixels
