"""Files of the box for a machine that has joined it and may not share its disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from serving.graph.resources import BOX_RESOURCE, SLIVER

CHUNK_BYTES = 16 << 20
"""Of one Ray message: the object store of the box is small."""

_ON_THE_BOX: dict[str, Any] = {"num_cpus": 0, "resources": {BOX_RESOURCE: SLIVER}}


@dataclass(frozen=True, slots=True)
class BoxFile:
    """A file on the box; `name` is relative to the path asked for, empty for that path itself."""

    name: str
    size_bytes: int
    modified_ns: int


def here(path: Path, folder: Path) -> Path:
    """Where the file or folder `path` of the box lies for this machine.

    The path itself where the same files lie at it, as on a disk that both share: by size and time,
    for another file may well have that name here. Else a copy in `folder`, which keeps the suffix
    by which formats are told. What is not on the box either is nowhere: the name leads to nothing.
    """
    files: Sequence[BoxFile] = ray.get(_list_files.remote(str(path)))
    if files and all(is_same(path, file) for file in files):
        return path
    copy = folder / f"case{''.join(path.suffixes[-2:])}"
    for file in files:
        _copy(path / file.name, copy / file.name, file.size_bytes)
    return copy


def is_same(path: Path, file: BoxFile) -> bool:
    """Whether the file of the box lies here too, `path` being the path that was listed."""
    try:
        found = (path / file.name).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (file.size_bytes, file.modified_ns)


def _copy(source: Path, target: Path, size_bytes: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        for offset in range(0, size_bytes, CHUNK_BYTES):
            file.write(ray.get(_read.remote(str(source), offset)))


def list_files(path: Path) -> list[BoxFile]:
    """Every file below a folder, or the file itself; nothing where there is nothing."""
    if path.is_file():
        return [_describe(path, "")]
    found = (p for p in sorted(path.rglob("*")) if p.is_file())
    return [_describe(p, str(p.relative_to(path))) for p in found]


def _describe(path: Path, name: str) -> BoxFile:
    found = path.stat()
    return BoxFile(name, found.st_size, found.st_mtime_ns)


@ray.remote(**_ON_THE_BOX)  # type: ignore[untyped-decorator]
def _list_files(path: str) -> list[BoxFile]:
    return list_files(Path(path))


@ray.remote(**_ON_THE_BOX)  # type: ignore[untyped-decorator]
def _read(path: str, offset: int) -> bytes:
    with Path(path).open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK_BYTES)
