"""The steps of a switch in words, for those who wait for it."""

from __future__ import annotations

from types import MappingProxyType

from appliance.registry import switch_steps as steps
from appliance.registry.admission import Reached, unwatched
from appliance.registry.stage import Stage

_WORDS = MappingProxyType(
    {
        steps.BEGUN: "reading what serves",
        steps.ADMITTING: "checking its files",
        steps.VERIFIED: "trying it in a process of its own",
        steps.PLANNED: "loading it beside what serves",
        steps.PREPARED: "committing",
        steps.COMMITTED: "switching over",
    }
)


def steps_to(stage: Stage, also: Reached = unwatched) -> Reached:
    """For a Switcher's `reached`: tells the stage that begins after a step, then `also`."""

    def reached(step: str) -> None:
        words = _WORDS.get(step)
        if words is not None:
            stage(0.0, words)
        also(step)

    return reached
