"""A slot lent to work of the engine itself, such as the first inferences of a new version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from serving.domain.errors import AiboxError, Overloaded

_RETRY_S = 0.05

Turn = Callable[[], AbstractContextManager[None]]
"""What runs inside takes turns with the requests of callers; called from a thread."""


def no_turn() -> AbstractContextManager[None]:
    """Nobody else is at work."""
    return nullcontext()


@dataclass(slots=True, eq=False)
class SlotLoan:
    """Waits in the batch lane like a request, then holds a slot until it is given back."""

    granted: asyncio.Future[None]
    model: None = None
    """No model's work: loading and unloading need not wait for it."""

    def grant(self) -> None:
        if not self.granted.done():
            self.granted.set_result(None)

    def fail(self, error: AiboxError) -> None:
        """The engine is shutting down, or the queue was emptied."""
        if not self.granted.done():
            self.granted.set_exception(error)


class TurnTaker:
    """A `Turn` over one dispatcher's slots, for threads beside its event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        borrow: Callable[[], asyncio.Future[None]],
        give_back: Callable[[], None],
    ) -> None:
        """`borrow` and `give_back` are called on the loop."""
        self._loop = loop
        self._borrow = borrow
        self._give_back = give_back

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Holds a slot. Raises what the engine refuses a request with."""
        asyncio.run_coroutine_threadsafe(self._wait(), self._loop).result()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._give_back)

    async def _wait(self) -> None:
        while True:
            try:
                return await self._borrow()
            except Overloaded:  # so many requests wait that batch work is not let in
                await asyncio.sleep(_RETRY_S)
