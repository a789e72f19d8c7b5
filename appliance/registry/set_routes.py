"""What studies run: changes of a set's routes. Pure: a set in, the next one out."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.registry.successor import require_release, successor
from serving.domain.errors import IllegalTransition, InvalidRequest
from serving.domain.model_set import ModelSet, Route

_OFF = {"canary": None, "share": 0.0, "callers": ()}


def start_canary(
    current: ModelSet, reference: str, share: float, callers: Sequence[str] = ()
) -> ModelSet:
    """A share of the studies, and all those of the callers named, run that release.

    Starting again with another share or release replaces the canary. Raises ModelNotFound,
    InvalidRequest, IllegalTransition where the release answers already or nothing is routed.
    """
    if not 0 <= share <= 1:
        raise InvalidRequest("the share of a canary is a number from 0 to 1")
    if not share and not callers:
        raise InvalidRequest("a canary needs a share above 0, or callers, or it sees no study")
    route = _route_beside(current, reference, "canary")
    changes = {"canary": reference, "share": share, "callers": tuple(dict.fromkeys(callers))}
    return successor(current, routes=replaced(current, route.model_copy(update=changes)))


def stop_canary(current: ModelSet, pipeline: str) -> ModelSet:
    """All studies run the stable release again. Raises IllegalTransition where no canary runs."""
    route = _route(current, pipeline)
    if route.canary is None:
        raise IllegalTransition(f"no canary of {pipeline} is running")
    return successor(current, routes=replaced(current, route.model_copy(update=_OFF)))


def start_shadow(current: ModelSet, reference: str) -> ModelSet:
    """That release sees the studies too and answers nobody. Raises as `start_canary` does."""
    route = _route_beside(current, reference, "shadow")
    changed = route.model_copy(update={"shadow": reference})
    return successor(current, routes=replaced(current, changed))


def stop_shadow(current: ModelSet, pipeline: str) -> ModelSet:
    """Raises IllegalTransition where no shadow runs."""
    route = _route(current, pipeline)
    if route.shadow is None:
        raise IllegalTransition(f"no shadow of {pipeline} is running")
    changed = route.model_copy(update={"shadow": None})
    return successor(current, routes=replaced(current, changed))


def routed_to(route: Route | None, pipeline: str, reference: str) -> Route:
    """The route with another stable release, which is then neither its canary nor its shadow."""
    if route is None:
        return Route(pipeline=pipeline, stable=reference)
    changes: dict[str, object] = {"stable": reference}
    if route.canary == reference:
        changes |= _OFF
    if route.shadow == reference:
        changes["shadow"] = None
    return route.model_copy(update=changes)


def replaced(current: ModelSet, route: Route) -> tuple[Route, ...]:
    """The set's routes with that one in its pipeline's place."""
    others = (each for each in current.routes if each.pipeline != route.pipeline)
    return tuple(sorted((*others, route), key=lambda each: each.pipeline))


def _route(current: ModelSet, pipeline: str) -> Route:
    route = current.route(pipeline)
    if route is None:
        raise IllegalTransition(f"no release of {pipeline} is stable; promote one first")
    return route


def _route_beside(current: ModelSet, reference: str, role: str) -> Route:
    release = require_release(current, reference)
    route = _route(current, release.pipeline)
    if route.stable == reference:
        raise IllegalTransition(
            f"{reference} is the stable release of {release.pipeline} and cannot be its {role}"
        )
    return route
