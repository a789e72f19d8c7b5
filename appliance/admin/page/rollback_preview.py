"""What a rollback would change, said before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from appliance.registry.set_rollback import rollback, rollback_target
from serving.domain.errors import IllegalTransition
from serving.domain.model_set import ModelSet, Route


def rollback_changes(current: ModelSet, earlier: Iterable[ModelSet]) -> tuple[str, ...]:
    """A phrase for each label and route that moves; none where nothing else ever served.

    `earlier` comes newest first.
    """
    try:
        back = rollback(current, rollback_target(current, earlier))
    except IllegalTransition:
        return ()
    return (*_labels(current, back), *_routes(current, back))


def _labels(current: ModelSet, back: ModelSet) -> Iterator[str]:
    for name in sorted(current.labels.keys() | back.labels.keys()):
        now, then = current.labels.get(name, {}), back.labels.get(name, {})
        for label in sorted(now.keys() | then.keys()):
            if now.get(label) != then.get(label):
                yield f"{name}: {label} {_moved(now.get(label), then.get(label))}"


def _moved(now: int | None, then: int | None) -> str:
    if now is None:
        return f"points at version {then} again"
    if then is None:
        return f"is no label of version {now} any more"
    return f"moves from version {now} back to {then}"


def _routes(current: ModelSet, back: ModelSet) -> Iterator[str]:
    for pipeline in sorted({route.pipeline for route in (*current.routes, *back.routes)}):
        now, then = current.route(pipeline), back.route(pipeline)
        if now is None or then is None:
            told = then.stable if then else "no release"
            yield f"studies of {pipeline} run {told} again"
        else:
            yield from _moves(now, then)


def _moves(now: Route, then: Route) -> Iterator[str]:
    if now.stable != then.stable:
        yield f"studies of {now.pipeline} run {then.stable} instead of {now.stable}"
    for role in ("canary", "shadow"):
        one, other = getattr(now, role), getattr(then, role)
        if one is not None and other is None:
            yield f"the {role} {one} of {now.pipeline} stops"
        elif one != other:
            yield f"{other} becomes the {role} of {now.pipeline} again"
    both = now.canary is not None and now.canary == then.canary
    if both and (now.share, now.callers) != (then.share, then.callers):
        yield f"the canary {now.canary} gets its earlier share ({then.share:.0%}) and callers"
