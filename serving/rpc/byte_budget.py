"""A bound on the bytes of requests that one replica holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from serving.domain.errors import Overloaded


class ByteBudget:
    """Counts bytes in flight; for one event loop. A lone request is taken whatever its size."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    @contextmanager
    def hold(self, size_bytes: int) -> Iterator[None]:
        """Holds `size_bytes` while the block runs. Raises Overloaded where they do not fit."""
        if self._held_bytes and self._held_bytes + size_bytes > self._limit_bytes:
            raise Overloaded(
                f"{self._held_bytes} bytes of requests are in flight of {self._limit_bytes} that "
                f"are allowed, and {size_bytes} more came; try again later"
            )
        self._held_bytes += size_bytes
        try:
            yield
        finally:
            self._held_bytes -= size_bytes
