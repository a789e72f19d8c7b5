"""Studies at a steady rate, STAT and routine ones in turn, whether or not answers come back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from appliance.client import AiboxClient
from serving.domain.job import Job, JobState
from serving.domain.lane import Lane

LANES = (Lane.STAT, Lane.ROUTINE)
_PLACES = 16


@dataclass(frozen=True, slots=True)
class StudyLatency:
    """One study from the moment it was accepted to the moment it was done."""

    lane: Lane
    seconds: float


class StudyStream:
    """Sends the same images again and again, each time as a job of its own."""

    def __init__(self, address: str, images: Path, period_s: float) -> None:
        self._address = address
        self._images = images
        self._period_s = period_s
        self._pool = ThreadPoolExecutor(_PLACES)
        self._sending: Future[list[Future[StudyLatency]]] | None = None

    def start(self, seconds: float) -> StudyStream:
        """Sends for so long, in threads of its own."""
        self._sending = self._pool.submit(self._send, seconds)
        return self

    def finish(self) -> Sequence[StudyLatency]:
        """All of them, once the last is done. Raises RuntimeError where one failed."""
        assert self._sending is not None, "start it first"
        with self._pool:
            return [study.result() for study in self._sending.result()]

    def _send(self, seconds: float) -> list[Future[StudyLatency]]:
        studies: list[Future[StudyLatency]] = []
        start_s = time.monotonic()
        while (planned_s := len(studies) * self._period_s) < seconds:
            time.sleep(max(0.0, start_s + planned_s - time.monotonic()))
            lane = LANES[len(studies) % len(LANES)]
            studies.append(self._pool.submit(self._one, lane))
        return studies

    def _one(self, lane: Lane) -> StudyLatency:
        with AiboxClient(self._address) as client:
            key = uuid.uuid4().hex
            accepted = client.analyze(self._images, priority=lane, idempotency_key=key)
            return StudyLatency(lane, seconds_of(client.wait(accepted.job_id)))


def seconds_of(job: Job) -> float:
    """By the box's clock. Raises RuntimeError where the job is not done."""
    if job.state is not JobState.DONE or job.finished_at is None:
        raise RuntimeError(f"a study ended as {job.state}: {job.error_message}")
    return (job.finished_at - job.created_at).total_seconds()
