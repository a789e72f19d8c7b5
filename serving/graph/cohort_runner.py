"""The `CohortRunner` deployment: a thin shell around the `JobWorker` of radiomics jobs."""

from __future__ import annotations

import asyncio
import threading

from serving.graph.cohort_host import build_cohort_worker, build_governor
from serving.graph.loopback import keep_replica_on_loopback
from serving.logs import configure_logging
from serving.settings import ServingSettings


class CohortRunner:
    """Claims radiomics jobs from the store by lease; their cases are Ray tasks."""

    def __init__(self, settings_json: str) -> None:
        keep_replica_on_loopback()
        settings = ServingSettings.model_validate_json(settings_json)
        configure_logging(settings.state_dir, "cohorts", settings.log)
        self._worker = build_cohort_worker(settings)
        self._stop = threading.Event()
        governor = build_governor(settings)
        if governor is not None:
            threading.Thread(
                target=governor.run, args=(self._stop,), name="batch-governor", daemon=True
            ).start()
        self._thread = threading.Thread(
            target=self._worker.run_forever, args=(self._stop,), name="cohort-worker", daemon=True
        )
        self._thread.start()

    def check_health(self) -> None:
        """Serve restarts this replica when this raises."""
        if not self._thread.is_alive():
            raise RuntimeError("the cohort worker has ended")

    async def __del__(self) -> None:
        # Serve's only hook at shutdown; running jobs go back to the queue when their lease ends.
        stop = getattr(self, "_stop", None)
        if stop is not None:
            stop.set()
            await asyncio.to_thread(self._thread.join, 10.0)
