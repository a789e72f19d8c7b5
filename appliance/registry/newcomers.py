"""What joins the set at boot without anybody asking. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from appliance.registry.record import Key, Origin, VersionRecord
from appliance.registry.set_releases import with_new_release
from appliance.registry.set_routes import replaced
from appliance.registry.set_versions import Wanted, add_version
from appliance.registry.successor import revised, successor
from appliance.registry.version_state import VersionState
from serving.domain.model_set import ModelSet, Route, ServedVersion

_WAITING = frozenset({VersionState.IMPORTED, VersionState.VERIFIED})


@dataclass(frozen=True, slots=True)
class PipelineNeeds:
    """A pipeline of the product and the models that its first release pins."""

    name: str
    models: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)


def candidates(records: Iterable[VersionRecord], first_boot: bool) -> tuple[VersionRecord, ...]:
    """Versions that may join: at the very first boot all that can serve, later the product's.

    What somebody imported waits until it is asked for, what was unloaded stays away.
    """
    servable = tuple(record for record in records if record.servable)
    if first_boot:
        return servable
    return tuple(r for r in servable if r.origin is Origin.PRODUCT and r.state in _WAITING)


def next_candidates(
    current: Iterable[Key], found: Collection[VersionRecord], wanted: Wanted
) -> tuple[VersionRecord, ...]:
    """Those of the candidates that the policy serves beside what serves now."""
    numbers: dict[str, set[int]] = {}
    for name, number in (*current, *(record.key for record in found)):
        numbers.setdefault(name, set()).add(number)
    chosen = {name: wanted(name, frozenset(there)) for name, there in numbers.items()}
    return tuple(record for record in found if record.version in chosen[record.name])


def join(
    current: ModelSet, joining: Iterable[ServedVersion], pipelines: Sequence[PipelineNeeds]
) -> ModelSet:
    """The set with those versions; `stable` stays, and is the highest where a model is new.

    A pipeline without a route, or whose stable release runs other models than the settings name
    by now, gets a release and a route where all its models are there.
    """
    following = current
    for version in sorted(joining, key=lambda each: (each.name, -each.version)):
        # The highest first: the first of its model is stable.
        following = add_version(following, version)
    for needs in pipelines:
        following = _with_route(following, needs)
    return successor(revised(following, generation=current.generation))


def _with_route(current: ModelSet, needs: PipelineNeeds) -> ModelSet:
    stable = {name: current.stable(name) for name in needs.models}
    models = {name: number for name, number in stable.items() if number is not None}
    route = current.route(needs.name)
    if len(models) < len(stable) or (route and _runs(current, route.stable, needs)):
        return current
    following, release = with_new_release(current, needs.name, needs.name, models, needs.parameters)
    route = Route(pipeline=needs.name, stable=release.reference)
    return revised(following, routes=replaced(following, route))


def _runs(current: ModelSet, reference: str, needs: PipelineNeeds) -> bool:
    """Whether a release has the models that the settings name; they may have been changed."""
    release = current.release(reference)
    return release is not None and set(release.models) == set(needs.models)
