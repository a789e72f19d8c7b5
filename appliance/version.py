"""Which aibox this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def box_version() -> str:
    """The installed distribution's version; `0+checkout` where it runs uninstalled."""
    try:
        return version("aibox")
    except PackageNotFoundError:
        return "0+checkout"
