"""Small files in `run/` by which the processes of the box tell of themselves."""

from __future__ import annotations

from pathlib import Path


def publish(path: Path, text: str) -> None:
    """Writes a file whole or not at all: a reader sees the old text or the new one."""
    scratch = path.with_suffix(".tmp")
    scratch.write_text(text, "utf-8")
    scratch.replace(path)
