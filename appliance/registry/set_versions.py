"""Which versions serve, and under which labels. Pure: a set in, the next one out."""

from __future__ import annotations

import re
from collections.abc import Callable, Set

from appliance.registry.set_releases import exchange_model, prune_releases
from appliance.registry.successor import require_version, revised, successor
from serving.domain.errors import IllegalTransition, InvalidRequest, ModelNotFound, VersionExists
from serving.domain.model_set import STABLE, ModelSet, ServedVersion

Wanted = Callable[[str, frozenset[int]], frozenset[int]]
"""Model name and the versions there are, to those that its policy serves."""
_LABEL = re.compile(r"[a-z][a-z0-9_.-]{0,63}")


def add_version(current: ModelSet, version: ServedVersion) -> ModelSet:
    """One more version serves; the first of its model is stable. Raises VersionExists."""
    if version.key in current.keys:
        raise VersionExists(f"model {version.name} version {version.version} serves already")
    labels = current.labels
    if current.stable(version.name) is None:
        labels = labels | {version.name: {STABLE: version.version}}
    versions = tuple(sorted((*current.versions, version), key=lambda each: each.key))
    return successor(current, versions=versions, labels=labels)


def remove_version(current: ModelSet, name: str, version: int) -> ModelSet:
    """It serves no longer; the last one of a model takes its labels along.

    Raises ModelNotFound, and IllegalTransition naming the label or release that needs it.
    """
    require_version(current, name, version)
    others = {v.version for v in current.versions if v.name == name} - {version}
    _refuse_needed(current, name, version, labelled=bool(others))
    labels = {key: found for key, found in current.labels.items() if others or key != name}
    kept = tuple(each for each in current.versions if each.key != (name, version))
    return successor(current, versions=kept, labels=labels)


def evict_version(current: ModelSet, name: str, version: int) -> ModelSet:
    """As `remove_version`, and releases that no route uses go with it. Raises alike."""
    spare = {release.reference for release in current.releases} - current.routed
    return remove_version(_without_releases(current, spare, name, version), name, version)


def promote_version(current: ModelSet, name: str, version: int) -> ModelSet:
    """It answers where a request names no version, and studies run it where they ran its like.

    Raises ModelNotFound.
    """
    require_version(current, name, version)
    labels = current.labels | {name: current.labels[name] | {STABLE: version}}
    moved = revised(current, labels=labels)
    return successor(exchange_model(moved, name, version))


def set_label(current: ModelSet, name: str, label: str, version: int) -> ModelSet:
    """Raises ModelNotFound, InvalidRequest, and IllegalTransition for `stable`."""
    require_version(current, name, version)
    _refuse_stable(label)
    if not _LABEL.fullmatch(label):
        raise InvalidRequest(
            "a label is up to 64 characters, a small letter first, then also digits and . _ -"
        )
    labels = current.labels | {name: current.labels[name] | {label: version}}
    return successor(current, labels=labels)


def remove_label(current: ModelSet, name: str, label: str) -> ModelSet:
    """Raises ModelNotFound, and IllegalTransition for `stable`."""
    _refuse_stable(label)
    found = current.labels.get(name, {})
    if label not in found:
        raise ModelNotFound(f"no version of a model {name} has that label")
    left = {key: number for key, number in found.items() if key != label}
    return successor(current, labels=current.labels | {name: left})


def apply_policy(current: ModelSet, wanted: Wanted) -> ModelSet:
    """Drops what the policy does not serve, but never what a label or a release needs."""
    tidy = prune_releases(current)
    needed = {(name, n) for name, found in tidy.labels.items() for n in found.values()}
    needed |= {pair for release in tidy.releases for pair in release.models.items()}
    numbers: dict[str, set[int]] = {}
    for name, number in tidy.keys:
        numbers.setdefault(name, set()).add(number)
    for name, found in numbers.items():
        needed |= {(name, number) for number in wanted(name, frozenset(found))}
    return successor(tidy, versions=tuple(v for v in tidy.versions if v.key in needed))


def retire_replaced(before: ModelSet, after: ModelSet, wanted: Wanted) -> ModelSet:
    """Drops versions that were stable before, are not after, and that the policy does not serve.

    The releases that studies ran with them go too; what a label, a route or another release needs
    stays. A rollback brings both back: replicas keep what left while memory allows.
    """
    left = before.routed - after.routed
    following = after
    for name in before.labels:
        number = before.stable(name)
        there = frozenset(n for model, n in following.keys if model == name)
        if number is None or number not in there or number == following.stable(name):
            continue
        if number not in wanted(name, there):
            following = _without_if_unneeded(following, name, number, left)
    return following


def _without_if_unneeded(
    current: ModelSet, name: str, version: int, left: frozenset[str]
) -> ModelSet:
    try:
        spared = _without_releases(current, left, name, version)
        following = remove_version(spared, name, version)
    except IllegalTransition:
        return current
    return revised(following, generation=current.generation)


def _without_releases(current: ModelSet, droppable: Set[str], name: str, version: int) -> ModelSet:
    """The set without those of the releases that run this version."""
    kept = tuple(
        release
        for release in current.releases
        if release.reference not in droppable or release.models.get(name) != version
    )
    return revised(current, releases=kept)


def _refuse_stable(label: str) -> None:
    if label == STABLE:
        raise IllegalTransition("the label stable is moved by promoting a version or a release")


def _refuse_needed(current: ModelSet, name: str, version: int, *, labelled: bool) -> None:
    for label, number in current.labels[name].items():
        if labelled and number == version:
            raise IllegalTransition(
                f"{name} version {version} is labelled {label}; move the label first"
            )
    for release in current.releases:
        if release.models.get(name) == version:
            raise IllegalTransition(
                f"release {release.reference} needs {name} version {version}; remove it first"
            )
