"""What a version goes through before it may come near a replica."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Trial(Protocol):
    """Runs a version where a crash harms nobody."""

    def try_version(self, folder: Path, name: str, version: int) -> None:
        """Returns once it was compiled and answered its self-test. Raises AiboxError."""
        ...
