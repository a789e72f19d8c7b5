"""A switch that is cut off at any step leaves the old set or the new one, and the box goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.registry.reconcile import INTERRUPTED
from appliance.registry.set_versions import add_version, promote_version
from appliance.registry.switch_steps import COMMITTED, STEPS
from serving.domain.audit import Outcome
from serving.domain.model_set import ModelSet
from tests.unit.appliance.registry.small_box import (
    VENDOR,
    Killed,
    SmallBox,
    box_with_import,
    promote_unet,
)

FAILED, DONE = Outcome.FAILED, Outcome.DONE


@pytest.fixture
def box(tmp_path: Path) -> SmallBox:
    return box_with_import(tmp_path)


def _killer(at: str) -> Callable[[str], None]:
    def reached(step: str) -> None:
        if step == at:
            raise Killed

    return reached


def test_every_named_step_is_reached_in_order(box: SmallBox) -> None:
    passed: list[str] = []
    promote_unet(box, box.switcher(passed.append))
    assert passed == list(STEPS)
    assert len(set(STEPS)) >= 12


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_the_old_set_or_the_new_one(box: SmallBox, step: str) -> None:
    before = box.committed
    assert before is not None
    with pytest.raises(Killed):
        promote_unet(box, box.switcher(_killer(step)))
    found = box.restart()
    assert box.agrees()
    if STEPS.index(step) < STEPS.index(COMMITTED):
        assert found == before
        told = {outcome for _, _, outcome in box.audit.told}
        # Told only where anything was about to happen; never told as done alone.
        assert told in (set(), {FAILED}, {DONE, FAILED})
        assert not box.audit.events or box.audit.events[-1].detail == INTERRUPTED
    else:
        assert found.generation == before.generation + 1
        assert found.stable("unet") == 2
        assert box.audit.told == [("acme", "model.promote", DONE)]
        assert box.store.history.list()[0].actor == VENDOR
    # And the box goes on: what was asked for can be asked for again.
    assert _promote_again(box).stable("unet") == 2
    assert box.agrees()


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_in_a_rollback_leaves_one_set_too(box: SmallBox, step: str) -> None:
    promoted = promote_unet(box)
    with contextlib.suppress(Killed):
        box.switcher(_killer(step)).rollback(VENDOR)
    found = box.restart()
    assert box.agrees()
    assert found.stable("unet") in (1, 2)
    assert found.generation in (promoted.generation, promoted.generation + 1)


def _promote_again(box: SmallBox) -> ModelSet:
    def change(current: ModelSet) -> ModelSet:
        if ("unet", 2) not in current.keys:
            current = add_version(current, box.pin("unet", 2))
        return promote_version(current, "unet", 2)

    return box.switcher().switch(change, VENDOR, "model.promote", "unet 2")
