"""RadiomicsService over a real server, store and spool, with the shipped client; no Ray."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from aibox.v1 import job_pb2, radiomics_pb2, radiomics_pb2_grpc

from appliance.client import AiboxClient
from appliance.client.radiomics_calls import JobOptions
from serving.dicom.settings import DicomSettings
from serving.domain.errors import IllegalTransition, InvalidRequest
from serving.domain.job import JobState
from serving.domain.lane import Lane
from serving.domain.radiomics import RADIOMICS_KINDS
from serving.jobs.attempt import Workshop
from serving.jobs.radiomics_intake import CohortIntake
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings, JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker
from serving.radiomics.job.extract_job import ExtractJob
from serving.radiomics.job.request_check import RadiomicsCheck
from serving.radiomics.job.settings import RadiomicsSettings
from serving.rpc.job_servicer import JobServicer, job_service
from serving.rpc.radiomics_servicer import RadiomicsServicer, radiomics_service
from serving.rpc.readiness import Readiness
from serving.rpc.server import build_server
from serving.rpc.settings import GrpcSettings
from tests.integration.radiomics.inline_pool import InlinePool
from tests.unit.radiomics.cohort_files import write_cohort

STATISTICS = '{"families": ["statistics"]}'
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class SmallBox:
    """What a test needs to see of the box."""

    address: str
    state: Path
    pool: InlinePool

    async def call(self, ask: Callable[[AiboxClient], Answer]) -> Answer:
        """Asks by the shipped client, whose calls block."""

        def run() -> Answer:
            with AiboxClient(self.address) as client:
                return ask(client)

        return await asyncio.to_thread(run)

    @property
    def spooled(self) -> list[str]:
        return sorted(path.name for path in (self.state / "spool").iterdir())


@pytest.fixture
async def small_box(tmp_path: Path) -> AsyncIterator[SmallBox]:
    state = tmp_path / "state"
    settings = JobSettings(
        progress_s=0.02, poll_s=0.02, intake=IntakeSettings(min_free_disk_gb=0.0)
    )
    store = JobStore(state / "jobs.sqlite")
    spool = Spool(state / "spool", settings.intake)
    results = ResultStore(state / "results")
    radiomics = RadiomicsSettings()
    check = RadiomicsCheck(radiomics)
    intake = CohortIntake(store, spool, results, check, settings.intake, "1.0")
    services = [
        radiomics_service(RadiomicsServicer(intake)),
        job_service(JobServicer(store, results)),
    ]
    server = build_server(GrpcSettings(port=0, grace_s=0.5), services, Readiness())
    pool = InlinePool()
    extract = ExtractJob(radiomics, DicomSettings(), lambda: pool, "1.0")
    pipelines = {extract.info.name: extract}
    shop = Workshop(store, spool, results, pipelines, _no_model, settings, kinds=RADIOMICS_KINDS)
    stop = threading.Event()
    worker = threading.Thread(target=JobWorker(shop).run_forever, args=(stop,))
    await server.start()
    worker.start()
    yield SmallBox(server.address, state, pool)
    await server.stop()
    stop.set()
    worker.join(10)
    store.close()


async def test_a_cohort_goes_in_and_a_table_comes_out(small_box: SmallBox, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", good=3)

    def extract(client: AiboxClient) -> list[str]:
        sent: list[tuple[int, int]] = []
        options = JobOptions(progress=lambda done, total: sent.append((done, total)))
        job = client.radiomics.extract(cohort.manifest, settings_json=STATISTICS, options=options)
        assert job.request.lane is Lane.BATCH
        assert sent[-1][0] == sent[-1][1] > 0
        again = client.radiomics.extract(cohort.manifest, settings_json=STATISTICS)
        assert again.job_id == job.job_id
        ended = client.wait(job.job_id)
        assert ended.state is JobState.DONE, ended.error_message
        return [path.name for path in client.fetch(ended, tmp_path / "out")]

    names = await small_box.call(extract)
    assert names == ["features.csv", "features.parquet", "summary.json"]
    # A job is done before its spool is emptied: a crash in between must not lose the result.
    await asyncio.to_thread(_until, lambda: small_box.spooled == [])
    table = (tmp_path / "out" / "features.csv").read_text()
    assert table.count("patient-") == 13


async def test_names_of_the_client_stay_with_the_client(
    small_box: SmallBox, tmp_path: Path
) -> None:
    cohort = write_cohort(tmp_path / "cohort", good=1, broken=False)
    small_box.pool.hold()
    job = await small_box.call(lambda client: client.radiomics.extract(cohort.manifest))
    folder = small_box.state / "spool" / job.job_id / "input"
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert names == [
        "cases/1/image/000000.nii.gz",
        "cases/1/mask/000000.nii.gz",
        "manifest.csv",
    ]
    assert "image-001" not in (folder / "manifest.csv").read_text()


async def test_a_cohort_at_work_is_cancelled(small_box: SmallBox, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", good=1, broken=False)
    small_box.pool.hold()
    job = await small_box.call(lambda client: client.radiomics.extract(cohort.manifest))
    cancelled = await small_box.call(lambda client: _cancel_at_work(client, job.job_id))
    assert cancelled is JobState.CANCELLED
    assert small_box.pool.stopped
    await asyncio.to_thread(_until, lambda: small_box.spooled == [])


async def test_what_is_refused_leaves_nothing(small_box: SmallBox, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", good=1, broken=False)
    for ask, error, words in (
        (lambda c: c.radiomics.extract(cohort.manifest, preset="x"), InvalidRequest, "preset"),
        (
            lambda c: c.radiomics.extract(cohort.manifest, in_place=True),
            InvalidRequest,
            r"radiomics\.data_folders",
        ),
        (lambda c: c.radiomics.train("none", name="m"), Exception, "no such job"),
    ):
        with pytest.raises(error, match=words):
            await small_box.call(ask)
    assert small_box.spooled == []


async def test_train_wants_a_done_extract_job(small_box: SmallBox, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", good=1, broken=False)
    small_box.pool.hold()
    job = await small_box.call(lambda client: client.radiomics.extract(cohort.manifest))
    with pytest.raises(IllegalTransition, match="once it is done"):
        await small_box.call(lambda client: client.radiomics.train(job.job_id, name="m"))
    await small_box.call(lambda client: client.cancel(job.job_id))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "first message"),
        ([radiomics_pb2.InputChunk(name="a", data=b"1", last=True)], "first message"),
        ([radiomics_pb2.RadiomicsHeader(), radiomics_pb2.RadiomicsHeader()], "chunks of files"),
        ([radiomics_pb2.RadiomicsHeader(model_name="x" * 65)], "model_name"),
        ([radiomics_pb2.RadiomicsHeader(priority=9)], "priority"),
        (
            [radiomics_pb2.RadiomicsHeader(), radiomics_pb2.InputChunk(name="a", data=b"1")],
            "last chunk",
        ),
    ],
)
async def test_a_malformed_stream_is_one_sentence(
    small_box: SmallBox, parts: list[object], words: str
) -> None:
    def requests() -> Iterator[radiomics_pb2.RadiomicsRequest]:
        for part in parts:
            header = isinstance(part, radiomics_pb2.RadiomicsHeader)
            yield radiomics_pb2.RadiomicsRequest(**{"header" if header else "chunk": part})

    def call() -> job_pb2.Job:
        with grpc.insecure_channel(small_box.address) as channel:
            return radiomics_pb2_grpc.RadiomicsServiceStub(channel).Extract(requests())

    with pytest.raises(grpc.RpcError) as refused:
        await asyncio.to_thread(call)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert words in refused.value.details()
    assert small_box.spooled == []


def _cancel_at_work(client: AiboxClient, job_id: str) -> JobState:
    for job in client.watch(job_id):
        if job.stage.startswith("case "):
            client.cancel(job_id)
            break
    return client.wait(job_id).state


def _until(holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def _no_model(name: str, lane: Lane) -> object:
    raise AssertionError("radiomics jobs call no model")
