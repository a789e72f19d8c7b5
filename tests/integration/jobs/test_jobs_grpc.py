"""Studies in and results out over a real gRPC server, with real DICOM files."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Iterator

import grpc
import pytest
from aibox.v1 import job_pb2, study_pb2, study_pb2_grpc

FINAL = (job_pb2.JOB_STATE_DONE, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED)
CHUNK = 1000


def requests(
    instances: Iterable[bytes], chunk_bytes: int = CHUNK, **header: object
) -> Iterator[study_pb2.AnalyzeRequest]:
    yield study_pb2.AnalyzeRequest(header=study_pb2.AnalyzeHeader(**header))
    for instance in instances:
        starts = range(0, len(instance), chunk_bytes)
        for start in starts:
            chunk = study_pb2.InstanceChunk(
                data=instance[start : start + chunk_bytes], last=start == starts[-1]
            )
            yield study_pb2.AnalyzeRequest(chunk=chunk)


async def final(box, job_id):
    return [job async for job in box.jobs.Watch(job_pb2.WatchJobRequest(job_id=job_id))]


async def fetch(box, job_id, name):
    chunks = box.jobs.Fetch(job_pb2.FetchRequest(job_id=job_id, name=name))
    return [chunk.data async for chunk in chunks]


async def eventually(check, timeout_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline_s, "it never came true"
        await asyncio.sleep(0.02)


async def refused(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_a_study_becomes_a_job_whose_files_can_be_fetched(box, make_slice):
    slices = [make_slice(n) for n in range(5)]
    job = await box.studies.Analyze(requests([*slices, slices[0]], priority=1))
    assert job.priority == job_pb2.PRIORITY_STAT
    assert (job.kind, job.pipeline, job.pipeline_version) == ("study", "chest_ct", "1.0")
    done = (await final(box, job.job_id))[-1]
    assert (done.state, done.progress, done.attempt) == (job_pb2.JOB_STATE_DONE, 1.0, 1)
    assert done.created_at.ToNanoseconds() <= done.finished_at.ToNanoseconds()
    assert b"".join(await fetch(box, job.job_id, "count.txt")) == b"5"
    chunks = await fetch(box, job.job_id, "large.bin")
    assert [len(chunk) for chunk in chunks] == [1 << 20, 1 << 20, 2_560_000 - (1 << 21)]
    told = {file.name: file for file in done.files}
    assert hashlib.sha256(b"".join(chunks)).hexdigest() == told["large.bin"].sha256
    assert b"".join(await fetch(box, job.job_id, "empty.txt")) == b""


async def test_the_same_study_again_is_the_same_job(box, make_slice):
    slices = [make_slice(n) for n in range(3)]
    first = await box.studies.Analyze(requests(slices))
    second = await box.studies.Analyze(requests(reversed(slices), chunk_bytes=1 << 20))
    assert first.job_id == second.job_id
    listed = await box.jobs.List(job_pb2.ListJobsRequest())
    assert [job.job_id for job in listed.jobs] == [first.job_id]


async def test_a_known_key_is_answered_before_the_study_is_sent(box, make_slice):
    first = await box.studies.Analyze(requests([make_slice(0)], idempotency_key="again"))
    sent = []

    async def endless():
        yield study_pb2.AnalyzeRequest(header=study_pb2.AnalyzeHeader(idempotency_key="again"))
        while True:
            sent.append(1)
            yield study_pb2.AnalyzeRequest(chunk=study_pb2.InstanceChunk(data=b"x" * 1000))
            await asyncio.sleep(0.001)

    second = await asyncio.wait_for(box.studies.Analyze(endless()), 10)
    assert second.job_id == first.job_id
    assert len(sent) < 5000


def _analyze_synchronously(address: str, slices: list[bytes], key: str) -> str:
    with grpc.insecure_channel(address) as channel:
        stub = study_pb2_grpc.StudyServiceStub(channel)
        return stub.Analyze(requests(slices, idempotency_key=key), timeout=20).job_id


async def test_a_synchronous_client_gets_the_known_job_too(box, make_slice):
    slices = [make_slice(n, PixelData=bytes(8192)) for n in range(300)]
    first, second = [
        await asyncio.to_thread(_analyze_synchronously, box.address, slices, "again")
        for _ in range(2)
    ]
    assert first == second


@pytest.mark.parametrize(
    ("header", "text"),
    [({"pipeline": "brain"}, "this box has: chest_ct"), ({"priority": 9}, "priority is 1")],
)
async def test_a_bad_header_is_refused(box, make_slice, header, text):
    error = await refused(box.studies.Analyze(requests([make_slice(0)], **header)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert text in error.details()
    assert box.spooled == []


async def test_a_stream_without_a_header_or_with_two_is_refused(box, make_slice):
    headless = iter(list(requests([make_slice(0)]))[1:])
    error = await refused(box.studies.Analyze(headless))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "first message of a study is its header" in error.details()
    twice = [*requests([make_slice(0)]), *requests([make_slice(1)])]
    error = await refused(box.studies.Analyze(iter(twice)))
    assert "another part came" in error.details()
    error = await refused(box.studies.Analyze(iter([])))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    await eventually(lambda: box.spooled == [])


@pytest.mark.parametrize("case", ["text", "cut", "large", "mr", "nothing", "half"])
async def test_what_no_pipeline_can_read_is_refused_and_leaves_nothing(
    box, make_slice, case, caplog
):
    good, bad = make_slice(0), make_slice(1)
    instances = {
        "text": [good, b"this is DOE^JANE in a text file"],
        "cut": [good, bad[:-3000]],
        "large": [good, bad + bytes(1 << 22)],
        "mr": [make_slice(0, Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")],
        "nothing": [],
        "half": [good, bad],
    }[case]
    messages = list(requests(instances))
    if case == "half":
        messages.pop()
    with caplog.at_level(logging.DEBUG):
        error = await refused(box.studies.Analyze(iter(messages)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "JANE" not in error.details() + caplog.text
    assert box.spooled == []
    assert not (await box.jobs.List(job_pb2.ListJobsRequest())).jobs


async def test_a_client_that_goes_away_leaves_nothing(box, make_slice):
    async def hanging():
        for request in list(requests([make_slice(0), make_slice(1)]))[:-2]:
            yield request
        await asyncio.sleep(60)

    call = box.studies.Analyze(hanging())
    await eventually(lambda: len(box.spooled) == 1)
    call.cancel()
    await eventually(lambda: box.spooled == [])
    assert not (await box.jobs.List(job_pb2.ListJobsRequest())).jobs


async def test_watching_shows_progress_and_cancelling_stops_the_job(box, make_slice):
    box.pipeline.go_on.clear()
    job = await box.studies.Analyze(requests([make_slice(0)]))
    watch = box.jobs.Watch(job_pb2.WatchJobRequest(job_id=job.job_id))
    seen = []
    async for snapshot in watch:
        seen.append(snapshot)
        if snapshot.stage == "waiting" and not snapshot.cancel_requested:
            await box.jobs.Cancel(job_pb2.CancelJobRequest(job_id=job.job_id))
    assert seen[-1].state == job_pb2.JOB_STATE_CANCELLED
    assert any(0 < snapshot.progress < 1 for snapshot in seen)
    error = await refused(box.jobs.Cancel(job_pb2.CancelJobRequest(job_id=job.job_id)))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    again = await box.studies.Analyze(requests([make_slice(0)]))
    assert again.job_id != job.job_id
    box.pipeline.go_on.set()


async def test_a_watcher_that_goes_away_ends_its_polling(box, make_slice):
    box.pipeline.go_on.clear()
    job = await box.studies.Analyze(requests([make_slice(0)]))
    watch = box.jobs.Watch(job_pb2.WatchJobRequest(job_id=job.job_id))
    await watch.read()
    before = len(asyncio.all_tasks())
    watch.cancel()
    await eventually(lambda: len(asyncio.all_tasks()) < before)
    box.pipeline.go_on.set()


async def test_unknown_jobs_and_files_are_not_found(box, make_slice):
    job = await box.studies.Analyze(requests([make_slice(0)]))
    await final(box, job.job_id)
    for name in ("nothing", "../../jobs.sqlite", "/etc/passwd", "", "./count.txt"):
        error = await refused(fetch(box, job.job_id, name))
        assert error.code() is grpc.StatusCode.NOT_FOUND
    for call in (
        box.jobs.Get(job_pb2.GetJobRequest(job_id="../x")),
        box.jobs.Cancel(job_pb2.CancelJobRequest(job_id="x")),
        final(box, "x"),
        fetch(box, "x", "count.txt"),
    ):
        assert (await refused(call)).code() is grpc.StatusCode.NOT_FOUND


async def test_lists_can_be_narrowed(box, make_slice):
    jobs = [await box.studies.Analyze(requests([make_slice(n)])) for n in range(3)]
    for job in jobs:
        await final(box, job.job_id)
    narrow = job_pb2.ListJobsRequest(states=[job_pb2.JOB_STATE_DONE], limit=2)
    listed = (await box.jobs.List(narrow)).jobs
    assert [job.job_id for job in listed] == [jobs[2].job_id, jobs[1].job_id]
    nothing = await box.jobs.List(job_pb2.ListJobsRequest(states=[job_pb2.JOB_STATE_QUEUED]))
    assert not nothing.jobs
    for bad in ({"states": [0]}, {"limit": 1001}):
        error = await refused(box.jobs.List(job_pb2.ListJobsRequest(**bad)))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_event_loop_stays_free_while_studies_come_in(box, make_slice):
    slices = [make_slice(n) for n in range(40)]
    late_s = []

    async def tick():
        while True:
            before_s = time.perf_counter()
            await asyncio.sleep(0.005)
            late_s.append(time.perf_counter() - before_s - 0.005)

    ticker = asyncio.create_task(tick())
    await asyncio.gather(
        *(box.studies.Analyze(requests(slices, 1 << 16, idempotency_key=str(n))) for n in range(4))
    )
    ticker.cancel()
    late_s.sort()
    assert late_s[len(late_s) // 2] < 0.02
