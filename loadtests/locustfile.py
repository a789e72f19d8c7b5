"""Load on a running box: single-model calls and whole studies, closed and open loop.

    locust -f loadtests/locustfile.py --host 127.0.0.1:8001 InferUser StudyUser

`InferUser` and `StudyUser` wait for each answer (closed loop); `OpenLoopInferUser` sends at a fixed
rate whether or not answers come back, and is the one to find out what overload does.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import grpc.experimental.gevent as grpc_gevent
import numpy as np
from locust import User, constant, constant_throughput, events, task
from locust.env import Environment

from appliance.client import AiboxClient
from appliance.errors import BoxUnreachable
from provisioning.phantom import small_spec, write_study
from serving.domain.errors import AiboxError
from serving.domain.job import JobState
from serving.domain.tensor import Datatype

grpc_gevent.init_gevent()

DEFAULT_MODEL = "nested_unet_covid"


@events.init_command_line_parser.add_listener
def add_arguments(parser: ArgumentParser) -> None:
    """Options of our own, shown by `locust --help`."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="model of the infer users")
    parser.add_argument("--priority", default="routine", help="stat, routine or batch")
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second, open loop")
    parser.add_argument("--study", default="", help="DICOM of the study users; else synthetic")


class BoxUser(User):
    """Reports every call to locust under a name that holds nothing of a patient."""

    abstract = True

    def on_start(self) -> None:
        """Connects."""
        self.options = self.environment.parsed_options
        self.client = AiboxClient(self.host or "127.0.0.1:8001")

    def on_stop(self) -> None:
        """Hangs up."""
        self.client.close()

    def report(self, kind: str, name: str, call: Callable[[], int]) -> None:
        """Times a call, which returns the bytes that it got."""
        start, error, size = time.perf_counter(), None, 0
        try:
            size = call()
        except (AiboxError, BoxUnreachable) as raised:
            error = raised
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=1e3 * (time.perf_counter() - start),
            response_length=size,
            exception=error,
        )


class ModelUser(BoxUser):
    """Calls one model with zeros."""

    abstract = True

    def on_start(self) -> None:
        """Makes inputs of the shapes that the model declares, dynamic dimensions as 1."""
        super().on_start()
        model = next(m for m in self.client.models() if m.name == self.options.model)
        self.inputs = {
            spec.name: np.zeros([max(1, n) for n in spec.shape], Datatype(spec.datatype).numpy)
            for spec in model.inputs
        }

    def call(self) -> int:
        """One call; the bytes of its answer."""
        options = self.options
        answer = self.client.infer(options.model, self.inputs, priority=options.priority)
        return sum(array.nbytes for array in answer.values())


class InferUser(ModelUser):
    """One model, again as soon as the answer is there."""

    weight = 4
    wait_time = constant(0)

    @task
    def infer(self) -> None:
        """One call."""
        self.report("infer", self.options.model, self.call)


class OpenLoopInferUser(ModelUser):
    """Sends at `--rate`, however long answers take."""

    weight = 1

    def wait_time(self) -> float:
        """The pause until the next departure."""
        return float(constant_throughput(self.options.rate)(self))

    @task
    def infer(self) -> None:
        """Sends one call and does not wait for it."""
        gevent.spawn(self.report, "infer (open loop)", self.options.model, self.call)


class StudyUser(BoxUser):
    """Whole studies, sent, watched to their end, report fetched."""

    weight = 1
    wait_time = constant(0)

    @task
    def analyze(self) -> None:
        """One study under a key of its own, so that every one is analysed anew."""
        self.report("study", "chest_ct", self._call)

    def _call(self) -> int:
        key = uuid.uuid4().hex
        study: Path = self.environment.study  # type: ignore[attr-defined]
        accepted = self.client.analyze(study, priority=self.options.priority, idempotency_key=key)
        job = self.client.wait(accepted.job_id)
        if job.state is not JobState.DONE:
            raise AiboxError(job.error_message or f"the job ended {job.state}")
        with tempfile.TemporaryDirectory() as folder:
            return self.client.fetch_file(job, "report.json", folder).stat().st_size


@events.init.add_listener
def make_study(environment: Environment, **_: Any) -> None:
    """The study that the study users send: a small synthetic one unless `--study` names another."""
    options = environment.parsed_options
    if options is not None and options.study:
        environment.study = Path(options.study)  # type: ignore[attr-defined]
        return
    folder = Path(tempfile.mkdtemp(prefix="aibox-study-"))
    write_study(small_spec(), folder)
    environment.study = folder  # type: ignore[attr-defined]
