"""Arguments of the form NAME=VALUE."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def as_pairs(given: Iterable[str]) -> dict[str, str]:
    """NAME to VALUE; wrong usage for anything else, and for a name given twice."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value or name in found:
            raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE, each name once")
        found[name] = value
    return found


def as_versions(given: Iterable[str]) -> dict[str, int]:
    """Model to the number of its version."""
    found = as_pairs(given)
    if not all(value.isdecimal() and int(value) > 0 for value in found.values()):
        raise typer.BadParameter("each model is given as MODEL=VERSION, the version a number")
    return {name: int(value) for name, value in found.items()}
