"""DICOM segmentations: binary, fractional and label map (PS3.3 section C.8.20)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
from pydicom.dataset import Dataset

from serving.dicom import refusals, tags
from serving.dicom.decoder_pool import DecoderPool
from serving.dicom.frames import Frame, Plane
from serving.dicom.groups import Direction
from serving.dicom.pixel_check import check_size
from serving.dicom.pixels import FrameReader
from serving.dicom.settings import DicomSettings
from serving.dicom.source import PixelData, open_pixels
from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Float64, Geometry
from serving.radiomics.imaging.image import Mask
from serving.radiomics.reading.dicom_folder import DicomFile
from serving.radiomics.reading.mask_source import Entry, PlacedMask, placed_mask
from serving.radiomics.reading.placement import paste, place

_HALF = 0.5
"""A fractional segment takes the voxels of which it fills at least half."""


class Segmentation:
    """The segments of one SEG (MaskSource); frames in any order, empty ones left out or not."""

    def __init__(self, file: DicomFile, settings: DicomSettings) -> None:
        self._file = file
        self._settings = settings
        self._decoders = DecoderPool(settings)
        self._kind = tags.text(file.header, "SegmentationType").upper()
        self._entries = tuple(
            Entry(tags.integer(item, "SegmentNumber", -1), tags.text(item, "SegmentLabel"))
            for item in tags.items(file.header, "SegmentSequence")
        )
        self._numbers = _frame_segments(file)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._entries

    def place(self, entry: Entry, image: Geometry) -> PlacedMask:
        """The segment on the grid of `image`.

        Raises InvalidRequest where the grids do not fit, UnsupportedImage where the pixels cannot
        be read.
        """
        mask = np.zeros(image.shape, dtype=np.bool_)
        lost = 0
        for frame, pixels in self._frames(entry):
            shape = (1, frame.rows, frame.columns)
            placement = place(shape, _frame_affine(frame, image), image)
            lost += paste(mask, pixels[None], placement)
        return placed_mask(mask, lost)

    def _frames(self, entry: Entry) -> Iterator[tuple[Frame, Mask]]:
        """The frames that hold the segment, with its pixels (rows, columns)."""
        told = self._file.instance
        check_size(told.form, self._settings.model_copy(update={"max_frames": told.form.frames}))
        syntax, pixels = told.transfer_syntax, told.pixels
        with open_pixels(self._file.path, self._settings, syntax, pixels) as data:
            for frame in told.frames:
                if self._kind == "LABELMAP" or self._numbers[frame.index] == entry.number:
                    yield frame, self._pixels(data, frame, entry)

    def _pixels(self, data: PixelData, frame: Frame, entry: Entry) -> Mask:
        form = self._file.instance.form
        if form.bits_allocated == 1:
            return _bits(data, frame)
        stored = FrameReader(data, form, self._decoders.decode).read(frame.index)
        if self._kind == "LABELMAP":
            return np.asarray(stored == entry.number)
        if self._kind == "FRACTIONAL":
            most = tags.integer(self._file.header, "MaximumFractionalValue", 255)
            return np.asarray(stored >= _HALF * most)
        return np.asarray(stored > 0)


def _frame_segments(file: DicomFile) -> tuple[int, ...]:
    """Segment Number of each frame: its own group, else the shared one, else the only segment."""
    shared = _segment(tags.item(file.header, "SharedFunctionalGroupsSequence"), 1)
    own = tags.items(file.header, "PerFrameFunctionalGroupsSequence")
    found = [_segment(group, shared) for group in own]
    return tuple(chain(found, [shared] * (file.instance.form.frames - len(found))))


def _segment(group: Dataset | None, default: int) -> int:
    item = tags.item(group, "SegmentIdentificationSequence")
    return default if item is None else tags.integer(item, "ReferencedSegmentNumber", default)


def _bits(data: PixelData, frame: Frame) -> Mask:
    """One frame of single bits, the first in the lowest bit of a byte (PS3.5 section 8.1.1)."""
    count = frame.rows * frame.columns
    pixels = data.pixels
    if pixels is None or pixels.length is None:
        raise refusals.bad_pixels("single bits a pixel are expected uncompressed")
    first = frame.index * count
    start = pixels.offset + first // 8
    raw = bytes(data.data[start : pixels.offset + (first + count + 7) // 8])
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8), bitorder="little")
    bits = bits[first % 8 : first % 8 + count]
    if len(bits) < count:
        raise refusals.truncated()
    return bits.reshape(frame.rows, frame.columns).astype(np.bool_)


def _frame_affine(frame: Frame, image: Geometry) -> Float64:
    """(column, row, 0, 1) of the frame to LPS mm; across it, the image's own step is taken."""
    plane = _plane(frame)
    affine = np.eye(4)
    affine[:3, 0] = _scaled(plane.row_direction, plane.column_spacing_mm)
    affine[:3, 1] = _scaled(plane.column_direction, plane.row_spacing_mm)
    affine[:3, 3] = plane.position_mm
    steps = np.abs(np.linalg.inv(image.affine_lps)[:3, :3] @ affine[:3, :2])
    taken = set(np.argmax(steps, axis=0).tolist())
    rest = min({0, 1, 2} - taken)
    affine[:3, 2] = image.affine_lps[:3, rest]
    return affine


def _scaled(direction: Direction, length_mm: float) -> Float64:
    return np.asarray(direction) * length_mm


def _plane(frame: Frame) -> Plane:
    if frame.plane is None:
        raise UnsupportedImage(
            "the frames of a DICOM SEG do not say where they lie; export it again with positions"
        )
    return frame.plane
