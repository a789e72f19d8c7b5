"""A few decoder processes, kept from study to study."""

from __future__ import annotations

import logging
import queue
import weakref
from typing import Any

from numpy.typing import NDArray

from serving.dicom.decoder import Decoder
from serving.dicom.decoding import decode
from serving.dicom.image import PixelFormat
from serving.dicom.settings import DicomSettings

_log = logging.getLogger(__name__)
_Places = queue.LifoQueue[Decoder | None]
"""One entry for each process there may be; None where it is yet to start."""


class DecoderPool:
    """Decodes in `decode_threads` processes at most; thread-safe; they end with the pool."""

    def __init__(self, settings: DicomSettings) -> None:
        self._timeout_s = settings.decode_timeout_s
        self._places: _Places = queue.LifoQueue()
        for _ in range(settings.decode_threads):
            self._places.put(None)
        weakref.finalize(self, _end_all, self._places)

    def warm_up(self) -> None:
        """Starts processes in every free place, without waiting until they are up."""
        for decoder in _taken(self._places):
            self._places.put(decoder or self._started())

    def decode(self, stream: bytes, syntax: str, form: PixelFormat) -> NDArray[Any]:
        """One compressed frame (rows, columns); waits for a free process. Raises UnsupportedImage.

        Where the machine lets no process start it is decoded here.
        """
        decoder = self._places.get()
        try:
            decoder = decoder or self._started()
            return (decoder.decode if decoder else decode)(stream, syntax, form)
        except ChildProcessError:
            _log.warning("a decoder process did not start; decoding in this process")
            return decode(stream, syntax, form)
        finally:
            self._places.put(decoder if decoder and decoder.alive else None)

    def _started(self) -> Decoder | None:
        try:
            return Decoder(self._timeout_s)
        except OSError:
            _log.warning("no decoder process can start; decoding in this process")
            return None


def _end_all(places: _Places) -> None:
    for decoder in _taken(places):
        if decoder is not None:
            decoder.end()


def _taken(places: _Places) -> list[Decoder | None]:
    """All that are free now."""
    taken: list[Decoder | None] = []
    while True:
        try:
            taken.append(places.get_nowait())
        except queue.Empty:
            return taken
