"""Runs queued work on the slots."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from serving.domain.errors import (
    AiboxError,
    DeadlineExceeded,
    InvalidRequest,
    ModelNotFound,
    ModelNotReady,
)
from serving.domain.lane import Lane
from serving.domain.observer import InferenceObserver
from serving.engine.compiled_model import CompiledModel
from serving.engine.runner import Runner
from serving.engine.slot_loan import SlotLoan
from serving.engine.slot_queue import SlotQueue, Ticket
from serving.engine.work import Work

_log = logging.getLogger(__name__)
_FAILURE_CHECK_S = 0.05
_DRAIN_CHECK_S = 0.01

Reload = Callable[[CompiledModel], Awaitable[None]]


class Dispatcher:
    """Takes work from the queue onto free slots; belongs to one event loop.

    A request costs one trip to an OpenVINO stream and back, or none where the model is quick:
    that one runs on the spot, on a slot as well.
    """

    def __init__(
        self,
        slots: int,
        max_requests: int,
        max_bytes: int,
        reload: Reload,
        observer: InferenceObserver,
    ) -> None:
        self.slots = slots
        self.last_ended_s = float("-inf")
        self._queue: SlotQueue[Work | SlotLoan] = SlotQueue(slots, max_requests, max_bytes, _expire)
        self._reload = reload
        self._observer = observer
        self._idle = asyncio.Event()
        self._idle.set()
        self._repairs: dict[CompiledModel, asyncio.Task[None]] = {}
        self._running: set[Work] = set()

    @property
    def load(self) -> int:
        """Requests waiting or running."""
        return self._queue.waiting + self._queue.busy

    @property
    def interactive_load(self) -> int:
        """The same without the batch lane."""
        running = sum(work.request.lane is not Lane.BATCH for work in self._running)
        return self._queue.waiting_interactive + running

    async def run(self, work: Work) -> None:
        """Runs the work when its turn comes; its outputs are then in it.

        Raises Overloaded, DeadlineExceeded, and InvalidRequest or ModelNotReady where the
        inference itself fails.
        """
        request = work.request
        ticket = self._queue.enter(
            work, request.lane, work.payload_bytes, request.deadline_s, time.monotonic()
        )
        self._fill_slots()
        timer = self._deadline_timer(ticket)
        try:
            await work.ended
        except asyncio.CancelledError:
            if self._queue.leave(ticket):
                self._tell_load()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def borrow(self) -> SlotLoan:
        """A loan that is granted in the batch lane's turn. Raises Overloaded."""
        loan = SlotLoan(asyncio.get_running_loop().create_future())
        loan.ticket = self._queue.enter(loan, Lane.BATCH, 0, None, time.monotonic())
        self._fill_slots()
        return loan

    def hurry(self, loan: SlotLoan) -> None:
        """Moves a loan that still waits to the front. Raises Overloaded, the loan then ended."""
        if loan.ticket is not None and self._queue.leave(loan.ticket):
            loan.ticket = self._queue.enter(loan, Lane.STAT, 0, None, time.monotonic())
            self._fill_slots()

    def give_back(self) -> None:
        """Ends a loan."""
        self._queue.release()
        self._fill_slots()

    async def drain(self, grace_s: float) -> None:
        """Waits until nothing runs or waits; refuses what still waits after `grace_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace_s)
        while (ticket := self._queue.pop_waiting()) is not None:
            ticket.item.fail(ModelNotReady("the engine is shutting down; try again later"))

    async def drain_models(self, models: Collection[CompiledModel], grace_s: float) -> None:
        """Waits until nothing of these models runs or waits, for `grace_s` at most.

        What still waits then is answered with ModelNotFound; what still runs is let run.
        """
        give_up_s = time.monotonic() + grace_s
        while self._uses(models):
            if time.monotonic() >= give_up_s:
                self._turn_away(models)
                return
            await asyncio.sleep(_DRAIN_CHECK_S)

    def _uses(self, models: Collection[CompiledModel]) -> bool:
        return any(work.model in models for work in self._running) or any(
            ticket.item.model in models for ticket in self._queue.tickets()
        )

    def _turn_away(self, models: Collection[CompiledModel]) -> None:
        for ticket in list(self._queue.tickets()):
            model = ticket.item.model
            if model is not None and model in models:
                self._queue.leave(ticket)
                ticket.item.fail(ModelNotFound(f"model {model.status.name} is no longer served"))
        self._tell_load()

    def _fill_slots(self) -> None:
        while (ticket := self._queue.take(time.monotonic())) is not None:
            if isinstance(ticket.item, SlotLoan):
                ticket.item.grant()
                continue
            self._running.add(ticket.item)
            ran_here = self._start(ticket.item)
            if ran_here and self._queue.waiting:
                asyncio.get_running_loop().call_soon(self._fill_slots)  # let the loop breathe
                break
        self._tell_load()

    def _start(self, work: Work) -> bool:
        """Starts work on a slot already taken; True where it has ended too."""
        repair = self._repairs.get(work.model)
        if repair is not None:
            repair.add_done_callback(lambda _: self._start_after_repair(work))
            return False
        work.started_s = time.monotonic()
        work.runner = runner = work.model.lend(work.inputs)
        try:
            runner.prepare(work.inputs)
            work.inferring_s = time.monotonic()
            if work.model.runs_quickly(work.payload_bytes):
                runner.run()
                self._complete(work, runner)
                return True
            self._run_on_stream(work, runner)
        except (RuntimeError, ValueError, TypeError):
            self._fail(work)
        return False

    def _start_after_repair(self, work: Work) -> None:
        if self._start(work):
            self._fill_slots()

    def _run_on_stream(self, work: Work, runner: Runner) -> None:
        loop = asyncio.get_running_loop()
        work.watch = loop.call_later(_FAILURE_CHECK_S, self._watch, work, runner)
        call = partial(loop.call_soon_threadsafe, self._back_in_the_loop, weakref.ref(work))
        runner.start(call)

    def _back_in_the_loop(self, ref: weakref.ref[Work]) -> None:
        work = ref()
        if work is not None and work.runner is not None:
            work.unwatch()
            self._complete(work, work.runner)
            self._fill_slots()

    def _watch(self, work: Work, runner: Runner) -> None:
        """OpenVINO tells nobody of a failed inference: look for it from time to time."""
        if work.runner is not runner:
            return
        if runner.failed():
            self._fail(work)
        else:
            loop = asyncio.get_running_loop()
            work.watch = loop.call_later(_FAILURE_CHECK_S, self._watch, work, runner)

    def _complete(self, work: Work, runner: Runner) -> None:
        inferred_s = time.monotonic()
        work.outputs = runner.collect(work.wanted)
        work.model.give_back(runner)
        work.runner = None
        self.last_ended_s = time.monotonic()
        work.parts_s = (
            work.inferring_s - work.started_s,
            inferred_s - work.inferring_s,
            self.last_ended_s - inferred_s,
        )
        work.model.pace.add(work.parts_s[1], work.payload_bytes)
        work.succeed()
        self._release(work)

    def _fail(self, work: Work) -> None:
        """Answers at once, then keeps the slot until the model is compiled anew."""
        work.runner = None
        work.unwatch()
        work.fail(_inference_error(work))
        repair = self._repairs.get(work.model)
        if repair is None:
            repair = asyncio.ensure_future(self._repair(work.model))
            self._repairs[work.model] = repair
            repair.add_done_callback(lambda _: self._repairs.pop(work.model))
        repair.add_done_callback(lambda _: self._free_slot(work))

    async def _repair(self, model: CompiledModel) -> None:
        try:
            await self._reload(model)
        except AiboxError as error:
            _log.error("model cannot be loaded again: %s", type(error).__name__)

    def _free_slot(self, work: Work) -> None:
        self._release(work)
        self._fill_slots()

    def _release(self, work: Work) -> None:
        self._running.discard(work)
        self._queue.release()

    def _deadline_timer(self, ticket: Ticket[Work | SlotLoan]) -> asyncio.TimerHandle | None:
        if ticket.deadline_s is None or not ticket.waiting:
            return None
        delay_s = ticket.deadline_s - time.monotonic()
        return asyncio.get_running_loop().call_later(delay_s, self._expire_waiting, ticket)

    def _expire_waiting(self, ticket: Ticket[Work | SlotLoan]) -> None:
        if self._queue.leave(ticket):
            _expire(ticket.item)
            self._tell_load()

    def _tell_load(self) -> None:
        queue = self._queue
        if self.load:
            self._idle.clear()
        else:
            self._idle.set()
        self._observer.load_changed(queue.waiting, queue.waiting_bytes, queue.busy, queue.slots)


def _expire(work: Work | SlotLoan) -> None:
    work.fail(DeadlineExceeded("the deadline passed while the request waited for a slot"))


def _inference_error(work: Work) -> AiboxError:
    name = work.model.status.name
    if work.model.is_static:
        return ModelNotReady(f"an inference of model {name} failed; the model is being reloaded")
    shapes = ", ".join(f"{t.name} {list(t.array.shape)}" for t in work.inputs)
    return InvalidRequest(
        f"model {name} cannot run on inputs of these shapes together: {shapes}; "
        "each is allowed by itself"
    )
