"""A switch happens in every replica or in none, and a crash leaves the old set or the new one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from appliance.registry import switcher as switching
from appliance.registry.set_versions import add_version, evict_version, promote_version, set_label
from appliance.registry.switch_steps import PREPARED
from appliance.registry.version_state import VersionState
from serving.domain.access import LOCAL
from serving.domain.audit import NOT_KNOWN, Outcome
from serving.domain.errors import (
    AuditUnavailable,
    CorruptModel,
    IllegalTransition,
    ModelNotFound,
    ModelNotReady,
)
from serving.domain.model_set import ModelSet
from tests.unit.appliance.registry.small_box import (
    VENDOR,
    SmallBox,
    box_with_import,
    promote_unet,
    refusal,
)
from tests.unit.appliance.registry.tiny_versions import (
    change_manifest,
    write_predictor,
)

FAILED, DONE, REFUSED = Outcome.FAILED, Outcome.DONE, Outcome.REFUSED


@pytest.fixture
def box(tmp_path: Path) -> SmallBox:
    return box_with_import(tmp_path)


def _untouched(box: SmallBox, before: ModelSet | None) -> bool:
    assert before is not None
    plans = box.store.history.settle(before)
    return box.committed == before and box.replicas.prepared is None and not plans and box.agrees()


def test_a_promotion_is_tried_prepared_committed_and_activated(box: SmallBox) -> None:
    served = promote_unet(box)
    assert served == box.committed == box.switcher().committed
    assert served.generation == 2
    assert served.stable("unet") == 2
    assert box.trial.tried == [("unet", 2)]
    assert box.replicas.calls == ["prepare", "activate"]
    assert box.states[("unet", 2)] is VersionState.ACTIVE
    assert box.agrees()
    assert box.audit.told == [("acme", "model.promote", DONE)]
    newest = box.store.history.list()[0]
    assert (newest.actor, newest.action, newest.subject) == (VENDOR, "model.promote", "unet 2")


def test_a_rollback_is_instant_and_can_be_rolled_back(box: SmallBox) -> None:
    before = box.committed
    promoted = promote_unet(box)
    back = box.switcher().rollback(VENDOR)
    assert before is not None
    assert (back.labels, back.routes) == (before.labels, before.routes)
    assert back.keys == promoted.keys
    assert box.trial.tried == [("unet", 2)], "what is loaded is not tried again"
    again = box.switcher().rollback(VENDOR)
    assert (again.labels, again.routes) == (promoted.labels, promoted.routes)
    assert box.agrees()
    assert box.audit.told[-1] == ("acme", "models.rollback", DONE)


def test_what_has_served_in_this_life_is_not_tried_again(box: SmallBox) -> None:
    switcher, old = box.switcher(), box.pin("unet", 1)
    promote_unet(box, switcher)
    for change in (
        lambda current: evict_version(current, "unet", 1),
        lambda current: promote_version(add_version(current, old), "unet", 1),
    ):
        switcher.switch(change, VENDOR, "model.promote", "unet 1")
    assert box.committed is not None
    assert box.committed.stable("unet") == 1
    assert box.trial.tried == [("unet", 2)]


def test_what_serves_already_is_answered_without_a_switch(box: SmallBox) -> None:
    before = box.committed
    served = box.switcher().switch(
        lambda current: promote_version(current, "unet", 1), VENDOR, "model.promote", "unet 1"
    )
    assert served == before
    assert box.replicas.calls == []
    assert box.audit.events[-1].detail == switching.UNCHANGED


def test_several_steps_are_one_generation(box: SmallBox) -> None:
    assert promote_unet(box).generation == 2
    served = box.switcher().switch(
        lambda s: set_label(set_label(s, "unet", "x", 1), "unet", "y", 2),
        VENDOR,
        "model.label",
        "unet",
    )
    assert served.generation == 3


# --- refusals -------------------------------------------------------------------------------


def test_a_version_that_fails_its_trial_is_refused(box: SmallBox) -> None:
    before = box.committed
    box.trial.refused[("unet", 2)] = refusal("unet version 2 ended its process at the first call")
    with pytest.raises(Exception, match="ended its process"):
        promote_unet(box)
    record = box.record("unet", 2)
    assert record.state is VersionState.VERIFIED
    assert record.reason == "unet version 2 ended its process at the first call"
    assert box.replicas.calls == ["discard"]
    assert _untouched(box, before)
    assert box.audit.told == [("acme", "model.promote", REFUSED)]
    del box.trial.refused[("unet", 2)]
    assert promote_unet(box).stable("unet") == 2
    assert box.record("unet", 2).reason == ""


def test_one_changed_byte_is_refused(box: SmallBox) -> None:
    before = box.committed
    (box.record("unet", 2).folder / "fp32" / "model.xml").write_bytes(b"other")
    with pytest.raises(CorruptModel, match=r"model\.xml of unet version 2 differs"):
        promote_unet(box)
    assert box.record("unet", 2).state is VersionState.IMPORTED
    assert "differs" in box.record("unet", 2).reason
    assert box.trial.tried == []
    assert _untouched(box, before)


def test_a_manifest_changed_since_it_was_registered_is_refused(box: SmallBox) -> None:
    before = box.committed
    change_manifest(box.record("unet", 2).folder)
    with pytest.raises(CorruptModel, match="is not the one that was registered"):
        promote_unet(box)
    assert _untouched(box, before)


def test_a_version_registered_anew_during_the_decision_is_refused(box: SmallBox) -> None:
    stale = box.pin("unet", 2).model_copy(update={"manifest_sha256": "f" * 64})
    with pytest.raises(IllegalTransition, match="changed meanwhile; look again"):
        box.switcher().switch(lambda s: add_version(s, stale), VENDOR, "model.load", "unet 2")


def test_a_version_that_serves_is_not_swapped_for_other_files_of_its_number(
    box: SmallBox,
) -> None:
    before = box.committed
    assert before is not None
    other = before.versions[0].model_copy(update={"manifest_sha256": "f" * 64})
    swapped = before.model_copy(update={"versions": (other, *before.versions[1:])})
    with pytest.raises(IllegalTransition, match="hrnet version 1 was changed meanwhile"):
        box.switcher().switch(lambda _: swapped, VENDOR, "model.load", "hrnet 1")
    assert _untouched(box, before)


def test_a_model_of_features_alone_never_serves_from_a_set(box: SmallBox) -> None:
    write_predictor(box.models, "lasso")
    before = box.restart()
    with pytest.raises(IllegalTransition, match="has no variant that the engine can run"):
        box.switcher().switch(
            lambda s: add_version(s, box.pin("lasso", 1)), VENDOR, "model.load", "lasso 1"
        )
    assert box.states[("lasso", 1)] is VersionState.VERIFIED
    assert _untouched(box, before)


def test_a_replica_that_cannot_prepare_stops_it(box: SmallBox) -> None:
    before = box.committed
    box.replicas.failing = ["prepare"]
    with pytest.raises(ModelNotReady, match="a replica cannot prepare now"):
        promote_unet(box)
    assert box.replicas.calls == ["prepare", "discard"]
    record = box.record("unet", 2)
    assert (record.state, record.reason) == (
        VersionState.VERIFIED,
        "a replica cannot prepare now",
    )
    assert _untouched(box, before)
    assert promote_unet(box).generation == 2


def test_a_failing_discard_hides_no_reason_and_undoes_the_rest(box: SmallBox) -> None:
    before = box.committed
    box.replicas.failing = ["prepare", "discard"]
    with pytest.raises(ModelNotReady, match="cannot prepare"):
        promote_unet(box)
    assert _untouched(box, before)


def test_without_an_audit_nothing_is_switched(box: SmallBox) -> None:
    before = box.committed
    box.audit.broken = True
    with pytest.raises(AuditUnavailable):
        promote_unet(box)
    assert box.replicas.calls == ["prepare", "discard"]
    assert _untouched(box, before)


def test_a_set_that_cannot_be_written_is_told_as_failed(
    box: SmallBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = box.committed

    def full(path: Path, model_set: ModelSet) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(switching, "write_model_set", full)
    with pytest.raises(OSError, match="No space left"):
        promote_unet(box)
    assert _untouched(box, before)
    assert [event.outcome for event in box.audit.events] == [DONE, FAILED]
    assert box.audit.events[-1].detail == "OSError in the box"


def test_a_set_whose_folder_could_not_be_synced_is_committed_all_the_same(
    box: SmallBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = switching.write_model_set

    def renamed(path: Path, model_set: ModelSet) -> None:
        real(path, model_set)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(switching, "write_model_set", renamed)
    assert promote_unet(box) == box.committed
    assert box.agrees()


def test_what_the_change_itself_refuses_is_audited(box: SmallBox) -> None:
    with pytest.raises(ModelNotFound):
        box.switcher().switch(
            lambda s: promote_version(s, "unet", 9), LOCAL, "model.promote", "unet 9"
        )
    assert box.audit.told == [("local", "model.promote", REFUSED)]
    assert box.audit.events[-1].subject == NOT_KNOWN, "it may be anybody's name"
    assert box.replicas.calls == []


def test_one_switch_at_a_time(box: SmallBox) -> None:
    inside, leave = threading.Event(), threading.Event()

    def reached(step: str) -> None:
        if step == PREPARED:
            inside.set()
            assert leave.wait(30)

    switcher = box.switcher(reached)
    first = threading.Thread(target=promote_unet, args=(box, switcher))
    first.start()
    assert inside.wait(30)
    try:
        with pytest.raises(IllegalTransition, match="another switch is under way"):
            switcher.rollback(VENDOR)
        assert switcher.catch_up(), "it does not disturb the switch"
    finally:
        leave.set()
        first.join(30)
    assert box.agrees()
    assert box.audit.told == [
        ("acme", "models.rollback", REFUSED),
        ("acme", "model.promote", DONE),
    ]


# --- after the commit -----------------------------------------------------------------------


def test_an_activation_that_fails_is_tried_again(box: SmallBox) -> None:
    box.replicas.failing = ["activate", "activate"]
    assert promote_unet(box) == box.committed
    assert len(box.pauses) == 2
    assert box.agrees()


def test_a_replica_that_stays_behind_does_not_undo_the_commit(box: SmallBox) -> None:
    box.replicas.failing = ["activate"] * 3
    promoted = promote_unet(box)
    assert promoted == box.committed
    assert not box.agrees()
    assert box.switcher().catch_up()
    assert box.agrees()
    assert box.audit.told == [("acme", "model.promote", DONE)]


def test_a_replica_that_took_nothing_in_is_asked_again(box: SmallBox) -> None:
    box.replicas.deaf = 1
    promote_unet(box)
    assert box.replicas.calls == ["prepare", "activate", "activate"]
    assert box.agrees()


def test_a_replica_that_cannot_catch_up_is_told(box: SmallBox) -> None:
    box.replicas.failing = ["activate"] * 9
    promote_unet(box)
    assert not box.switcher().catch_up()


def test_a_registry_that_could_not_follow_does_so_at_the_next_switch(
    box: SmallBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise OSError("database is locked")

    store = box.store
    with monkeypatch.context() as patched:
        patched.setattr(type(store.versions), "follow", lambda *_: None)
        patched.setattr(type(store.history), "remember", locked)
        promoted = promote_unet(box)
    assert promoted == box.committed
    assert not box.agrees()
    box.switcher().switch(lambda s: set_label(s, "unet", "old", 1), VENDOR, "model.label", "unet 1")
    assert box.agrees()
    actions = [entry.action for entry in store.history.list()]
    assert actions[:2] == ["model.label", "model.promote"]
