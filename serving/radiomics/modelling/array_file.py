"""Arrays of a stored model: raw little-endian numbers in one file, described beside it.

No pickle and no zip: reading can neither run code nor grow beyond the file's own size.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from serving.domain.errors import CorruptModel

Array = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.int32]
ArrayType = Literal["<f8", "<i8", "<i4"]
MOST_BYTES = 1 << 30


class ArrayEntry(BaseModel):
    """One array: its type, shape, and where it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    type: ArrayType
    shape: list[int] = Field(min_length=1, max_length=2)
    offset: int = Field(ge=0)


class ArrayWriter:
    """Lays arrays one after the other."""

    def __init__(self) -> None:
        self.entries: list[ArrayEntry] = []
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: Array) -> int:
        """The number by which the array is found again."""
        types: dict[str, ArrayType] = {"f8": "<f8", "i8": "<i8", "i4": "<i4"}
        kind = types[array.dtype.str[1:]]
        part = np.ascontiguousarray(array).astype(kind).tobytes()
        self.entries.append(ArrayEntry(type=kind, shape=list(array.shape), offset=self._size))
        self._parts.append(part)
        self._size += len(part)
        return len(self.entries) - 1

    @property
    def content(self) -> bytes:
        return b"".join(self._parts)


def read_array(content: bytes, entry: ArrayEntry) -> Array:
    """The array, read-only. Raises CorruptModel where the file does not hold it all."""
    dtype = np.dtype(entry.type)
    count = 1
    for size in entry.shape:
        if not 0 <= size <= MOST_BYTES:
            raise CorruptModel("an array of the stored model has an impossible shape")
        count *= size
    if entry.offset + count * dtype.itemsize > len(content):
        raise CorruptModel("the stored model's arrays end before the last of them is complete")
    flat = np.frombuffer(content, dtype, count, entry.offset)
    return flat.reshape(entry.shape).astype(dtype.newbyteorder("="), copy=False)
