"""The files of the log: full ones named by their first line's number, and the one that grows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from serving.audit.entry import LONGEST_LINE

CURRENT_NAME = "audit.jsonl"
_FULL = re.compile(r"audit-([0-9]{1,19})\.jsonl", re.ASCII)
_WINDOW = 4 * LONGEST_LINE


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a file: its last whole line and what a crash left after that."""

    size: int
    """Bytes up to and with the last newline."""
    line: bytes
    """The last whole line; empty where there is none."""
    torn: bytes
    """The unfinished line after it."""


def full_segments(folder: Path) -> list[Path]:
    """The full files, oldest first."""
    found = [(int(m[1]), path) for path in folder.iterdir() if (m := _FULL.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def segment_name(first_seq: int) -> str:
    return f"audit-{first_seq}.jsonl"


def read_ending(file: BinaryIO) -> Ending:
    """Reads a few kilobytes from the end, whatever the file holds. Raises OSError.

    More than a line's worth without a newline is no line that a crash tore: it counts as a line,
    for `verify` to name.
    """
    size = os.fstat(file.fileno()).st_size
    window = os.pread(file.fileno(), _WINDOW, max(0, size - _WINDOW))
    end = window.rfind(b"\n") + 1
    torn = window[end:]
    if len(torn) > LONGEST_LINE:
        return Ending(size, torn, b"")
    start = window.rfind(b"\n", 0, max(0, end - 1)) + 1
    return Ending(size - len(torn), window[start:end], torn)
