"""The queue's order, bounds and deadlines, without OpenVINO or an event loop."""

from __future__ import annotations

import pytest

from serving.domain.errors import Overloaded
from serving.domain.lane import Lane
from serving.engine.slot_queue import SlotQueue


class Bench:
    """A queue of names with a list of those that expired."""

    def __init__(self, slots: int = 1, max_requests: int = 8, max_bytes: int = 8000) -> None:
        self.expired: list[str] = []
        self.queue: SlotQueue[str] = SlotQueue(slots, max_requests, max_bytes, self.expired.append)

    def enter(self, name: str, lane: Lane = Lane.ROUTINE, size: int = 1, deadline: float = 1e9):
        return self.queue.enter(name, lane, size, deadline, now_s=0.0)

    def next(self, now_s: float = 0.0) -> str | None:
        ticket = self.queue.take(now_s)
        return ticket.item if ticket else None

    def fill(self, lane: Lane) -> int:
        """How many more requests of a lane go in."""
        count = 0
        while True:
            try:
                self.enter(f"{lane.label} {count}", lane)
            except Overloaded:
                return count
            count += 1


def test_lanes_go_first_and_each_is_served_in_order() -> None:
    bench = Bench(slots=6)
    for name, lane in [
        ("b1", Lane.BATCH),
        ("r1", Lane.ROUTINE),
        ("s1", Lane.STAT),
        ("r2", Lane.ROUTINE),
        ("s2", Lane.STAT),
    ]:
        bench.enter(name, lane)
    assert [bench.next() for _ in range(6)] == ["s1", "s2", "r1", "r2", "b1", None]


def test_no_more_run_than_there_are_slots() -> None:
    bench = Bench(slots=2)
    for name in "abc":
        bench.enter(name)
    assert [bench.next(), bench.next(), bench.next()] == ["a", "b", None]
    bench.queue.release()
    assert bench.next() == "c"
    assert (bench.queue.busy, bench.queue.waiting, bench.queue.waiting_bytes) == (2, 0, 0)


def test_work_of_lower_lanes_never_refuses_a_higher_one() -> None:
    bench = Bench(max_requests=8)
    assert bench.fill(Lane.BATCH) == 4
    assert bench.fill(Lane.ROUTINE) == 4
    assert bench.fill(Lane.STAT) == 2
    with pytest.raises(Overloaded, match=r"10 requests of 10 bytes wait"):
        bench.enter("one more", Lane.STAT)


def test_bytes_are_bounded_as_well() -> None:
    bench = Bench(max_bytes=1000)
    bench.enter("big", size=900)
    with pytest.raises(Overloaded, match="at most 8 of 1000"):
        bench.enter("too much", size=101)
    bench.enter("urgent", Lane.STAT, size=101)


def test_a_request_beyond_the_bound_runs_from_an_empty_queue() -> None:
    bench = Bench(max_bytes=1000)
    bench.enter("huge", size=5000)
    assert bench.next() == "huge"


def test_expired_requests_are_dropped_before_compute() -> None:
    bench = Bench()
    bench.enter("late", deadline=5.0)
    bench.enter("in time", deadline=20.0)
    assert bench.next(now_s=10.0) == "in time"
    assert bench.expired == ["late"]


def test_expired_requests_make_room_for_others() -> None:
    bench = Bench(max_requests=2)
    bench.enter("late", deadline=5.0)
    bench.enter("late too", deadline=5.0)
    bench.queue.enter("fresh", Lane.ROUTINE, 1, None, now_s=10.0)
    assert bench.expired == ["late", "late too"]
    assert bench.queue.waiting == 1


def test_who_leaves_is_not_served_and_who_started_cannot_leave() -> None:
    bench = Bench()
    gone, stays = bench.enter("gone"), bench.enter("stays")
    assert bench.queue.leave(gone)
    assert not bench.queue.leave(gone)
    assert bench.next() == "stays"
    assert not bench.queue.leave(stays)
    assert (bench.queue.waiting, bench.queue.waiting_bytes) == (0, 0)
