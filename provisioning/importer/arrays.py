"""Arrays in order, in an `.npz` between the steps; nothing pickled."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest


def write_arrays(path: Path, arrays: Sequence[NDArray[Any]]) -> None:
    """Writes the arrays as `arr_0`, `arr_1` and so on."""
    np.savez(path, *arrays)


def read_arrays(path: Path) -> list[NDArray[Any]]:
    """The counterpart of `write_arrays`."""
    with np.load(path, allow_pickle=False) as data:
        return [data[f"arr_{index}"] for index in range(len(data.files))]


def read_named(path: Path) -> dict[str, NDArray[Any]]:
    """A vendor's `.npz` by name of array. Raises InvalidRequest."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError, AttributeError, EOFError, zipfile.BadZipFile, MemoryError):
        raise InvalidRequest(f"{path.name} is no .npz of plain arrays") from None
