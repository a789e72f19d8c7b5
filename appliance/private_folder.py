"""Folders for results: findings name patients, so their owner alone reads them."""

from __future__ import annotations

from pathlib import Path

from appliance.errors import ConfigurationError


def make_private(folder: Path) -> Path:
    """The folder; made readable by its owner alone where it was not there. Raises
    ConfigurationError."""
    try:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"the folder {folder} cannot be made ({error.strerror}); name another one with --out"
        ) from None
    return folder
