"""`AiboxClient`: a box from Python, without a word of gRPC."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType

import grpc
from aibox.v1 import job_pb2, job_pb2_grpc, study_pb2, study_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from appliance.client.bearer import chosen_token, with_token
from appliance.client.channel import ChannelOptions, open_channel
from appliance.client.inference import InferenceCalls, ModelInfo
from appliance.client.jobs import PRIORITY_ON_THE_WIRE, STATE_ON_THE_WIRE, to_job
from appliance.client.radiomics_calls import RadiomicsCalls
from appliance.client.results import save_file, target_path
from appliance.client.status import domain_errors
from appliance.client.upload import SendProgress, Upload
from appliance.errors import BoxUnreachable
from appliance.study_files import open_study
from serving.domain.errors import JobNotFound, ModelNotReady
from serving.domain.job import Job, JobState
from serving.domain.lane import Lane
from serving.domain.tensor import AnyArray

DEFAULT_ADDRESS = "127.0.0.1:8001"
_RETRY_PAUSE_S = 0.5


class AiboxClient:
    """A connection to one box; use as a context manager.

    Every method raises the errors of `serving.domain.errors`, and BoxUnreachable where nothing
    answers.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        timeout_s: float = 60.0,
        *,
        token: str | None = None,
        channel: ChannelOptions | None = None,
    ) -> None:
        """`timeout_s` bounds short calls; uploads, watching and fetching take what they take.

        `channel` says how to know the box by TLS; left out, the connection is in the clear.
        `token` goes with every call; without one, that of `$AIBOX_TOKEN` where it is set. Raises
        ConfigurationError where it would cross a network in the clear.
        """
        self.address = address
        self._timeout_s = timeout_s
        options = channel or ChannelOptions()
        bearer = chosen_token(token, address, secure=options.secure)
        self._channel = with_token(open_channel(address, options), bearer)
        self._jobs = job_pb2_grpc.JobServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._studies = study_pb2_grpc.StudyServiceStub(  # type: ignore[no-untyped-call]
            self._channel
        )
        self._inference = InferenceCalls(self._channel, address, timeout_s)
        self.radiomics = RadiomicsCalls(self._channel, address)
        """Cohorts, feature tables and models: `extract`, `train`, `predict`."""

    def __enter__(self) -> AiboxClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()

    def healthy(self) -> bool:
        """Whether the box answers and says that it serves; never raises."""
        stub = health_pb2_grpc.HealthStub(self._channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=self._timeout_s)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def wait_healthy(self, timeout_s: float) -> bool:
        """Whether the box serves within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while not (healthy := self.healthy()) and time.monotonic() < deadline:
            time.sleep(_RETRY_PAUSE_S)
        return healthy

    def analyze(
        self,
        path: Path | str,
        *,
        pipeline: str = "",
        priority: str | Lane = Lane.ROUTINE,
        idempotency_key: str = "",
        parameters: Mapping[str, str] | None = None,
        progress: SendProgress | None = None,
    ) -> Job:
        """Sends a study (folder, file or zip of DICOM) and returns its job once it is accepted.

        The same study sent again returns the same job.
        """
        lane = priority if isinstance(priority, Lane) else Lane.parse(priority)
        header = study_pb2.AnalyzeHeader(
            pipeline=pipeline,
            priority=PRIORITY_ON_THE_WIRE[lane],
            idempotency_key=idempotency_key,
            parameters=dict(parameters or {}),
        )
        with open_study(Path(path)) as study:
            return self._send(Upload(header, study.instances, progress))

    def _send(self, upload: Upload) -> Job:
        with domain_errors(self.address):
            try:
                return to_job(self._studies.Analyze(upload.requests()))
            except grpc.RpcError:
                if upload.error is not None:
                    raise upload.error from None
                raise

    def job(self, job_id: str) -> Job:
        """The job as it stands. Raises JobNotFound."""
        request = job_pb2.GetJobRequest(job_id=job_id)
        with domain_errors(self.address, JobNotFound):
            return to_job(self._jobs.Get(request, timeout=self._timeout_s))

    def jobs(self, states: Collection[JobState] = (), limit: int = 50) -> list[Job]:
        """Newest first; no states means all."""
        request = job_pb2.ListJobsRequest(
            states=[STATE_ON_THE_WIRE[state] for state in states], limit=limit
        )
        with domain_errors(self.address):
            return [to_job(job) for job in self._jobs.List(request, timeout=self._timeout_s).jobs]

    def watch(self, job_id: str, patience_s: float = 180.0) -> Iterator[Job]:
        """The job now and after every change, until it is final.

        A box that goes away is waited for: it comes back with its jobs. BoxUnreachable is raised
        when it has been away for `patience_s`.
        """
        request = job_pb2.WatchJobRequest(job_id=job_id)
        gone_since: float | None = None
        while True:
            try:
                with domain_errors(self.address, JobNotFound):
                    for wire in self._jobs.Watch(request):
                        gone_since = None
                        yield (job := to_job(wire))
                        if job.state.final:
                            return
            except (BoxUnreachable, ModelNotReady):
                gone_since = gone_since or time.monotonic()
                if time.monotonic() - gone_since > patience_s:
                    raise
            time.sleep(_RETRY_PAUSE_S)

    def wait(self, job_id: str, patience_s: float = 180.0) -> Job:
        """The job once it is final, whether DONE, FAILED or CANCELLED."""
        return deque(self.watch(job_id, patience_s), maxlen=1).pop()

    def cancel(self, job_id: str) -> Job:
        """Asks the job to stop. Raises JobNotFound, IllegalTransition where it is final."""
        request = job_pb2.CancelJobRequest(job_id=job_id)
        with domain_errors(self.address, JobNotFound):
            return to_job(self._jobs.Cancel(request, timeout=self._timeout_s))

    def fetch(self, job: Job, folder: Path | str) -> list[Path]:
        """Writes every result file of a job into `folder`, checked against its digest."""
        return [self.fetch_file(job, file.name, folder) for file in job.files]

    def fetch_file(self, job: Job, name: str, folder: Path | str) -> Path:
        """Writes one result file into `folder`. Raises JobNotFound where the job has none such."""
        known = next((file for file in job.files if file.name == name), None)
        if known is None:
            raise JobNotFound("the job has no result file of that name")
        target = target_path(Path(folder), name)
        with domain_errors(self.address, JobNotFound):
            chunks = self._jobs.Fetch(job_pb2.FetchRequest(job_id=job.job_id, name=name))
            save_file(target, (chunk.data for chunk in chunks), known.sha256)
        return target

    def models(self) -> list[ModelInfo]:
        """Every model version that the box serves."""
        return self._inference.models()

    def infer(
        self,
        model: str,
        inputs: Mapping[str, AnyArray],
        *,
        version: int | None = None,
        outputs: Collection[str] = (),
        priority: str | Lane = Lane.ROUTINE,
        precision: str = "",
        timeout_s: float | None = None,
    ) -> dict[str, AnyArray]:
        """Runs a model on numpy arrays and returns its outputs by name.

        `timeout_s` is a deadline: past it the box drops the request before computing.
        """
        lane = priority if isinstance(priority, Lane) else Lane.parse(priority)
        request = self._inference.request(model, inputs, version, outputs)
        return self._inference.infer(request, lane, precision, timeout_s)
