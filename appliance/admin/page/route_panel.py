"""Pipelines: their releases, which of them studies run, and how candidates agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from appliance.admin.page.action import Action, promote_release, start_canary, stop_canary
from appliance.admin.views.comparison_view import Candidate, ComparisonView, comparison_view
from appliance.admin.views.release_view import ReleaseView, release_view
from appliance.canary.plot import dice_plot, volume_plot
from appliance.canary.settings import CanaryRule
from provisioning.card.drawing import Drawing
from serving.domain.model_set import ModelSet, Release, Route

CandidatesOf = Callable[[Route], Iterable[Candidate]]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """`models` are those of the release, with their versions."""

    view: ReleaseView
    models: tuple[tuple[str, int], ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A candidate against the stable release; drawings are None where nothing was compared."""

    view: ComparisonView
    dice: Drawing | None
    volume: Drawing | None


@dataclass(frozen=True, slots=True)
class PipelineBlock:
    """One pipeline; `route` is None where no release of it is stable."""

    pipeline: str
    route: Route | None
    stop: Action | None
    """Of the canary that runs."""
    releases: tuple[ReleaseRow, ...]
    agreements: tuple[Agreement, ...]


def route_panel(
    current: ModelSet, candidates_of: CandidatesOf, rule: CanaryRule
) -> tuple[PipelineBlock, ...]:
    """By pipeline."""
    routed = {route.pipeline for route in current.routes}
    pipelines = sorted(routed | {release.pipeline for release in current.releases})
    return tuple(_block(current, name, candidates_of, rule) for name in pipelines)


def _block(
    current: ModelSet, pipeline: str, candidates_of: CandidatesOf, rule: CanaryRule
) -> PipelineBlock:
    route = current.route(pipeline)
    releases = [release for release in current.releases if release.pipeline == pipeline]
    return PipelineBlock(
        pipeline=pipeline,
        route=route,
        stop=_stop(route),
        releases=tuple(
            _row(release, current)
            for release in sorted(releases, key=lambda each: (each.name, -each.version))
        ),
        agreements=tuple(_agreement(c, rule) for c in candidates_of(route)) if route else (),
    )


def _stop(route: Route | None) -> Action | None:
    if route is None or route.canary is None:
        return None
    return stop_canary(route.canary, route.pipeline, route.stable)


def _row(release: Release, current: ModelSet) -> ReleaseRow:
    view = release_view(release, current)
    return ReleaseRow(view, tuple(sorted(release.models.items())), tuple(_actions(view, current)))


def _actions(view: ReleaseView, current: ModelSet) -> Iterator[Action]:
    if view.stable:
        return
    yield promote_release(view.reference, view.pipeline)
    route = current.route(view.pipeline)
    if route is not None and not view.canary:
        yield start_canary(view.reference, view.pipeline, route.canary)


def _agreement(candidate: Candidate, rule: CanaryRule) -> Agreement:
    return Agreement(
        view=comparison_view(candidate, rule),
        dice=dice_plot(candidate.pairs),
        volume=volume_plot(candidate.pairs),
    )
