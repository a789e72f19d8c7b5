"""Takes one engine from a model set to the next, whole or not at all."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.domain.model_set import ModelSet, ServedVersion
from serving.engine.attic import Variants
from serving.engine.catalog import find_numbered, find_pinned
from serving.engine.compiled_model import CompiledModel
from serving.engine.dispatcher import Dispatcher
from serving.engine.self_test import check_answers
from serving.engine.shelf import ModelShelf
from serving.engine.tally import Tally

_log = logging.getLogger(__name__)
EVICTION_GRACE_S = 30.0
"""How long a version that leaves memory may take to answer what it has been asked."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A set that is ready beside what serves."""

    model_set: ModelSet
    arrivals: Mapping[ServedVersion, Variants]


class SetSwitch:
    """Loads a set aside, swaps it in, keeps what left; belongs to the engine's event loop."""

    def __init__(
        self,
        shelf: ModelShelf,
        dispatcher: Dispatcher,
        tally: Tally,
        repositories: Sequence[Path],
    ) -> None:
        self._shelf = shelf
        self._dispatcher = dispatcher
        self._tally = tally
        self._repositories = repositories
        self._lock = asyncio.Lock()
        self._stage: Stage | None = None
        self._evictions: set[asyncio.Task[None]] = set()

    @property
    def prepared(self) -> int | None:
        """Generation of the set that is ready to be swapped in."""
        return self._stage.model_set.generation if self._stage else None

    async def prepare(self, model_set: ModelSet) -> None:
        """Loads, warms up and self-tests what of the set does not serve yet; serves nothing of it.

        A set prepared before and not activated is let go. Raises CorruptModel and InvalidRequest,
        then nothing has changed.
        """
        async with self._lock:
            if self._stage is not None and self._stage.model_set == model_set:
                return
            self._let_go()
            arrivals: dict[ServedVersion, Variants] = {}
            try:
                for pin in model_set.versions:
                    if not self._shelf.holds(pin):
                        arrivals[pin] = self._shelf.attic.take(pin) or await self._load(pin)
            except BaseException:
                self._put_away(arrivals)
                raise
            self._stage = Stage(model_set, arrivals)

    async def activate(self, model_set: ModelSet) -> None:
        """Serves the committed set from now on, prepared or not; raises as `prepare` does."""
        await self.prepare(model_set)
        async with self._lock:
            assert self._stage is not None, "just prepared"
            self._swap(self._stage)
            self._stage = None
        self._evict()

    async def discard(self) -> None:
        """Lets a prepared set go."""
        async with self._lock:
            self._let_go()
        self._evict()

    async def revive(self, name: str, number: int) -> CompiledModel:
        """A version that serves no longer, loaded for a job that was accepted while it did.

        Raises CorruptModel.
        """
        async with self._lock:
            found = self._shelf.find_retired(name, number, None)
            if found is not None:
                return found
            version = find_numbered(self._repositories, name, number)
            model = await self._shelf.load_aside(version)
            self._shelf.attic.keep(version.pin, {model.variant: model})
        self._evict()
        return model

    async def _load(self, pin: ServedVersion) -> Variants:
        version = await asyncio.to_thread(find_pinned, self._repositories, pin)
        made = [await self._shelf.load_aside(version)]
        try:
            await asyncio.to_thread(check_answers, made[0])
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)
            await self._shelf.forget(made, *pin.key)
            raise
        return {made[0].variant: made[0]}

    def _swap(self, stage: Stage) -> None:
        before = {model.version.key for model in self._shelf.defaults()}
        self._shelf.switch(stage.model_set, stage.arrivals)
        after = stage.model_set.keys
        for key in before - after:
            self._tally.close(*key)
        for key in after - before:
            self._tally.open(*key)

    def _let_go(self) -> None:
        if self._stage is not None:
            self._put_away(self._stage.arrivals)
            self._stage = None

    def _put_away(self, arrivals: Mapping[ServedVersion, Variants]) -> None:
        """What was loaded and serves nobody is kept like what has served: it may be wanted soon."""
        for pin, variants in arrivals.items():
            self._shelf.attic.keep(pin, variants)

    def _evict(self) -> None:
        for pin, models in self._shelf.attic.surplus():
            task = asyncio.ensure_future(self._forget(pin, models))
            self._evictions.add(task)
            task.add_done_callback(self._evictions.discard)

    async def _forget(self, pin: ServedVersion, models: list[CompiledModel]) -> None:
        await self._dispatcher.drain_models(models, EVICTION_GRACE_S)
        await self._shelf.forget(models, *pin.key)
        _log.info(
            "a retired version left memory", extra={"model": pin.name, "version": pin.version}
        )
