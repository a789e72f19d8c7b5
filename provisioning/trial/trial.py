"""Tries versions where a crash harms nobody."""

from __future__ import annotations

from pathlib import Path

from provisioning.sandbox import Limits, run_step
from provisioning.trial.order import Tried, TryOrder
from serving.domain.errors import CorruptModel, InvalidRequest
from serving.domain.slices import Progress
from serving.engine.settings import EngineSettings

TRIAL_TIMEOUT_S = 900.0


class SandboxTrial:
    """Tries a version in a child process, with the settings that the replicas run with."""

    def __init__(self, engine: EngineSettings, cache_dir: Path, progress: Progress) -> None:
        """`progress` is told the share done (0..1) and the stage; what it raises ends the trial."""
        self._engine = engine
        self._cache_dir = cache_dir
        self._progress = progress

    def try_version(self, folder: Path, name: str, version: int) -> None:
        """Returns once it was compiled and answered its self-test.

        Raises CorruptModel, also where its process crashed, and DeadlineExceeded.
        """
        order = TryOrder(folder=folder, engine=self._engine, cache_dir=self._cache_dir)
        limits = Limits(wall_s=TRIAL_TIMEOUT_S, idle=True)
        try:
            run_step("try_version", order, Tried, limits, self._progress)
        except InvalidRequest as error:
            raise CorruptModel(
                f"{name} version {version} failed its trial: {error.message}"
            ) from None
