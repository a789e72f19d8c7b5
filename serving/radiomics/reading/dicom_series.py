"""The image series of a case: which one, and its voxels in the modality's units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from serving.dicom.decoder_pool import DecoderPool
from serving.dicom.frames import Frame, Rescale
from serving.dicom.geometry import Arrangement, arrange
from serving.dicom.instance import Instance
from serving.dicom.pixel_check import check_size
from serving.dicom.pixels import FrameReader
from serving.dicom.settings import DicomSettings
from serving.dicom.source import open_pixels
from serving.dicom.stack import Stack, stacks_of
from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Float64
from serving.radiomics.reading.dicom_folder import DicomFile
from serving.radiomics.reading.grid import require_size
from serving.radiomics.reading.scan import Scan

_NO_SLICES = frozenset({"LOCALIZER", "SCOUT", "PROJECTION IMAGE", "MIP", "SCREEN SAVE"})
_UNSCALED = Rescale(1.0, 0.0)
_REFUSED_NOTICES = frozenset({"missing_slices"})
_TOLD_NOTICES = frozenset({"duplicate_slices", "uneven_spacing", "shifted_slices"})
"""A tilted gantry needs no word here: image processing refuses skewed grids."""


def read_series(
    files: Sequence[DicomFile], referenced: Collection[str], settings: DicomSettings
) -> Scan:
    """The series of `files` that a mask refers to by `referenced` UIDs, else the only one.

    Values are stored value times Rescale Slope plus Rescale Intercept (PS3.3 C.11.1), float64;
    padding stays as it is. Raises UnsupportedImage: no series, several that nothing tells apart,
    slices missing, colours, pixels that cannot be read.
    """
    stack = _chosen(_stacks(files), referenced)
    arrangement = arrange(stack.frames)
    notices = _notices(arrangement)
    by_path = {file.path: file for file in files}
    values = _Voxels(by_path, settings).read(arrangement.frames)
    first = by_path[arrangement.frames[0].path]
    return Scan(
        values=values,
        grid=arrangement.geometry,
        modality=stack.instance.modality,
        notices=notices,
        series_instance_uid=stack.instance.series_instance_uid,
        frame_of_reference_uid=first.frame_of_reference_uid,
    )


def _stacks(files: Sequence[DicomFile]) -> tuple[Stack, ...]:
    """Stacks of parallel slices that can be used; localizers and captures are none."""
    series: dict[str, list[Instance]] = defaultdict(list)
    why = "it holds none"
    for file in files:
        reason = _unusable(file.instance)
        if reason:
            why = reason
        else:
            series[file.instance.series_instance_uid].append(file.instance)
    found = tuple(stack for one in series.values() for stack in stacks_of(one))
    if not found:
        why = "its slices do not say where they lie in the patient" if series else why
        raise UnsupportedImage(f"the folder has no DICOM image series that can be used: {why}")
    return found


def _unusable(instance: Instance) -> str:
    if instance.form.samples != 1:
        return "its images are in colour"
    if instance.has_modality_lut:
        return "its values come through a lookup table"
    if instance.modality == "CT" and any(frame.rescale is None for frame in instance.frames):
        return "its values cannot be turned into Hounsfield units"
    kinds = set(instance.frames[0].image_type) if instance.frames else set()
    return "it holds localizers or captures" if kinds & _NO_SLICES else ""


def _chosen(stacks: Sequence[Stack], referenced: Collection[str]) -> Stack:
    meant = [s for s in stacks if s.instance.series_instance_uid in referenced] or list(stacks)
    meant.sort(key=lambda stack: -len(stack.offsets_mm))
    if len(meant) > 1 and not _dwarfs(meant[0], meant[1]):
        raise UnsupportedImage(
            f"expected one image series, and the folder holds {len(meant)} stacks of slices that "
            "the mask does not tell apart; keep one in the folder"
        )
    return meant[0]


def _dwarfs(largest: Stack, other: Stack) -> bool:
    """Whether `other` is no more than a few stray slices of the same series."""
    same = largest.instance.series_instance_uid == other.instance.series_instance_uid
    return same and len(largest.offsets_mm) >= 5 * len(other.offsets_mm)


def _notices(arrangement: Arrangement) -> tuple[str, ...]:
    """Raises UnsupportedImage where the slices make no regular grid."""
    refused = [n for n in arrangement.notices if n.code in _REFUSED_NOTICES]
    if refused:
        raise UnsupportedImage(
            "expected evenly spaced slices, and some are missing from the series; features would "
            "be those of a squeezed body, export the whole series"
        )
    return tuple(n.message for n in arrangement.notices if n.code in _TOLD_NOTICES)


class _Voxels:
    """Decodes frames; decoder processes start with the first compressed one and end with this."""

    def __init__(self, files: Mapping[Path, DicomFile], settings: DicomSettings) -> None:
        self._files = files
        self._settings = settings
        self._decoders = DecoderPool(settings)

    def read(self, frames: Sequence[Frame]) -> Float64:
        """(slices, rows, columns) in the order of `frames`."""
        shape = (len(frames), frames[0].rows, frames[0].columns)
        require_size(shape, self._settings)
        values = np.empty(shape)
        places: dict[Path, list[int]] = defaultdict(list)
        for index, frame in enumerate(frames):
            places[frame.path].append(index)
        for path, indices in places.items():
            self._read_file(self._files[path], frames, indices, values)
        return values

    def _read_file(
        self, file: DicomFile, frames: Sequence[Frame], indices: list[int], values: Float64
    ) -> None:
        told = file.instance
        check_size(told.form, self._settings)
        syntax, pixels = told.transfer_syntax, told.pixels
        with open_pixels(file.path, self._settings, syntax, pixels) as data:
            reader = FrameReader(data, told.form, self._decoders.decode)
            for index in indices:
                rescale = frames[index].rescale or _UNSCALED
                stored = reader.read(frames[index].index)
                values[index] = stored * rescale.slope + rescale.intercept
