"""Versions and their states survive in the jobs' database; nobody writes over a newer state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.registry.actor import NamedActor
from appliance.registry.record import FoundVersion, Origin
from appliance.registry.registry_store import RegistryStore
from appliance.registry.version_state import VersionState, check_transition
from serving.domain.errors import CorruptModel, IllegalTransition, ModelNotFound, VersionExists
from serving.domain.model_set import ModelSet, ServedVersion
from serving.jobs.database import Database

VENDOR = NamedActor("acme", "vendor")
S = VersionState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[RegistryStore]:
    opened = RegistryStore.open(path, keep_sets=3, clock=itertools.count(1).__next__)
    yield opened
    opened.close()


def _found(version: int = 1, digest: str = "0") -> FoundVersion:
    return FoundVersion("unet", version, digest * 64, Path("/m/unet"), Origin.PRODUCT, True)


def _set(generation: int, *numbers: int) -> ModelSet:
    versions = tuple(
        ServedVersion(name="unet", version=number, manifest_sha256="0" * 64) for number in numbers
    )
    labels = {"unet": {"stable": numbers[0]}} if numbers else {}
    return ModelSet(generation=generation, versions=versions, labels=labels)


@pytest.mark.parametrize(("start", "to"), list(itertools.product(S, S)))
def test_only_the_known_ways_are_open(start: VersionState, to: VersionState) -> None:
    allowed = {
        (S.IMPORTED, S.VERIFIED),
        (S.VERIFIED, S.STAGED),
        (S.STAGED, S.ACTIVE),
        (S.ACTIVE, S.RETIRED),
        (S.RETIRED, S.STAGED),
        (S.STAGED, S.VERIFIED),
        *((state, S.IMPORTED) for state in S if state is not S.IMPORTED),
    }
    if (start, to) in allowed:
        check_transition(start, to)
    else:
        with pytest.raises(IllegalTransition, match=f"that is {start} cannot become {to}; it can"):
            check_transition(start, to)


def test_a_version_is_registered_once(store: RegistryStore) -> None:
    record = store.versions.add(_found())
    assert (record.state, record.revision, record.reason) == (S.IMPORTED, 1, "")
    assert store.versions.get("unet", 1) == record
    assert record.served == _set(1, 1).versions[0]
    with pytest.raises(VersionExists, match="unet version 1 is registered already"):
        store.versions.add(_found())
    with pytest.raises(ModelNotFound, match="no version 2 of a model unet"):
        store.versions.get("unet", 2)


def test_records_outlive_the_process_beside_the_jobs(path: Path, store: RegistryStore) -> None:
    record = store.versions.add(_found())
    again = RegistryStore.open(path)
    assert again.versions.list() == (record,)
    assert again.versions.list("other") == ()
    again.close()
    Database(path).close()


def test_a_change_names_the_revision_that_it_is_based_on(store: RegistryStore) -> None:
    record = store.versions.add(_found())
    moved = store.versions.move("unet", 1, S.VERIFIED, record.revision)
    assert (moved.state, moved.revision) == (S.VERIFIED, 2)
    assert moved.changed_at_s > record.changed_at_s
    with pytest.raises(IllegalTransition, match="unet version 1 was changed meanwhile; look again"):
        store.versions.move("unet", 1, S.STAGED, record.revision)
    assert store.versions.get("unet", 1) == moved


def test_a_forbidden_move_changes_nothing(store: RegistryStore) -> None:
    record = store.versions.add(_found())
    with pytest.raises(IllegalTransition, match="imported cannot become active"):
        store.versions.move("unet", 1, S.ACTIVE, record.revision)
    assert store.versions.get("unet", 1) == record


def test_setting_back_keeps_the_reason_until_the_next_step(store: RegistryStore) -> None:
    record = store.versions.add(_found())
    noted = store.versions.set_back(record, S.IMPORTED, "a file is gone")
    assert (noted.state, noted.reason) == (S.IMPORTED, "a file is gone")
    assert store.versions.move("unet", 1, S.VERIFIED, noted.revision).reason == ""


def test_the_states_follow_the_committed_set(store: RegistryStore) -> None:
    for number in (1, 2, 3, 4):
        store.versions.add(_found(number))
    store.versions.follow(_set(1, 1, 2))
    staged = store.versions.move("unet", 3, S.VERIFIED, 1)
    store.versions.move("unet", 3, S.STAGED, staged.revision)
    before = store.versions.get("unet", 2)
    store.versions.follow(_set(2, 2))
    assert [record.state for record in store.versions.list()] == [
        S.RETIRED,
        S.ACTIVE,
        S.VERIFIED,
        S.IMPORTED,
    ]
    assert store.versions.get("unet", 2) == before, "what is right already is not written"


def test_the_history_hands_out_what_served_before(store: RegistryStore) -> None:
    for generation in (1, 2):
        store.history.remember(_set(generation, generation), VENDOR, "model.promote", "unet")
    store.history.plan(_set(3, 3), VENDOR, "model.promote", "unet 3")
    assert store.history.previous(3) == (_set(2, 2), _set(1, 1))
    assert store.history.previous(1) == ()
    newest = store.history.list(1)[0]
    assert (newest.model_set, newest.actor, newest.subject) == (_set(2, 2), VENDOR, "unet")
    assert newest.activated_at_s is not None


def test_the_history_forgets_its_oldest(store: RegistryStore) -> None:
    for generation in range(1, 7):
        store.history.remember(_set(generation), VENDOR, "model.promote")
    assert [entry.model_set.generation for entry in store.history.list()] == [6, 5, 4]


def test_a_plan_that_was_committed_is_remembered_as_its_makers(store: RegistryStore) -> None:
    store.history.remember(_set(1, 1), VENDOR, "model.load", "unet 1")
    store.history.plan(_set(2, 2), VENDOR, "model.promote", "unet 2")
    assert store.history.settle(_set(2, 2)) == ()
    newest = store.history.list()[0]
    assert (newest.actor, newest.action, newest.subject) == (VENDOR, "model.promote", "unet 2")


def test_a_plan_that_came_to_nothing_is_handed_over_once(store: RegistryStore) -> None:
    store.history.remember(_set(1, 1), VENDOR, "model.load", "unet 1")
    store.history.plan(_set(2, 2), VENDOR, "model.promote", "unet 2")
    (given_up,) = store.history.settle(_set(1, 1))
    assert (given_up.action, given_up.activated_at_s) == ("model.promote", None)
    assert store.history.settle(_set(1, 1)) == ()
    assert [entry.model_set for entry in store.history.list()] == [_set(1, 1)]


def test_an_older_file_put_back_takes_the_history_along(store: RegistryStore) -> None:
    for generation in (1, 2, 3):
        store.history.remember(_set(generation, generation), VENDOR, "model.promote")
    store.history.settle(_set(2, 1))
    assert [entry.model_set for entry in store.history.list()] == [_set(2, 1), _set(1, 1)]


def test_a_dropped_plan_leaves_what_served(store: RegistryStore) -> None:
    store.history.remember(_set(1, 1), VENDOR, "model.load")
    store.history.plan(_set(2, 2), VENDOR, "model.promote", "unet 2")
    store.history.drop(2)
    store.history.drop(1)
    assert [entry.model_set for entry in store.history.list()] == [_set(1, 1)]


def test_a_broken_set_in_the_history_is_named(path: Path, store: RegistryStore) -> None:
    store.history.remember(_set(1, 1), VENDOR, "model.load")
    with store.database.write() as session:
        session.connection().exec_driver_sql("UPDATE model_sets SET content='{'")
    with pytest.raises(CorruptModel, match="generation 1 in the history cannot be read"):
        store.history.list()
