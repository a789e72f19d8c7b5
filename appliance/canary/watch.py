"""Follows the canaries of all routes: gathers what twins found, does what the rule asks for."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from appliance.canary.collector import TwinCollector
from appliance.canary.pair_store import PairStore
from appliance.canary.rule import Decision, Verdict, judge
from appliance.canary.settings import CanarySettings
from appliance.canary.summary import summarise
from appliance.registry.actor import THE_BOX
from appliance.registry.set_history import SetHistory
from appliance.registry.set_releases import promote_release
from appliance.registry.set_routes import stop_canary
from appliance.registry.set_versions import Wanted, retire_replaced
from appliance.registry.switcher import Switcher
from serving.domain.audit import AuditEvent, Auditor, Outcome
from serving.domain.errors import AiboxError
from serving.domain.model_set import ModelSet, Route

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CanaryWatch:
    """Runs in a thread of the supervisor. A route's verdict is acted on once: it then changes."""

    collector: TwinCollector
    pairs: PairStore
    history: SetHistory
    switcher: Switcher
    auditor: Auditor
    settings: CanarySettings
    wanted: Wanted

    def run(self, stop: threading.Event) -> None:
        """Looks every few seconds until `stop` is set; what fails is tried again at the next."""
        while not stop.wait(self.settings.collect_s):
            try:
                self.step()
            except (AiboxError, SQLAlchemyError, OSError) as error:
                _log.error("the canaries were not looked at: %s", type(error).__name__)

    def step(self) -> None:
        """Looks once. Raises AiboxError where a switch is refused, and what the database raises."""
        if self.collector.collect():
            self.pairs.forget(datetime.now(UTC) - timedelta(days=self.settings.keep_days))
        for route in self.switcher.committed.routes:
            if route.canary is not None and self.settings.rule.enabled:
                self._act(route, route.canary)

    def _act(self, route: Route, canary: str) -> None:
        since = started_at(self.history, route)
        found = summarise(route.stable, canary, self.pairs.pairs(route.stable, canary, since))
        verdict = judge(self.settings.rule, found)
        if verdict.decision is Decision.WAIT:
            return
        self._tell(canary, verdict)
        action = f"canary.{verdict.decision.value}"
        self.switcher.switch(
            lambda current: _changed(current, route, verdict.decision, self.wanted),
            THE_BOX,
            action,
            canary,
        )

    def _tell(self, canary: str, verdict: Verdict) -> None:
        """Why, before it happens: what cannot be witnessed must not be."""
        _log.warning("canary %s: %s: %s", canary, verdict.decision.value, verdict.reason)
        self.auditor.record(
            AuditEvent(
                actor=THE_BOX.name,
                role=THE_BOX.role,
                action="canary.judge",
                subject=canary,
                outcome=Outcome.DONE,
                detail=f"{verdict.decision.value}: {verdict.reason}",
            )
        )


def started_at(history: SetHistory, route: Route) -> datetime | None:
    """When this canary began beside this stable release; None where no set is remembered.

    Pairs of an earlier try say nothing of this one.
    """
    began_s: float | None = None
    for entry in history.list():
        before = entry.model_set.route(route.pipeline)
        if before is None or (before.stable, before.canary) != (route.stable, route.canary):
            break
        began_s = entry.activated_at_s
    return None if began_s is None else datetime.fromtimestamp(began_s, UTC)


def _changed(current: ModelSet, route: Route, decision: Decision, wanted: Wanted) -> ModelSet:
    """The set without this canary, or with it as the stable release; as it is where it changed."""
    now = current.route(route.pipeline)
    if now is None or now.canary != route.canary or route.canary is None:
        return current
    if decision is Decision.PROMOTE:
        return retire_replaced(current, promote_release(current, route.canary), wanted)
    return stop_canary(current, route.pipeline)
