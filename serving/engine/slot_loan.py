"""A slot lent to work of the engine itself, such as the first inferences of a new version."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from serving.domain.errors import AiboxError, ModelNotReady, Overloaded
from serving.engine.slot_queue import Ticket

_RETRY_S = 0.05
PATIENCE_S = 3.0
"""How long requests of callers go first; at 70 % load a slot mostly falls idle before."""

Turn = Callable[[], AbstractContextManager[None]]
"""What runs inside takes turns with the requests of callers; called from a thread."""


def no_turn() -> AbstractContextManager[None]:
    """Nobody else is at work."""
    return nullcontext()


@dataclass(slots=True, eq=False)
class SlotLoan:
    """Waits in the batch lane like a request, then holds a slot until it is given back."""

    granted: asyncio.Future[None]
    ticket: Ticket[Any] | None = None
    model: None = None
    """No model's work: loading and unloading need not wait for it."""

    def grant(self) -> None:
        if not self.granted.done():
            self.granted.set_result(None)

    def fail(self, error: AiboxError) -> None:
        """The engine is shutting down."""
        if not self.granted.done():
            self.granted.set_exception(error)


class Lender(Protocol):
    """The part of the dispatcher that lends; its methods are called on its loop."""

    def borrow(self) -> SlotLoan: ...

    def hurry(self, loan: SlotLoan) -> None: ...

    def give_back(self) -> None: ...


class TurnTaker:
    """A `Turn` over one dispatcher's slots, for threads beside its event loop.

    It lets the requests of callers pass for a while and no longer: on a box that is never idle a
    new version would else never come to serve. It knows its lender weakly: a ring through models
    and engine would leave compiled models to Python's collector, which destroys them on any
    thread, and OpenVINO 2026.4 crashes at that thread's next inference.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lender: Lender) -> None:
        self._loop = loop
        self._lender = weakref.ref(lender)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Holds a slot. Raises ModelNotReady where the engine is shutting down."""
        asyncio.run_coroutine_threadsafe(self._take(), self._loop).result()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._give_back)

    async def _take(self) -> None:
        while True:
            try:
                return await self._borrowed()
            except Overloaded:  # so many requests wait that batch work is not let in
                await asyncio.sleep(_RETRY_S)

    async def _borrowed(self) -> None:
        lender = self._lender()
        if lender is None:
            raise ModelNotReady("the engine is shutting down; try again later")
        loan = lender.borrow()
        try:
            await asyncio.wait_for(asyncio.shield(loan.granted), PATIENCE_S)
        except TimeoutError:
            lender.hurry(loan)
            await loan.granted

    def _give_back(self) -> None:
        lender = self._lender()
        if lender is not None:
            lender.give_back()
