"""The model set that this replica serves, kept to the one committed in the state directory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from serving.domain.errors import AiboxError, IllegalTransition
from serving.domain.model_set import ModelSet, read_model_set
from serving.domain.set_holder import SetState
from serving.engine.engine import InferenceEngine

_log = logging.getLogger(__name__)


class ServedSet:
    """A SetHolder (domain) over one engine. Belongs to the engine's event loop.

    The file is the truth. The switcher tells every replica of a new one; a replica that was just
    starting then finds it by itself (`follow`).
    """

    def __init__(
        self, engine: InferenceEngine, path: Path, node: int, on_change: Callable[[], None]
    ) -> None:
        """`on_change` is called after another set was begun to be served."""
        self._engine = engine
        self._path = path
        self._node = node
        self._on_change = on_change
        self._serving: ModelSet | None = None
        self._seen_ns = 0
        self._lock = asyncio.Lock()

    @property
    def generation(self) -> int:
        """Of the set that serves; 0 where every version found does."""
        return self._serving.generation if self._serving else 0

    def state(self) -> SetState:
        return SetState(self.generation, self._engine.sets.prepared or 0, self._node)

    async def start(self) -> None:
        """Starts the engine with the committed set, with every version found where none is.

        Raises CorruptModel where the file is unreadable.
        """
        self._seen_ns = self._modified_ns()
        self._serving = read_model_set(self._path)
        await self._engine.start(self._serving)

    async def prepare(self, model_set: ModelSet) -> None:
        """Makes a set ready beside what serves. Raises AiboxError; then nothing has changed."""
        if model_set.generation <= self.generation:
            raise IllegalTransition(
                f"generation {model_set.generation} cannot follow {self.generation}"
            )
        await self._engine.sets.prepare(model_set)

    async def activate(self, generation: int) -> None:
        """Serves the committed set. Raises IllegalTransition where an older one is committed."""
        async with self._lock:
            if generation <= self.generation:
                return
            committed = await asyncio.to_thread(read_model_set, self._path)
            if committed is None or committed.generation < generation:
                raise IllegalTransition(f"generation {generation} is not committed")
            await self._engine.sets.activate(committed)
            self._serving = committed
        _log.info("model set served", extra={"generation": self.generation})
        self._on_change()

    async def discard(self, generation: int) -> None:
        """Lets a prepared set go; another than that of `generation` is left."""
        if self._engine.sets.prepared == generation:
            await self._engine.sets.discard()

    async def follow(self) -> None:
        """Serves the committed set where it is another than the one that serves."""
        modified_ns = self._modified_ns()
        if modified_ns == self._seen_ns:
            return
        try:
            committed = await asyncio.to_thread(read_model_set, self._path)
            if committed is not None:
                await self.activate(committed.generation)
        except AiboxError as error:
            _log.error("the committed model set cannot be served: %s", type(error).__name__)
        self._seen_ns = modified_ns

    def _modified_ns(self) -> int:
        try:
            return self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
