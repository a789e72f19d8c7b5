"""Files of a radiomics job as the stream of requests that `RadiomicsService` takes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aibox.v1 import radiomics_pb2

CHUNK_BYTES = 1 << 20
SendProgress = Callable[[int, int], None]
"""Told bytes sent and bytes in all; called from another thread."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to send under a name that says nothing of what it is called here."""

    name: str
    size_bytes: int
    open: Callable[[], BinaryIO]

    @classmethod
    def of_path(cls, name: str, path: Path) -> InputFile:
        """A file on disk; it is opened when its turn comes."""
        return cls(name, path.stat().st_size, lambda: path.open("rb"))

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> InputFile:
        """A file that is only in memory."""
        return cls(name, len(content), lambda: io.BytesIO(content))


class FilesUpload:
    """Iterated by grpc in a thread of its own; `error` keeps what went wrong while reading."""

    def __init__(
        self,
        header: radiomics_pb2.RadiomicsHeader,
        files: Sequence[InputFile],
        progress: SendProgress | None = None,
    ) -> None:
        self._header = header
        self._files = files
        self._progress = progress
        self._total = sum(file.size_bytes for file in files)
        self._sent = 0
        self.error: Exception | None = None

    def requests(self) -> Iterator[radiomics_pb2.RadiomicsRequest]:
        """The header, then every file in chunks."""
        try:
            yield radiomics_pb2.RadiomicsRequest(header=self._header)
            for file in self._files:
                yield from self._chunks(file)
        except Exception as error:
            self.error = error
            raise

    def _chunks(self, file: InputFile) -> Iterator[radiomics_pb2.RadiomicsRequest]:
        with file.open() as stream:
            data = stream.read(CHUNK_BYTES)
            name = file.name
            while True:
                following = stream.read(CHUNK_BYTES)
                chunk = radiomics_pb2.InputChunk(name=name, data=data, last=not following)
                yield radiomics_pb2.RadiomicsRequest(chunk=chunk)
                self._tell(len(data))
                if not following:
                    return
                name, data = "", following

    def _tell(self, sent: int) -> None:
        self._sent += sent
        if self._progress is not None:
            self._progress(self._sent, self._total)
