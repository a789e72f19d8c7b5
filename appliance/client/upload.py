"""A study as the stream of requests that `StudyService.Analyze` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aibox.v1 import study_pb2

from appliance.study_files import InstanceFile

CHUNK_BYTES = 1 << 20
SendProgress = Callable[[int, int], None]
"""Told bytes sent and bytes in all; called from another thread."""


class Upload:
    """Iterated by grpc in a thread of its own; `error` keeps what went wrong while reading."""

    def __init__(
        self,
        header: study_pb2.AnalyzeHeader,
        instances: Sequence[InstanceFile],
        progress: SendProgress | None = None,
    ) -> None:
        self._header = header
        self._instances = instances
        self._progress = progress
        self._total = sum(instance.size_bytes for instance in instances)
        self._sent = 0
        self.error: Exception | None = None

    def requests(self) -> Iterator[study_pb2.AnalyzeRequest]:
        """The header, then every instance in chunks."""
        try:
            yield study_pb2.AnalyzeRequest(header=self._header)
            for instance in self._instances:
                yield from self._chunks(instance)
        except Exception as error:
            self.error = error
            raise

    def _chunks(self, instance: InstanceFile) -> Iterator[study_pb2.AnalyzeRequest]:
        with instance.open() as stream:
            data = stream.read(CHUNK_BYTES)
            while True:
                following = stream.read(CHUNK_BYTES)
                chunk = study_pb2.InstanceChunk(data=data, last=not following)
                yield study_pb2.AnalyzeRequest(chunk=chunk)
                self._tell(len(data))
                if not following:
                    return
                data = following

    def _tell(self, sent: int) -> None:
        self._sent += sent
        if self._progress is not None:
            self._progress(self._sent, self._total)
