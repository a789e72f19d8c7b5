"""A stack of slices on its way from the analyzer to a model server, by path, never pickled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serving.domain.lane import Lane


@dataclass(frozen=True, slots=True)
class StackTask:
    """`source` holds int16 Hounsfield units (n, rows, columns), `target` float32 of that shape.

    Both are `.npy` files on this machine; the model server fills `target` in place.
    """

    model_name: str
    source: Path
    target: Path
    lane: Lane
    precision: str | None = None
    version: int | None = None
    """None: the version that is labelled stable."""
