"""The inference engine of one node: every model behind one queue and a few slots."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import AiboxError, DeadlineExceeded, ModelNotFound, ModelNotReady
from serving.domain.inference import (
    InferenceRequest,
    InferenceResponse,
    ModelStatistics,
    ModelStatus,
    Version,
)
from serving.domain.manifest import ModelManifest
from serving.domain.model_set import ModelSet
from serving.domain.observer import InferenceObserver, SilentObserver
from serving.engine.catalog import ModelVersion, RefusedVersion, scan
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.dispatcher import Dispatcher
from serving.engine.set_switch import SetSwitch
from serving.engine.settings import GIB, EngineSettings
from serving.engine.shelf import ModelShelf
from serving.engine.slot_loan import TurnTaker
from serving.engine.tally import Tally
from serving.engine.validation import order_inputs, select_outputs
from serving.engine.work import Work

_log = logging.getLogger(__name__)
FRESH_S = 5.0
"""An inference that ended within this time shows that the engine is well."""
UNLOAD_GRACE_S = 30.0
"""How long an unloaded version may take to answer what it has been asked."""


class InferenceEngine:
    """Implements `serving.domain.inference.InferenceBackend`; belongs to one event loop."""

    def __init__(
        self,
        settings: EngineSettings,
        plan_node: NodePlan,
        cache_dir: Path,
        observer: InferenceObserver | None = None,
    ) -> None:
        """`cache_dir` holds compiled models; it is made when needed."""
        self._settings = settings
        self._observer = observer or SilentObserver()
        # Each node has its own: OpenVINO does not lock a cache against other processes.
        node_cache = cache_dir / f"node-{plan_node.index}" if settings.compile_cache else None
        options = CompileOptions.for_node(plan_node, node_cache)
        self._shelf = ModelShelf(options, settings.precisions, int(settings.max_retired_gb * GIB))
        self._tally = Tally()
        self._dispatcher = Dispatcher(
            plan_node.slots,
            settings.max_queue_requests,
            settings.max_queue_bytes,
            self._shelf.reload,
            self._observer,
        )
        self.sets = SetSwitch(self._shelf, self._dispatcher, self._tally, settings.repositories)
        """Takes this engine from one model set to the next."""
        self._prober = ThreadPoolExecutor(1, "health-probe")
        self._open = False

    @property
    def slots(self) -> int:
        """Inferences that run at a time."""
        return self._dispatcher.slots

    @property
    def refused(self) -> tuple[RefusedVersion, ...]:
        """Versions found and not served, and why."""
        return self._shelf.refused

    async def start(self, model_set: ModelSet | None = None) -> None:
        """Loads and warms up every version found, or just those of a set.

        Broken ones end up in `refused`.
        """
        catalog = scan(self._settings.repositories)
        if model_set is not None:
            catalog = catalog.only(model_set)
        self._shelf.turn = TurnTaker(asyncio.get_running_loop(), self._dispatcher)
        await self._shelf.load_all(catalog, model_set.labels if model_set else None)
        for model in self._shelf.defaults():
            self._tally.open(*model.version.key)
        self._open = True

    async def load(self, folder: Path) -> ModelStatus:
        """Verifies, compiles and warms up a version beside what serves, then serves it.

        Raises VersionExists where that version is loaded or being loaded, CorruptModel,
        ModelNotReady where the engine is not open, and InvalidRequest where the settings ask for
        a precision that it cannot be served in. Until it ends well nothing has changed.
        """
        self._check_open()
        version = await asyncio.to_thread(ModelVersion.read, folder)
        model = await self._shelf.load(version)
        self._tally.open(*version.key)
        return model.status

    async def unload(self, name: str, version: int, grace_s: float = UNLOAD_GRACE_S) -> None:
        """Serves a version no longer and gives its memory back.

        New requests get ModelNotFound at once. Those queued or running are answered; what still
        waits after `grace_s` gets ModelNotFound too. Raises ModelNotFound.
        """
        models = self._shelf.remove(name, version)
        self._tally.close(name, version)
        await self._dispatcher.drain_models(models, grace_s)
        await self._shelf.forget(models, name, version)

    async def infer(self, request: InferenceRequest) -> InferenceResponse:
        """Answers one request.

        Raises InvalidRequest, ModelNotFound, ModelNotReady, Overloaded, DeadlineExceeded.
        """
        entered_s = time.monotonic()
        model: CompiledModel | None = None
        try:
            model = await self._ready(request)
            work = _checked(model, request)
            await self._dispatcher.run(work)
        except (AiboxError, asyncio.CancelledError) as error:
            self._count_refusal(request, model, error, time.monotonic() - entered_s)
            raise
        return self._answer(work)

    def status(
        self, name: str, version: Version = None, precision: str | None = None
    ) -> ModelStatus:
        """The version that would answer, as compiled.

        Raises ModelNotFound, and ModelNotReady for a precision that nobody has asked for yet.
        """
        model = self._shelf.find(name, version, precision)
        if model is None:
            raise ModelNotReady(
                f"precision {precision} of model {name} is compiled at its first request"
            )
        return model.status

    async def prepare(
        self, name: str, version: Version, precision: str | None, *, pinned: bool = False
    ) -> ModelStatus:
        """Like `status`, compiling the precision, or a `pinned` version, now where need be."""
        request = InferenceRequest(name, (), version, precision=precision, pinned=pinned)
        model = await self._ready(request)
        return model.status

    async def describe(self, name: str, version: int | None) -> tuple[ModelStatus, ModelManifest]:
        """A version as compiled, and its manifest; one that serves no longer too.

        Raises ModelNotFound, and CorruptModel where such a one cannot be loaded again.
        """
        request = InferenceRequest(name, (), version, pinned=True)
        model = await self._ready(request)
        return model.status, model.version.manifest

    def statuses(self) -> Sequence[ModelStatus]:
        """Every served version in its default precision, by name and version."""
        return self._shelf.statuses()

    def manifest(self, name: str, version: Version = None) -> ModelManifest:
        """What a served version says of itself. Raises ModelNotFound."""
        return self._shelf.manifest(name, version)

    def statistics(self, name: str = "", version: Version = None) -> Sequence[ModelStatistics]:
        """Counters of the models that match; an empty name means all. Raises ModelNotFound."""
        number = version if isinstance(version, int) else None
        if name:
            found = self._shelf.default(name, version)
            number = found.status.version if version is not None else None
        return self._tally.select(name, number)

    def queue_length(self) -> int:
        """Requests waiting or running now."""
        return self._dispatcher.load

    def interactive_load(self) -> int:
        """The same without the batch lane."""
        return self._dispatcher.interactive_load

    async def probe(self, timeout_s: float = 10.0) -> bool:
        """Whether an inference ended in the last seconds, or else one ends now.

        It runs on the reserve of the quickest model, outside the queue: a busy engine is no sick
        one. An engine without any model that can be probed is well once it is open.
        """
        if not self._open:
            return False
        if time.monotonic() - self._dispatcher.last_ended_s < FRESH_S:
            return True
        models = [model for model in self._shelf.defaults() if model.can_probe]
        if not models:
            return True
        quickest = min(models, key=lambda model: model.pace.average_s or 0.0)
        running = asyncio.get_running_loop().run_in_executor(self._prober, quickest.probe)
        try:
            await asyncio.wait_for(running, timeout_s)
        except (RuntimeError, TimeoutError) as error:
            _log.error("health probe failed", extra={"error": type(error).__name__})
            return False
        return True

    async def close(self, grace_s: float = 15.0) -> None:
        """Takes no more requests and ends those it has; what waits after `grace_s` is refused."""
        self._open = False
        await self._dispatcher.drain(grace_s)
        self._prober.shutdown(wait=False, cancel_futures=True)
        self._shelf.close()

    def _check_open(self) -> None:
        if not self._open:
            raise ModelNotReady("the engine is starting or shutting down; try again later")

    async def _ready(self, request: InferenceRequest) -> CompiledModel:
        """The model that answers, compiled now where need be; a retired one for a pinned request.

        Raises ModelNotReady, ModelNotFound, CorruptModel.
        """
        self._check_open()
        name, version, precision = request.model_name, request.model_version, request.precision
        if request.pinned and isinstance(version, int) and not self._shelf.serves(name, version):
            retired = self._shelf.find_retired(name, version, precision)
            return retired or await self.sets.revive(name, version)
        found = self._shelf.find(name, version, precision)
        return found or await self._shelf.fetch(name, version, precision or "")

    def _answer(self, work: Work) -> InferenceResponse:
        status = work.model.status
        queue_s = work.started_s - work.entered_s
        self._tally.succeeded(status, work.request, queue_s, work.parts_s)
        response = InferenceResponse(
            model_name=status.name,
            model_version=status.version,
            precision=status.precision,
            outputs=work.outputs,
            queue_s=queue_s,
            compute_s=work.parts_s[1],
        )
        self._observer.answered(work.request.lane, response)
        return response

    def _count_refusal(
        self,
        request: InferenceRequest,
        model: CompiledModel | None,
        error: BaseException,
        duration_s: float,
    ) -> None:
        name = ""
        if model is not None:
            name = model.status.name
            self._tally.failed(model.status, duration_s)
        elif not isinstance(error, ModelNotFound | ModelNotReady | DeadlineExceeded):
            name = request.model_name
        self._observer.refused(request.lane, name, type(error).__name__)


def _checked(model: CompiledModel, request: InferenceRequest) -> Work:
    status = model.status
    inputs = order_inputs(status.inputs, request.inputs)
    model.frames.check(status.inputs, inputs)
    return Work(
        model,
        request,
        inputs,
        select_outputs(status.outputs, request.outputs),
        asyncio.get_running_loop().create_future(),
        time.monotonic(),
        request.payload_bytes,
    )
