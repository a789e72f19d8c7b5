"""Which releases there are: changes of a set's releases. Pure: a set in, the next one out."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.registry.set_routes import replaced, routed_to
from appliance.registry.successor import require_release, require_version, revised, successor
from serving.domain.errors import IllegalTransition, VersionExists
from serving.domain.model_set import STABLE, ModelSet, Release

KEPT_UNROUTED = 5
"""Releases of a name that no route uses and that are kept, for going back to them."""


def next_number(current: ModelSet, name: str) -> int:
    """A number that no release of that name ever had, since results name releases."""
    numbers = [release.version for release in current.releases if release.name == name]
    return max((*numbers, current.numbered.get(name, 0))) + 1


def add_release(current: ModelSet, release: Release) -> ModelSet:
    """Raises VersionExists where the number was given before, ModelNotFound for its models."""
    for name, version in release.models.items():
        require_version(current, name, version)
    free = next_number(current, release.name)
    if release.version < free:
        raise VersionExists(
            f"release {release.reference} was made before; the next one is {release.name}@{free}"
        )
    changes = _with_release(current, release)
    return successor(current, **changes)


def remove_release(current: ModelSet, reference: str) -> ModelSet:
    """Raises ModelNotFound, and IllegalTransition where a route uses it."""
    require_release(current, reference)
    for route in current.routes:
        if reference in route.references:
            raise IllegalTransition(
                f"release {reference} is in the route of {route.pipeline}; route another one first"
            )
    kept = tuple(each for each in current.releases if each.reference != reference)
    return successor(current, releases=kept)


def promote_release(current: ModelSet, reference: str) -> ModelSet:
    """Studies of its pipeline run it, and its versions become the stable ones of their models.

    Raises ModelNotFound.
    """
    release = require_release(current, reference)
    route = routed_to(current.route(release.pipeline), release.pipeline, reference)
    labels = dict(current.labels)
    for name, version in release.models.items():
        labels[name] = labels[name] | {STABLE: version}
    return successor(current, labels=labels, routes=replaced(current, route))


def exchange_model(current: ModelSet, name: str, version: int) -> ModelSet:
    """Every stable release that uses the model gives way to one with that version of it.

    A release that differs in nothing else is used again; otherwise a new one is derived. The
    generation stays: this is half a step.
    """
    for route in current.routes:
        stable = require_release(current, route.stable)
        if name in stable.models and stable.models[name] != version:
            current, derived = _derived(current, stable, stable.models | {name: version})
            changed = routed_to(route, route.pipeline, derived.reference)
            current = revised(current, routes=replaced(current, changed))
    return current


def prune_releases(current: ModelSet) -> ModelSet:
    """Drops what no route uses, but for the newest of each name. The generation stays."""
    routed = current.routed
    spare: dict[str, list[Release]] = {}
    for release in sorted(current.releases, key=lambda each: -each.version):
        if release.reference not in routed:
            spare.setdefault(release.name, []).append(release)
    dropped = {each.reference for found in spare.values() for each in found[KEPT_UNROUTED:]}
    kept = tuple(each for each in current.releases if each.reference not in dropped)
    return revised(current, releases=kept)


def with_new_release(
    current: ModelSet,
    name: str,
    pipeline: str,
    models: Mapping[str, int],
    parameters: Mapping[str, str],
) -> tuple[ModelSet, Release]:
    """The set with one more release of the next number. The generation stays."""
    release = Release(
        name=name,
        version=next_number(current, name),
        pipeline=pipeline,
        models=dict(models),
        parameters=dict(parameters),
    )
    return revised(current, **_with_release(current, release)), release


def _derived(
    current: ModelSet, release: Release, models: dict[str, int]
) -> tuple[ModelSet, Release]:
    wanted = release.model_copy(update={"models": models})
    for other in current.releases:
        if other.model_copy(update={"version": release.version}) == wanted:
            return current, other
    return with_new_release(current, release.name, release.pipeline, models, release.parameters)


def _with_release(current: ModelSet, release: Release) -> dict[str, object]:
    return {
        "releases": (*current.releases, release),
        "numbered": current.numbered | {release.name: release.version},
    }
