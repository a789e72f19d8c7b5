"""A candidate against the stable release: the numbers, and what they call for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from appliance.admin.views.part import Part
from appliance.canary.pair import Pair
from appliance.canary.pair_store import PairStore
from appliance.canary.rule import Decision, judge
from appliance.canary.settings import CanaryRule
from appliance.canary.summary import PairSummary, summarise
from appliance.canary.watch import started_at
from appliance.registry.set_history import SetHistory
from serving.domain.model_set import Route

Role = Literal["canary", "shadow"]


class VerdictView(Part):
    """What the rule of the settings makes of the numbers."""

    decision: Decision
    reason: str


class ComparisonView(Part):
    """One candidate; error rates are shares of the studies that both releases have read."""

    role: Role
    summary: PairSummary
    verdict: VerdictView


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that is tried, and the pairs of it with the stable one."""

    role: Role
    baseline: str
    release: str
    pairs: Sequence[Pair]


def candidates(route: Route, store: PairStore, history: SetHistory) -> Iterator[Candidate]:
    """The canary and the shadow of a route, as far as it has them.

    A canary is judged by what was read since it began, as the box does by itself.
    """
    if route.canary is not None:
        pairs = store.pairs(route.stable, route.canary, started_at(history, route))
        yield Candidate("canary", route.stable, route.canary, pairs)
    if route.shadow is not None:
        pairs = store.pairs(route.stable, route.shadow)
        yield Candidate("shadow", route.stable, route.shadow, pairs)


def comparison_view(candidate: Candidate, rule: CanaryRule) -> ComparisonView:
    """The numbers of a candidate, judged."""
    summary = summarise(candidate.baseline, candidate.release, candidate.pairs)
    verdict = judge(rule, summary)
    return ComparisonView(
        role=candidate.role,
        summary=summary,
        verdict=VerdictView(decision=verdict.decision, reason=verdict.reason),
    )
