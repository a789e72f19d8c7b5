"""The engine inside this very process, for tests and the command line; no server, no Ray."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from serving.domain.cpu_plan import NodePlan
from serving.domain.inference import ModelStatus
from serving.domain.lane import Lane
from serving.domain.manifest import ModelManifest
from serving.domain.model_set import ModelSet
from serving.domain.slices import Progress
from serving.engine.engine import InferenceEngine
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.settings import EngineSettings
from serving.engine.stack import predict_stack

T = TypeVar("T")


class LocalEngine:
    """A context: an engine started on an event loop in a thread of its own."""

    def __init__(
        self,
        settings: EngineSettings,
        cache_dir: Path,
        node: NodePlan | None = None,
        model_set: ModelSet | None = None,
    ) -> None:
        """`node` None: the first node of this machine's plan; `model_set` None: all versions."""
        self._model_set = model_set
        plan_node = node or make_plan(read_machine(), settings).nodes[0]
        self.engine = InferenceEngine(settings, plan_node, cache_dir)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="local-engine", daemon=True
        )

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the engine's loop and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def model(
        self,
        name: str,
        lane: Lane = Lane.ROUTINE,
        precision: str | None = None,
        version: int | None = None,
    ) -> LocalSliceModel:
        """A `SliceModel` on this engine; a version that does not serve is loaded for it.

        Raises ModelNotFound, CorruptModel.
        """
        return LocalSliceModel(self, name, lane, precision, version)

    def __enter__(self) -> LocalEngine:
        self._thread.start()
        self.call(self.engine.start(self._model_set))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.call(self.engine.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class LocalSliceModel:
    """Implements `serving.domain.slices.SliceModel` on a LocalEngine."""

    def __init__(
        self,
        local: LocalEngine,
        name: str,
        lane: Lane,
        precision: str | None,
        version: int | None,
    ) -> None:
        self._local = local
        self._lane = lane
        self._status, self._manifest = local.call(local.engine.describe(name, version))
        if precision:
            self._status = local.call(local.engine.prepare(name, version, precision))

    @property
    def status(self) -> ModelStatus:
        return self._status

    @property
    def manifest(self) -> ModelManifest:
        return self._manifest

    def predict(self, slices_hu: NDArray[np.int16], progress: Progress) -> NDArray[np.float32]:
        """Probabilities (n, rows, columns) for slices (n, rows, columns) in Hounsfield units.

        `progress` is called in the caller's thread. Raises AiboxError and what `progress` raises.
        """
        out = np.empty(slices_hu.shape, np.float32)
        stack = predict_stack(
            self._local.engine,
            self._status.name,
            slices_hu,
            out,
            self._lane,
            self._status.precision,
            self._status.version,
        )
        try:
            while (done := self._local.call(_next(stack))) is not None:
                progress(done / len(slices_hu), f"model {self._status.name}")
        finally:
            self._local.call(stack.aclose())
        return out


async def _next(stack: Any) -> int | None:
    done: int | None = await anext(stack, None)
    return done
