"""A file-like view of bytes that neither allocates what is not there nor reads without end."""

from __future__ import annotations

import io
import mmap

Bytes = bytes | memoryview | mmap.mmap
_ELEMENT_HEADER = 8


class TooManyReads(Exception):
    """The header takes more reads than an honest one would."""


class HeaderStream(io.RawIOBase):
    """Reads `data` for pydicom; `cut_short` says whether a value ran over its end.

    Only a later read that finds all it wants takes that back: pydicom looks ahead in chunks.
    A length field of four gigabytes costs nothing here: reads end where the data ends.
    """

    def __init__(self, data: Bytes, max_reads: int) -> None:
        super().__init__()
        self._data = data
        self._reads_left = max_reads
        self._position = 0
        self.cut_short = False

    def read(self, size: int = -1) -> bytes:
        self._reads_left -= 1
        if self._reads_left < 0:
            raise TooManyReads
        end = len(self._data) if size < 0 else min(self._position + size, len(self._data))
        found = bytes(self._data[self._position : end])
        if size > _ELEMENT_HEADER and len(found) < size:
            self.cut_short = True
        elif found:
            self.cut_short = False
        self._position += len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}[whence]
        self._position = max(0, start + offset)
        self.cut_short = self.cut_short or self._position > len(self._data)
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
