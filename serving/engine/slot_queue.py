"""The one bounded priority queue of a replica, in front of its slots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from serving.domain.errors import Overloaded
from serving.domain.lane import Lane

T = TypeVar("T")

_SHARES = {Lane.BATCH: 0.5, Lane.ROUTINE: 1.0, Lane.STAT: 1.25}
"""How full the queue may be, of its bound, for a request of a lane still to be let in.

The last quarter above the bound is for STAT alone, and batch work never fills more than half, so
no lane is refused because of what waits in a lane below it.
"""


@dataclass(slots=True, eq=False)
class Ticket(Generic[T]):
    """A place in the queue; `deadline_s` is on the clock of `time.monotonic()`."""

    item: T
    lane: Lane
    payload_bytes: int
    deadline_s: float | None
    waiting: bool = True


class SlotQueue(Generic[T]):
    """Who runs next on which slot: lanes stat > routine > batch, first come first served inside.

    Bounded in requests and in bytes that wait. No clock, thread or loop of its own: the owner
    calls `take` when a slot may be free and `release` when one became so.
    """

    def __init__(
        self, slots: int, max_requests: int, max_bytes: int, on_expired: Callable[[T], None]
    ) -> None:
        self.slots = slots
        self.busy = 0
        self.waiting = 0
        self.waiting_bytes = 0
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._on_expired = on_expired
        self._lanes: dict[Lane, deque[Ticket[T]]] = {lane: deque() for lane in sorted(Lane)}

    def enter(
        self, item: T, lane: Lane, payload_bytes: int, deadline_s: float | None, now_s: float
    ) -> Ticket[T]:
        """Queues an item. Raises Overloaded at once where its lane has no room left."""
        if not self._has_room(lane, payload_bytes):
            self._drop_expired(now_s)
            if not self._has_room(lane, payload_bytes):
                raise self._overloaded(lane)
        ticket = Ticket(item, lane, payload_bytes, deadline_s)
        self._lanes[lane].append(ticket)
        self.waiting += 1
        self.waiting_bytes += payload_bytes
        return ticket

    def leave(self, ticket: Ticket[T]) -> bool:
        """Takes a waiting ticket out again (its caller went away); False where it had started."""
        if not ticket.waiting:
            return False
        self._lanes[ticket.lane].remove(ticket)
        self._forget(ticket)
        return True

    def take(self, now_s: float) -> Ticket[T] | None:
        """The next ticket, with a slot taken for it; None without a free slot or a live ticket."""
        if self.busy >= self.slots:
            return None
        for lane in self._lanes.values():
            while lane:
                ticket = lane.popleft()
                self._forget(ticket)
                if ticket.deadline_s is not None and ticket.deadline_s <= now_s:
                    self._on_expired(ticket.item)
                    continue
                self.busy += 1
                return ticket
        return None

    @property
    def waiting_interactive(self) -> int:
        """Those that wait in a lane above batch."""
        return self.waiting - len(self._lanes[Lane.BATCH])

    def tickets(self) -> Iterator[Ticket[T]]:
        """All that wait, in the order in which they would be taken."""
        for lane in self._lanes.values():
            yield from lane

    def pop_waiting(self) -> Ticket[T] | None:
        """Any ticket that waits, without a slot for it; for the owner that shuts down."""
        for lane in self._lanes.values():
            if lane:
                ticket = lane.popleft()
                self._forget(ticket)
                return ticket
        return None

    def release(self) -> None:
        """Frees one slot."""
        self.busy -= 1

    def _has_room(self, lane: Lane, payload_bytes: int) -> bool:
        # A request larger than the bound can only ever run from an empty queue.
        share = _SHARES[lane]
        return self.waiting == 0 or (
            self.waiting < self._max_requests * share
            and self.waiting_bytes + payload_bytes <= self._max_bytes * share
        )

    def _drop_expired(self, now_s: float) -> None:
        for lane in self._lanes.values():
            for ticket in list(lane):
                if ticket.deadline_s is not None and ticket.deadline_s <= now_s:
                    self.leave(ticket)
                    self._on_expired(ticket.item)

    def _forget(self, ticket: Ticket[T]) -> None:
        ticket.waiting = False
        self.waiting -= 1
        self.waiting_bytes -= ticket.payload_bytes

    def _overloaded(self, lane: Lane) -> Overloaded:
        share = _SHARES[lane]
        return Overloaded(
            f"the queue is full for {lane.label} requests: {self.waiting} requests of "
            f"{self.waiting_bytes} bytes wait and at most {int(self._max_requests * share)} of "
            f"{int(self._max_bytes * share)} may; try again later",
            waiting=self.waiting,
            waiting_bytes=self.waiting_bytes,
        )
