"""The set that follows another one: valid, with the next generation."""

from __future__ import annotations

from typing import Any

from serving.domain.errors import ModelNotFound
from serving.domain.model_set import ModelSet, Release


def revised(current: ModelSet, **changes: Any) -> ModelSet:
    """The set with other parts, checked anew."""
    parts = {name: getattr(current, name) for name in ModelSet.model_fields}
    return ModelSet(**(parts | changes))


def successor(current: ModelSet, **changes: Any) -> ModelSet:
    """The set with other parts and the next generation, checked anew."""
    return revised(current, generation=current.generation + 1, **changes)


def same_content(one: ModelSet, other: ModelSet) -> bool:
    """Whether both serve the same, whatever their generations."""
    return one.model_copy(update={"generation": other.generation}) == other


def require_version(current: ModelSet, name: str, version: int) -> None:
    """Raises ModelNotFound where the set has no such version."""
    if (name, version) in current.keys:
        return
    there = ", ".join(str(v.version) for v in current.versions if v.name == name)
    raise ModelNotFound(
        f"model {name} has no version {version} in service; it has {there}"
        if there
        else f"no version of a model {name} is in service; load one first"
    )


def require_release(current: ModelSet, reference: str) -> Release:
    """Raises ModelNotFound where the set has no such release."""
    release = current.release(reference)
    if release is None:
        there = ", ".join(each.reference for each in current.releases) or "none"
        raise ModelNotFound(f"there is no release {reference}; there are: {there}")
    return release
