"""The sides of `make bench-study`; only one of them lives at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.client import AiboxClient
from loadtests.bench.contenders.process import clean_environment
from loadtests.bench.contenders.sides import ALLOCATOR
from loadtests.box import OwnBox
from serving.domain.job import JobState
from serving.domain.study_timings import TIMINGS_NAME, StudyTimings
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.settings import EngineSettings

TORCH, TORCH_TUNED = "torch", "torch, tuned"
BOX_FP32, BOX_BF16, BOX_INT8 = "box FP32", "box BF16", "box INT8"
VARIANTS = {BOX_FP32: "fp32", BOX_BF16: "bf16", BOX_INT8: "int8"}


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One whole study on one side, in wall seconds; stages follow each other."""

    side: str
    wall_s: float
    inference_s: float
    stages_s: dict[str, float]
    slices: int
    """That the networks saw."""

    @property
    def outside_share(self) -> float:
        """Share of the wall time during which no network computed."""
        return 1.0 - self.inference_s / self.wall_s


@dataclass(frozen=True, slots=True)
class StudyBench:
    """What every side is given."""

    study: Path
    warm_up: Path
    """A thinned-out study of the same kind: what is compiled or loaded late, is so by it."""
    networks: tuple[str, ...]
    repository: Path

    def run(self, side: str) -> StudyRun:
        """Runs one study on a side from start to end. Raises RuntimeError where it fails."""
        if side in VARIANTS:
            return self._box(side, VARIANTS[side])
        return self._torch(side, tuned=side == TORCH_TUNED)

    def _torch(self, side: str, *, tuned: bool) -> StudyRun:
        command = [sys.executable, "-m", "provisioning.zoo.bench_study"]
        command += ["--study", str(self.study), "--networks", ",".join(self.networks)]
        command += ["--channels-last"] if tuned else []
        settings = clean_environment(os.environ) | (ALLOCATOR if tuned else {})
        done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the pipeline of {side} failed; its last words are above")
        found = json.loads(done.stdout.splitlines()[-1])
        stages_s = found["stages_s"]
        return StudyRun(side, found["wall_s"], stages_s["inference"], stages_s, found["slices"])

    def _box(self, side: str, variant: str) -> StudyRun:
        with (
            OwnBox(box_settings(self.networks, self.repository, variant)) as box,
            AiboxClient(box.address) as client,
        ):
            self._analyse(client, self.warm_up)
            wall_s, timings = self._analyse(client, self.study)
        stages_s = {**timings.stages_s, "inference": timings.inference_s}
        stages_s["lesions"] -= timings.inference_s
        stages_s["upload and queue"] = wall_s - timings.total_s
        return StudyRun(side, wall_s, timings.inference_s, stages_s, timings.lung_slices)

    def _analyse(self, client: AiboxClient, study: Path) -> tuple[float, StudyTimings]:
        """Seconds from before the first byte sent until the job is DONE, and where they went."""
        start = time.perf_counter()
        accepted = client.analyze(study, pipeline="chest_ct", idempotency_key=uuid.uuid4().hex)
        job = client.wait(accepted.job_id)
        wall_s = time.perf_counter() - start
        if job.state is not JobState.DONE:
            raise RuntimeError(f"the box ended the study as {job.state.name}: {job.error_message}")
        with tempfile.TemporaryDirectory(prefix="aibox-bench-") as folder:
            path = client.fetch_file(job, TIMINGS_NAME, folder)
            return wall_s, StudyTimings.model_validate_json(path.read_text("utf-8"))


def box_settings(networks: Sequence[str], repository: Path, variant: str) -> dict[str, str]:
    """A box that serves these networks alone, in one variant, and lets them read studies.

    A stream for each core: the box that reads most studies an hour, where single requests may
    take longer.
    """
    nodes = make_plan(read_machine(), EngineSettings()).nodes
    return {
        "AIBOX__ENGINE__STREAMS": str(
            min(node.streams * node.threads_per_stream for node in nodes)
        ),
        "AIBOX__ENGINE__THREADS_PER_STREAM": "1",
        "AIBOX__ENGINE__REPOSITORIES": json.dumps([str(repository.absolute())]),
        "AIBOX__ENGINE__PRECISIONS": json.dumps(dict.fromkeys(networks, variant)),
        "AIBOX__PIPELINES__CHEST_CT_MODELS": json.dumps(list(networks)),
        "AIBOX__PIPELINES__ALLOW_UNTRAINED": "true",
    }
