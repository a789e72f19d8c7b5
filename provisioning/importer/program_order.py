"""What the step that converts an exported program is told, and what it answers."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel


class ProgramOrder(BaseModel):
    """`source` is a screened `.pt2`, `ir` the xml to write, its bin beside it."""

    source: Path
    ir: Path


class Program(BaseModel):
    """Who converted it."""

    framework: str
