"""Versions that came with the product need no trial before the box has served once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provisioning.trial.trial import SandboxTrial


class TrustedFolders:
    """A trial that lets pass what lies in the product's own repositories and tries the rest.

    For the start of a box: a replica would compile the same version a moment later anyway, and
    one that fails there is refused alone.
    """

    def __init__(self, folders: Sequence[Path], trial: SandboxTrial) -> None:
        self._folders = tuple(folder.resolve() for folder in folders)
        self._trial = trial

    def try_version(self, folder: Path, name: str, version: int) -> None:
        """Raises as `SandboxTrial.try_version`."""
        if not any(folder.resolve().is_relative_to(each) for each in self._folders):
            self._trial.try_version(folder, name, version)
