"""A set without what is broken on the disk. Pure: a set in, the next one out."""

from __future__ import annotations

from collections.abc import Set

from appliance.registry.set_routes import routed_to
from appliance.registry.successor import successor
from serving.domain.model_set import STABLE, ModelSet, Release, Route


def repair(current: ModelSet, sound: Set[tuple[str, int]]) -> ModelSet:
    """Drops the versions that are not sound any more, and what needs them.

    `stable` falls to the highest version left of its model, a route to the newest release left of
    its pipeline; a pipeline without one has no route.
    """
    versions = tuple(each for each in current.versions if each.key in sound)
    releases = tuple(r for r in current.releases if all(p in sound for p in r.models.items()))
    routes = (_repaired(route, releases) for route in current.routes)
    return successor(
        current,
        versions=versions,
        labels=_labels(current, {version.key for version in versions}),
        releases=releases,
        routes=tuple(route for route in routes if route is not None),
    )


def _labels(current: ModelSet, left: Set[tuple[str, int]]) -> dict[str, dict[str, int]]:
    labels: dict[str, dict[str, int]] = {}
    for name in {name for name, _ in left}:
        found = current.labels[name]
        highest = max(number for key, number in left if key == name)
        kept = {label: number for label, number in found.items() if (name, number) in left}
        labels[name] = {STABLE: highest} | kept
    return labels


def _repaired(route: Route, releases: tuple[Release, ...]) -> Route | None:
    left = {each.reference for each in releases if each.pipeline == route.pipeline}
    if not left:
        return None
    changes: dict[str, object] = {}
    if route.canary not in left:
        changes |= {"canary": None, "share": 0.0, "callers": ()}
    if route.shadow not in left:
        changes["shadow"] = None
    whole = route.model_copy(update=changes)
    if route.stable in left:
        return whole
    newest = max(
        (each for each in releases if each.reference in left), key=lambda each: each.version
    )
    return routed_to(whole, route.pipeline, newest.reference)
