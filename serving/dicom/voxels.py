"""The voxels of the chosen slices: decoded a few at a time, straight into one array."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.dicom import refusals
from serving.dicom.decoding import Decode
from serving.dicom.frames import Frame
from serving.dicom.hounsfield import looks_inverted, to_hu
from serving.dicom.instance import Instance
from serving.dicom.pixel_check import check_size
from serving.dicom.pixels import FrameReader
from serving.dicom.settings import DicomSettings
from serving.dicom.source import open_pixels
from serving.domain.slices import Progress

_SAMPLES = 3
Place = tuple[int, Frame]


class VoxelReader:
    """Decodes frames into Hounsfield units, `decode_threads` files at once."""

    def __init__(
        self, settings: DicomSettings, instances: Mapping[Path, Instance], decode: Decode
    ) -> None:
        """`instances` are what the files' headers said."""
        self._settings = settings
        self._instances = instances
        self._decode = decode

    def looks_inverted(self, frames: Sequence[Frame]) -> bool:
        """Whether MONOCHROME1 slices hold inverted values, judged by a few from the middle."""
        step = max(1, len(frames) // (_SAMPLES + 1))
        sample = frames[step::step][:_SAMPLES] or frames[:1]
        votes = [self._slice_inverted(frame) for frame in sample]
        return sum(votes) * 2 > len(votes)

    def _slice_inverted(self, frame: Frame) -> bool:
        form = self._instances[frame.path].form
        if form.photometric != "MONOCHROME1":
            return False
        with self._opened(frame.path) as reader:
            return looks_inverted(reader.read(frame.index), frame, form)

    def read(
        self, frames: Sequence[Frame], progress: Progress, *, inverted: bool
    ) -> NDArray[np.int16]:
        """HU of `frames` in their order, int16 (slices, rows, columns).

        Raises UnsupportedImage where one cannot be decoded or all together are too many.
        """
        shape = (len(frames), frames[0].rows, frames[0].columns)
        limit, total = self._settings.max_decoded_bytes, 2 * int(np.prod(shape, dtype=np.int64))
        if total > limit:
            raise refusals.too_large("bytes of decoded pixels", limit, total)
        hu = np.empty(shape, dtype=np.int16)
        with ThreadPoolExecutor(self._settings.decode_threads) as pool:
            done = 0
            for batch in _batches(_by_file(frames), 4 * self._settings.decode_threads):
                jobs = [pool.submit(self._read_file, hu, part, inverted) for part in batch]
                done += sum(job.result() for job in jobs)
                progress(done / len(frames), "reading images")
        return hu

    def _read_file(self, hu: NDArray[np.int16], places: Sequence[Place], inverted: bool) -> int:
        """Decodes the frames of one file into their slices; says how many."""
        path = places[0][1].path
        form = self._instances[path].form
        check_size(form, self._settings)
        with self._opened(path) as reader:
            for index, frame in places:
                hu[index] = to_hu(reader.read(frame.index), frame, form, inverted=inverted)
        return len(places)

    @contextmanager
    def _opened(self, path: Path) -> Iterator[FrameReader]:
        told = self._instances[path]
        with open_pixels(path, self._settings, told.transfer_syntax, told.pixels) as data:
            yield FrameReader(data, told.form, self._decode)


def _by_file(frames: Sequence[Frame]) -> list[list[Place]]:
    """Slice indices and frames, those of one file together: each file is opened once."""
    files: dict[Path, list[Place]] = defaultdict(list)
    for place in enumerate(frames):
        files[place[1].path].append(place)
    return list(files.values())


def _batches(parts: Iterable[list[Place]], size: int) -> Iterator[list[list[Place]]]:
    rest = iter(parts)
    while batch := list(islice(rest, size)):
        yield batch
