"""Does what was asked for, one operation after the other, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType

from appliance.admin.operations.operation import Operation, OperationError, OperationState
from appliance.admin.operations.store import NOT_BEGUN, OperationStore
from appliance.admin.operations.ticket import Done, Ticket
from appliance.admin.problem import problem_of
from appliance.registry.stage import Stage
from serving.domain.errors import Overloaded
from serving.jobs.failure import place

MOST_WAITING = 8
_STOP_S = 5.0

Work = Callable[[], Done]
_log = logging.getLogger(__name__)


class OperationRunner:
    """A queue of changes; use as a context manager. `stage` is told by what works on them."""

    def __init__(self, store: OperationStore, stage: Stage) -> None:
        self._store = store
        self._stage = stage
        self._queue: queue.Queue[tuple[str, Work] | None] = queue.Queue()
        self._ends: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="operations", daemon=True)

    def __enter__(self) -> OperationRunner:
        self._store.end_interrupted()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What waits fails; what runs may end within seconds, else the next start tells of it."""
        with self._lock:
            self._stopping = True
        self._queue.put(None)
        self._thread.join(_STOP_S)

    def submit(self, ticket: Ticket, work: Work) -> Operation:
        """Has `work` done, or finds what was asked for under the same key before.

        Raises Overloaded, and InvalidRequest where the key is another request's.
        """
        with self._lock:
            known = self._store.known(ticket)
            if known is not None:
                return self._shown(known)
            if self._stopping or self._queue.qsize() >= MOST_WAITING:
                raise Overloaded(
                    f"{MOST_WAITING} changes wait already; try again when some are done"
                )
            operation = self._store.add(ticket)
            self._ends[operation.id] = Future()
            self._queue.put((operation.id, work))
            return operation

    def get(self, operation_id: str) -> Operation:
        """As it stands now. Raises JobNotFound."""
        return self._shown(self._store.get(operation_id))

    def list(self, limit: int = 50) -> tuple[Operation, ...]:
        """Newest first."""
        return tuple(self._shown(each) for each in self._store.list(limit))

    async def wait(self, operation_id: str, seconds: float) -> None:
        """Returns when the operation has ended, or after that time; holds no thread."""
        end = self._ends.get(operation_id)
        if end is not None:
            await asyncio.wait({asyncio.wrap_future(end)}, timeout=seconds)

    def _shown(self, operation: Operation) -> Operation:
        """With the stage of the moment, which only this process knows."""
        if operation.state is not OperationState.RUNNING:
            return operation
        now = self._stage.now
        progress = min(max(now.share, 0.0), 1.0)
        return operation.model_copy(update={"stage": now.stage, "progress": progress})

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            operation_id, work = item
            try:
                self._perform(operation_id, work)
            except Exception as error:
                # The database fails; the next start tells what became of the operation.
                _log.error("operation %s cannot be kept: %s", operation_id, place(error))
            finally:
                self._ends.pop(operation_id).set_result(None)

    def _perform(self, operation_id: str, work: Work) -> None:
        if self._stopping:
            self._store.fail(operation_id, NOT_BEGUN)
            return
        self._stage(0.0, "starting")
        self._store.begin(operation_id)
        try:
            done = work()
        except Exception as error:
            self._store.fail(operation_id, _told(error, operation_id), self._stage.now.stage)
        else:
            self._store.succeed(operation_id, done)


def _told(error: Exception, operation_id: str) -> OperationError:
    problem = problem_of(error, operation_id)
    kind = problem.type.rpartition(":")[2]
    if kind == "internal":
        _log.error("operation %s failed unexpectedly: %s", operation_id, place(error))
    return OperationError(kind=kind, message=problem.detail, status=problem.status)
