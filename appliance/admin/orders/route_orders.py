"""Routes: which release the studies of a pipeline try out, beside the stable one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.admin.operations.ticket import Done
from appliance.registry.actor import Actor
from appliance.registry.set_routes import start_canary, start_shadow, stop_canary, stop_shadow
from appliance.registry.successor import require_release
from appliance.registry.switcher import Change, Switcher
from serving.domain.errors import InvalidRequest
from serving.domain.model_set import ModelSet


@dataclass(frozen=True, slots=True)
class RouteOrders:
    """As VersionOrders. A release of another pipeline is refused with InvalidRequest."""

    switcher: Switcher

    def start_canary(
        self,
        actor: Actor,
        pipeline: str,
        reference: str,
        share: float,
        callers: Sequence[str] = (),
    ) -> Done:
        """A share of the studies, and all those of the callers, run that release."""

        def change(current: ModelSet) -> ModelSet:
            _check(current, pipeline, reference)
            return start_canary(current, reference, share, callers)

        return self._switch(change, actor, "canary.start", f"{pipeline} {reference}")

    def stop_canary(self, actor: Actor, pipeline: str) -> Done:
        """All studies run the stable release again."""
        return self._switch(lambda now: stop_canary(now, pipeline), actor, "canary.stop", pipeline)

    def start_shadow(self, actor: Actor, pipeline: str, reference: str) -> Done:
        """That release reads the studies too, on the batch lane, and answers nobody."""

        def change(current: ModelSet) -> ModelSet:
            _check(current, pipeline, reference)
            return start_shadow(current, reference)

        return self._switch(change, actor, "shadow.start", f"{pipeline} {reference}")

    def stop_shadow(self, actor: Actor, pipeline: str) -> Done:
        """It reads no study any more."""
        return self._switch(lambda now: stop_shadow(now, pipeline), actor, "shadow.stop", pipeline)

    def _switch(self, change: Change, actor: Actor, action: str, subject: str) -> Done:
        return Done(self.switcher.switch(change, actor, action, subject).generation)


def _check(current: ModelSet, pipeline: str, reference: str) -> None:
    release = require_release(current, reference)
    if release.pipeline != pipeline:
        raise InvalidRequest(
            f"{reference} is a release of {release.pipeline} and not of {pipeline}"
        )
