"""Going back to what served before. Pure: sets in, the next one out."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.registry.successor import successor
from serving.domain.errors import IllegalTransition
from serving.domain.model_set import ModelSet


def rollback(current: ModelSet, previous: ModelSet) -> ModelSet:
    """Labels and routes of the previous set; versions and releases of both are kept.

    A model that the previous set did not have keeps its labels. The versions of now stay loaded,
    so that the way back is as fast as the way here.
    """
    keys, references = current.keys, {release.reference for release in current.releases}
    versions = (*current.versions, *(v for v in previous.versions if v.key not in keys))
    releases = (*current.releases, *(r for r in previous.releases if r.reference not in references))
    newer = {name: found for name, found in current.labels.items() if name not in previous.labels}
    return successor(
        current,
        versions=tuple(sorted(versions, key=lambda each: each.key)),
        releases=releases,
        labels=previous.labels | newer,
        routes=previous.routes,
    )


def rollback_target(current: ModelSet, earlier: Iterable[ModelSet]) -> ModelSet:
    """The newest earlier set in which something else answered or was routed.

    `earlier` comes newest first. Raises IllegalTransition where there is none.
    """
    for found in earlier:
        back = rollback(current, found)
        if (back.labels, back.routes) != (current.labels, current.routes):
            return found
    raise IllegalTransition("nothing else served before, so there is nothing to roll back to")
