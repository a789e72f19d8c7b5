"""Operations: asked for once, done in order, waited for, kept over a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.admin.operations.operation import OperationState
from appliance.admin.operations.runner import MOST_WAITING, OperationRunner
from appliance.admin.operations.steps import steps_to
from appliance.admin.operations.store import INTERRUPTED, NOT_BEGUN, OperationStore
from appliance.admin.operations.ticket import Done, Ticket
from appliance.admin.prefer import wait_s
from appliance.registry.stage import Stage, StageReport
from appliance.registry.switch_steps import PLANNED, STEPS
from serving.domain.access import Role
from serving.domain.errors import IllegalTransition, InvalidRequest, JobNotFound, Overloaded
from serving.jobs.database import Database
from tests.unit.appliance.admin.small_admin import SmallAdmin

PROMOTE = "/v1/models/unet/versions/2/promote"
TICKET = Ticket("model.promote", "unet 2", "acme", "vendor")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "jobs.sqlite")
    yield made
    made.close()


class Gate:
    """Work that ends when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> Done:
        self.begun.set()
        assert self.open.wait(10)
        return Done(7)


def _end(runner: OperationRunner, operation_id: str) -> OperationState:
    deadline = time.monotonic() + 10
    while not (state := runner.get(operation_id).state).final:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return state


def test_operations_are_done_one_after_the_other_with_their_stage(database: Database) -> None:
    stage, order, gate = Stage(), [], Gate()
    with OperationRunner(OperationStore(database), stage) as runner:
        first = runner.submit(TICKET, gate)
        second = runner.submit(TICKET, lambda: order.append("second") or Done(8))
        assert gate.begun.wait(10)
        stage(1.5, "loading")
        shown = runner.get(first.id)
        assert (shown.state, shown.stage, shown.progress) == ("running", "loading", 1.0)
        assert runner.get(second.id).state is OperationState.QUEUED
        assert order == []
        gate.open.set()
        assert _end(runner, second.id) is OperationState.DONE
        assert [each.generation for each in runner.list()] == [8, 7]


def test_a_failure_keeps_its_sentence_and_its_stage(database: Database) -> None:
    stage = Stage()

    def refused() -> Done:
        stage(0.5, "trying it")
        raise IllegalTransition("not now")

    def crashes() -> Done:
        raise ValueError("name of a patient")

    with OperationRunner(OperationStore(database), stage) as runner:
        ids = [runner.submit(TICKET, work).id for work in (refused, crashes)]
        assert [_end(runner, each) for each in ids] == [OperationState.FAILED] * 2
        told, hidden = (runner.get(each) for each in ids)
    assert told.error is not None
    assert (told.error.kind, told.error.message) == ("illegal-transition", "not now")
    assert (told.error.status, told.stage) == (409, "trying it")
    assert hidden.error is not None
    assert (hidden.error.kind, hidden.error.status) == ("internal", 500)
    assert "patient" not in hidden.error.message
    assert hidden.id in hidden.error.message


def test_only_so_many_wait(database: Database) -> None:
    gate = Gate()
    with OperationRunner(OperationStore(database), Stage()) as runner:
        keyed = Ticket("a.b", "c", "d", "e", "key", "print")
        runner.submit(keyed, gate)
        assert gate.begun.wait(10)
        for _ in range(MOST_WAITING):
            runner.submit(TICKET, Done)
        with pytest.raises(Overloaded):
            runner.submit(TICKET, Done)
        # What is known already needs no place.
        assert runner.submit(keyed, gate).state is OperationState.RUNNING
        assert len(runner.list()) == 1 + MOST_WAITING
        gate.open.set()


def test_what_a_stopped_box_leaves_is_failed(database: Database) -> None:
    store = OperationStore(database)
    begun, waiting, done = (store.add(TICKET).id for _ in range(3))
    store.begin(begun)
    store.succeed(done, Done(3))
    with OperationRunner(OperationStore(database), Stage()) as runner:
        found = {each: runner.get(each) for each in (begun, waiting, done)}
    assert found[begun].error == INTERRUPTED
    assert found[waiting].error == NOT_BEGUN
    assert (found[done].state, found[done].error) == (OperationState.DONE, None)
    assert found[begun].finished_at is not None


def test_stopping_gives_up_what_waits(database: Database) -> None:
    gate = Gate()
    runner = OperationRunner(OperationStore(database), Stage())
    with runner:
        first = runner.submit(TICKET, gate)
        second = runner.submit(TICKET, Done)
        assert gate.begun.wait(10)
        threading.Timer(0.1, gate.open.set).start()
    assert runner.get(first.id).state is OperationState.DONE
    assert runner.get(second.id).error == NOT_BEGUN
    with pytest.raises(Overloaded):
        runner.submit(TICKET, Done)


def test_a_key_belongs_to_its_caller_and_its_request(database: Database) -> None:
    store = OperationStore(database)
    one = Ticket("a.b", "c", "acme", "vendor", "key", "print")
    added = store.add(one)
    assert store.known(one) == added
    assert store.known(Ticket("a.b", "c", "other", "vendor", "key", "print")) is None
    with pytest.raises(InvalidRequest):
        store.known(Ticket("a.b", "c", "acme", "vendor", "key", "another"))
    assert store.known(TICKET) is None
    store.add(TICKET)
    store.add(TICKET)


def test_the_oldest_final_operations_are_forgotten(database: Database) -> None:
    store = OperationStore(database, keep=2)
    waiting = store.add(TICKET).id
    ended = [store.add(TICKET).id for _ in range(4)]
    for each in ended:
        store.succeed(each, Done())
    store.add(TICKET)
    left = {each.id for each in store.list(50)}
    assert waiting in left
    assert set(ended) & left == set(ended[2:])
    with pytest.raises(JobNotFound):
        store.get(ended[0])


def test_the_steps_of_a_switch_are_told_in_words() -> None:
    stage, also = Stage(), list[str]()
    reached = steps_to(stage, also.append)
    for step in STEPS:
        reached(step)
    assert tuple(also) == STEPS
    assert stage.now.stage == "switching over"
    reached(PLANNED)
    assert stage.now == StageReport(0.0, "loading it beside what serves")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("wait=5", 5),
        ("respond-async, Wait = 30", 30),
        ('wait="12"', 12),
        ("wait=100000", 600),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait", 0),
        ("wait=99999999999999999999", 0),
    ],
)
def test_the_wish_to_wait(header: str | None, seconds: int) -> None:
    assert wait_s(header) == seconds


# --- over HTTP ------------------------------------------------------------------------------


def test_without_a_wish_the_answer_is_the_queued_operation(admin: SmallAdmin) -> None:
    answer = admin.http.post(PROMOTE)
    assert answer.status_code == 202
    operation = answer.json()
    assert answer.headers["location"] == f"/v1/operations/{operation['id']}"
    assert operation["state"] in ("queued", "running")
    ended = admin.http.get(answer.headers["location"], headers={"prefer": "wait=30"}).json()
    assert (ended["state"], ended["generation"]) == ("done", 2)
    assert admin.http.get("/v1/operations").json() == [ended]


def test_a_short_wait_ends_before_a_long_switch(admin: SmallAdmin) -> None:
    gate = Gate()
    admin.runner.submit(TICKET, gate)
    begun = time.monotonic()
    answer = admin.http.post(PROMOTE, headers={"prefer": "wait=1"})
    assert answer.status_code == 202
    assert 0.9 < time.monotonic() - begun < 5
    gate.open.set()


def test_a_repeated_request_is_done_once(admin: SmallAdmin) -> None:
    once = admin.change("POST", PROMOTE, **{"idempotency-key": "k 1"})
    again = admin.change("POST", PROMOTE, **{"idempotency-key": "k 1"})
    assert once == again
    assert admin.box.replicas.calls == ["prepare", "activate"]
    other = admin.http.post("/v1/rollback", headers={"idempotency-key": "k 1"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:aibox:problem:invalid-request")
    vendor = admin.token(Role.VENDOR)
    theirs = admin.change("POST", "/v1/rollback", **vendor, **{"idempotency-key": "k 1"})
    assert theirs["id"] != once["id"]


def test_another_body_needs_another_key(admin: SmallAdmin) -> None:
    admin.change("POST", "/v1/models/unet/versions/2/load")
    key = {"idempotency-key": "label"}
    path = "/v1/models/unet/labels/canary"
    admin.change("PUT", path, {"version": 2}, **key)
    assert admin.http.put(path, json={"version": 1}, headers=key).status_code == 422
    # The same body in other words.
    spaced = admin.http.put(
        path, content=b'{ "version" :2}', headers={**key, "content-type": "application/json"}
    )
    assert spaced.status_code in (200, 202)


def test_a_failed_operation_is_the_answer_to_its_repetition(admin: SmallAdmin) -> None:
    headers = {"idempotency-key": "x", "prefer": "wait=30"}
    path = "/v1/models/none/versions/1/promote"
    first = admin.http.post(path, headers=headers)
    assert (first.status_code, first.json()["type"]) == (404, "urn:aibox:problem:model-not-found")
    assert admin.http.post(path, headers=headers).status_code == 404
    assert len(admin.http.get("/v1/operations").json()) == 1


@pytest.mark.parametrize("key", ["", "x" * 129, "tab\t"])
def test_keys_are_short_and_printable(admin: SmallAdmin, key: str) -> None:
    assert admin.http.post("/v1/rollback", headers={"idempotency-key": key}).status_code == 422


def test_unknown_operations(admin: SmallAdmin) -> None:
    assert admin.http.get(f"/v1/operations/{'0' * 32}").status_code == 404
    assert admin.http.get("/v1/operations/x").status_code == 422
    assert admin.http.get("/v1/operations?limit=0").status_code == 422
