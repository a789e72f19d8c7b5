"""The `StudyAnalyzer` deployment: a thin shell around the `JobWorker`."""

from __future__ import annotations

import asyncio
import threading

from ray.serve.handle import DeploymentHandle

from serving.domain.lane import Lane
from serving.domain.slices import SliceModel
from serving.graph.analysis_host import build_worker
from serving.graph.loopback import keep_replica_on_loopback
from serving.graph.remote_slices import RemoteSliceModel
from serving.logs import configure_logging
from serving.settings import ServingSettings


class StudyAnalyzer:
    """Claims jobs from the store by lease and runs their pipelines; no Ray call carries a job."""

    def __init__(self, settings_json: str, model_server: DeploymentHandle) -> None:
        keep_replica_on_loopback()
        settings = ServingSettings.model_validate_json(settings_json)
        configure_logging(settings.state_dir, "analyzer", settings.log)
        self._handle = model_server
        self._stacks_dir = settings.stacks_dir
        self._worker = build_worker(settings, self._slice_model)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._worker.run_forever, args=(self._stop,), name="job-worker", daemon=True
        )
        self._thread.start()

    def _slice_model(self, model_name: str, lane: Lane, version: int | None) -> SliceModel:
        return RemoteSliceModel(self._handle, model_name, lane, self._stacks_dir, version)

    def check_health(self) -> None:
        """Serve restarts this replica when this raises."""
        if not self._thread.is_alive():
            raise RuntimeError("the job worker has ended")

    async def __del__(self) -> None:
        # Serve's only hook at shutdown; running jobs go back to the queue when their lease ends.
        stop = getattr(self, "_stop", None)
        if stop is not None:
            stop.set()
            await asyncio.to_thread(self._thread.join, 10.0)
