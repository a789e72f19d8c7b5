"""What a box serves when it starts: for the first time, again, and with models that changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from appliance.registry import boot as booting
from appliance.registry.actor import THE_BOX, NamedActor
from appliance.registry.newcomers import PipelineNeeds, join
from appliance.registry.policy import Latest, VersionPolicy
from appliance.registry.set_history import SetHistory
from appliance.registry.set_versions import (
    add_version,
    evict_version,
    promote_version,
)
from appliance.registry.settings import RegistrySettings
from appliance.registry.version_state import VersionState
from appliance.registry.version_store import VersionStore
from serving.domain.audit import Outcome
from serving.domain.errors import AuditUnavailable, CorruptModel
from serving.domain.model_set import Release, Route
from tests.unit.appliance.registry.small_box import Killed, SmallAudit, SmallBox, refusal
from tests.unit.appliance.registry.tiny_versions import (
    change_manifest,
    write_predictor,
    write_version,
)

VENDOR = NamedActor("acme", "vendor")
STARTED = ("box", "models.start", Outcome.DONE)


@pytest.fixture
def box(tmp_path: Path) -> SmallBox:
    """With the product's two networks, each in one version."""
    made = SmallBox(tmp_path)
    for name in ("hrnet", "unet"):
        write_version(made.product, name)
    return made


def test_a_first_start_serves_everything_sound_and_routes_the_pipelines(box: SmallBox) -> None:
    write_version(box.models, "unet", 7)
    write_predictor(box.models, "lasso")
    served = box.boot()
    assert served.keys == {("hrnet", 1), ("unet", 1), ("unet", 7)}
    assert served.labels == {"hrnet": {"stable": 1}, "unet": {"stable": 7}}
    assert served.releases == (
        Release(
            name="chest_ct",
            version=1,
            pipeline="chest_ct",
            models={"hrnet": 1, "unet": 7},
            parameters={"precision": "fp32"},
        ),
    )
    assert served.routes == (Route(pipeline="chest_ct", stable="chest_ct@1"),)
    assert (served.generation, box.committed) == (1, served)
    assert box.states[("lasso", 1)] is VersionState.VERIFIED
    assert box.agrees()
    assert box.audit.told == [STARTED]
    assert box.store.history.list()[0].actor == THE_BOX


def test_a_restart_without_changes_commits_nothing(box: SmallBox) -> None:
    served = box.boot()
    written = box.set_path.stat().st_mtime_ns
    assert box.restart() == served
    assert box.set_path.stat().st_mtime_ns == written
    assert len(box.audit.events) == 1
    assert len(box.trial.tried) == 2, "what served before is not tried again"
    assert box.agrees()


def test_a_first_start_leaves_out_what_is_broken(box: SmallBox) -> None:
    folder = write_version(box.product, "unet", 2)
    (folder / "fp32" / "model.bin").write_bytes(b"other")
    write_version(box.product, "unet", 3)
    box.trial.refused[("unet", 3)] = refusal()
    served = box.boot()
    assert served.stable("unet") == 1
    assert ("unet", 2) not in served.keys
    assert box.record("unet", 2).state is VersionState.IMPORTED
    assert "differs from the digest" in box.record("unet", 2).reason
    assert box.record("unet", 3).state is VersionState.VERIFIED
    assert box.record("unet", 3).reason == "its self-test gives another answer"
    assert box.agrees()


def test_a_pipeline_whose_model_is_missing_is_routed_once_it_is_there(box: SmallBox) -> None:
    shutil.rmtree(box.product / "hrnet")
    assert box.boot().routes == ()
    write_version(box.product, "hrnet", 4)
    served = box.restart()
    assert served.generation == 2
    assert served.releases[0].models == {"hrnet": 4, "unet": 1}
    assert served.routes == (Route(pipeline="chest_ct", stable="chest_ct@1"),)


def test_a_new_version_of_the_product_joins_and_takes_over_nothing(box: SmallBox) -> None:
    before = box.boot()
    write_version(box.product, "unet", 2)
    served = box.restart()
    assert served.keys == before.keys | {("unet", 2)}
    assert (served.labels, served.routes) == (before.labels, before.routes)
    assert box.agrees()


def test_an_imported_version_waits_until_it_is_asked_for(box: SmallBox) -> None:
    before = box.boot()
    write_version(box.models, "unet", 2)
    assert box.restart() == before
    assert box.record("unet", 2).state is VersionState.IMPORTED


def test_what_was_unloaded_stays_away(box: SmallBox) -> None:
    write_version(box.product, "unet", 2)
    box.boot()
    switched = box.switcher().switch(
        lambda s: evict_version(promote_version(s, "unet", 1), "unet", 2),
        VENDOR,
        "model.unload",
        "unet 2",
    )
    assert box.restart() == switched
    assert box.states[("unet", 2)] is VersionState.RETIRED


def test_the_policy_decides_what_joins_and_makes_room_for_another(tmp_path: Path) -> None:
    latest = VersionPolicy(latest=Latest())
    box = SmallBox(tmp_path, RegistrySettings(policies={"unet": latest}))
    write_version(box.product, "hrnet")
    for number in (1, 2, 3):
        write_version(box.product, "unet", number)
    box.trial.refused[("unet", 3)] = refusal()
    served = box.boot()
    assert served.keys == {("hrnet", 1), ("unet", 2)}
    assert ("unet", 1) not in box.trial.tried


def test_a_policy_that_was_narrowed_drops_what_nobody_needs(tmp_path: Path) -> None:
    box = SmallBox(tmp_path)
    for number in (1, 2, 3):
        write_version(box.product, "unet", number)
    box.boot()
    box.settings = RegistrySettings(default_policy=VersionPolicy(latest=Latest()))
    served = box.restart()
    assert served.keys == {("unet", 3)}
    assert box.states[("unet", 1)] is VersionState.RETIRED
    assert box.restart() == served


def test_a_version_whose_folder_is_gone_leaves_the_set_whole(box: SmallBox) -> None:
    write_version(box.product, "unet", 2)
    box.boot()
    box.switcher().switch(
        lambda s: promote_version(promote_version(s, "unet", 1), "unet", 2),
        VENDOR,
        "model.promote",
        "unet 2",
    )
    shutil.rmtree(box.product / "unet" / "2")
    served = box.restart()
    assert served.stable("unet") == 1
    (route,) = served.routes
    release = served.release(route.stable)
    assert release is not None
    assert release.models == {"hrnet": 1, "unet": 1}
    assert box.record("unet", 2).state is VersionState.IMPORTED
    assert "gone" in box.record("unet", 2).reason
    assert box.agrees()
    assert "broken: unet 2" in box.audit.events[-1].detail


def test_one_changed_byte_takes_a_version_out_of_the_set(box: SmallBox) -> None:
    box.boot()
    folder = box.record("unet", 1).folder
    (folder / "fp32" / "model.bin").write_bytes(b"other")
    served = box.restart()
    assert served.keys == {("hrnet", 1)}
    assert served.routes == ()
    assert "differs from the digest" in box.record("unet", 1).reason
    assert box.agrees()


def test_a_product_model_made_anew_serves_in_a_release_with_a_new_number(box: SmallBox) -> None:
    before = box.boot()
    change_manifest(box.record("unet", 1).folder)
    served = box.restart()
    assert served.keys == before.keys
    assert served.versions != before.versions
    assert served.routes == (Route(pipeline="chest_ct", stable="chest_ct@2"),)
    assert box.agrees()


def test_a_lost_database_is_made_anew_from_the_file(box: SmallBox) -> None:
    write_version(box.models, "unet", 2)
    served = box.boot()
    box.store.close()
    for suffix in ("", "-wal", "-shm"):
        box.database_path.with_name(box.database_path.name + suffix).unlink(missing_ok=True)
    assert box.restart() == served
    assert box.agrees()


def test_a_lost_file_is_made_anew_and_no_number_is_given_twice(box: SmallBox) -> None:
    box.boot()
    write_version(box.models, "unet", 2)
    box.restart()
    box.set_path.unlink()
    served = box.restart()
    assert served.keys == {("hrnet", 1), ("unet", 1), ("unet", 2)}
    assert served.generation == 2
    assert served.routes == (Route(pipeline="chest_ct", stable="chest_ct@2"),)
    assert box.agrees()


def test_a_set_that_cannot_be_read_stops_the_start(box: SmallBox) -> None:
    box.boot()
    box.set_path.write_text("{", "utf-8")
    with pytest.raises(CorruptModel, match=r"model-set\.json cannot be read"):
        box.restart()


def test_without_an_audit_nothing_is_committed(box: SmallBox) -> None:
    box.audit.broken = True
    with pytest.raises(AuditUnavailable):
        box.boot()
    assert box.committed is None
    box.audit.broken = False
    assert box.restart().generation == 1
    assert box.agrees()


def test_a_set_may_start_empty(tmp_path: Path) -> None:
    box = SmallBox(tmp_path)
    assert box.boot().versions == ()
    write_version(box.product, "unet", 2)
    served = box.restart()
    assert served.stable("unet") == 2
    assert add_version(served, box.pin("unet", 2).model_copy(update={"version": 3}))


@pytest.mark.parametrize("killed", ["plan", "record", "write_model_set", "follow", "remember"])
@pytest.mark.parametrize("before", [True, False])
def test_a_crash_in_a_start_is_made_good_by_the_next(
    box: SmallBox, monkeypatch: pytest.MonkeyPatch, killed: str, before: bool
) -> None:
    box.boot()
    write_version(box.product, "unet", 2)
    owner: Any = {
        "plan": SetHistory,
        "remember": SetHistory,
        "record": SmallAudit,
        "follow": VersionStore,
        "write_model_set": booting,
    }[killed]
    real = getattr(owner, killed)

    def dies(*arguments: Any) -> None:
        if not before:
            real(*arguments)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(owner, killed, dies)
        with pytest.raises(Killed):
            box.restart()
    served = box.restart()
    assert served.keys == {("hrnet", 1), ("unet", 1), ("unet", 2)}
    assert served.generation == 2
    assert box.agrees()


def test_a_pipeline_runs_other_models_once_the_settings_name_others(box: SmallBox) -> None:
    before = box.boot()
    after = join(before, (), (PipelineNeeds("chest_ct", ("unet",)),))
    route = after.route("chest_ct")
    assert route is not None
    release = after.release(route.stable)
    assert release is not None
    assert (release.reference, release.models) == ("chest_ct@2", {"unet": 1})
    assert join(after, (), (PipelineNeeds("chest_ct", ("unet",)),)).routes == after.routes
