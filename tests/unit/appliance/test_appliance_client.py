"""The client's conversions, without a box."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import grpc
import numpy as np
import pytest
from aibox.v1 import job_pb2, study_pb2
from inference import grpc_service_pb2 as oip

from appliance.client import AiboxClient
from appliance.client.jobs import to_job
from appliance.client.results import save_file, target_path
from appliance.client.status import ERROR_BY_STATUS
from appliance.client.tensors import add_inputs, read_outputs
from appliance.client.upload import CHUNK_BYTES, Upload
from appliance.errors import BoxFailed, BoxUnreachable
from appliance.study_files import InstanceFile
from serving.domain.errors import InvalidRequest
from serving.domain.job import JobState
from serving.domain.lane import Lane
from serving.rpc.status_table import STATUS_BY_ERROR


def echo(request: oip.ModelInferRequest) -> oip.ModelInferResponse:
    response = oip.ModelInferResponse(raw_output_contents=request.raw_input_contents)
    for tensor in request.inputs:
        response.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
    return oip.ModelInferResponse.FromString(response.SerializeToString())


@pytest.mark.parametrize("dtype", ["?", "u1", "<u2", "<i2", "<i8", "<f2", "<f4", "<f8", ">i2"])
def test_arrays_come_back_as_they_went(dtype: str) -> None:
    array = np.arange(12).reshape(3, 4)[:, ::-1].astype(dtype)
    request = oip.ModelInferRequest()
    add_inputs(request, {"x": array})
    back = read_outputs(echo(request))["x"]
    np.testing.assert_array_equal(back, array)
    assert back.dtype == np.dtype(dtype).newbyteorder("<")


def test_strings_go_as_bytes() -> None:
    request = oip.ModelInferRequest()
    add_inputs(request, {"x": np.array([["a", "längs"]])})
    assert request.inputs[0].datatype == "BYTES"
    assert read_outputs(echo(request))["x"].tolist() == [[b"a", "längs".encode()]]


def test_bf16_comes_as_float32() -> None:
    raw = np.array([1.0, -2.5], np.float32).view(np.uint32) >> 16
    response = oip.ModelInferResponse(raw_output_contents=[raw.astype("<u2").tobytes()])
    response.outputs.add(name="y", datatype="BF16", shape=[2])
    np.testing.assert_array_equal(read_outputs(response)["y"], np.array([1.0, -2.5], np.float32))


def test_types_without_a_name_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="complex128"):
        add_inputs(oip.ModelInferRequest(), {"x": np.zeros(1, complex)})


def test_an_upload_is_header_then_marked_chunks() -> None:
    contents = [b"", b"a" * CHUNK_BYTES, b"b" * (CHUNK_BYTES + 1)]
    instances = [InstanceFile(len(c), lambda c=c: io.BytesIO(c)) for c in contents]
    told: list[tuple[int, int]] = []
    upload = Upload(study_pb2.AnalyzeHeader(), instances, lambda *a: told.append(a))
    first, *rest = upload.requests()
    assert first.WhichOneof("part") == "header"
    assert [(len(r.chunk.data), r.chunk.last) for r in rest] == [
        (0, True),
        (CHUNK_BYTES, True),
        (CHUNK_BYTES, False),
        (1, True),
    ]
    assert told[-1] == (2 * CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 1)


def test_a_job_of_the_wire_is_a_job_of_the_domain() -> None:
    wire = job_pb2.Job(
        job_id="j",
        kind="study",
        pipeline="chest_ct",
        priority=job_pb2.PRIORITY_STAT,
        state=job_pb2.JOB_STATE_FAILED,
        error=job_pb2.JobError(kind="UnsupportedImage", message="no pixels"),
    )
    wire.created_at.FromDatetime(datetime(2026, 11, 22, 12, 0))
    job = to_job(wire)
    assert (job.state, job.request.lane) == (JobState.FAILED, Lane.STAT)
    assert job.created_at == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert (job.started_at, job.error_kind) == (None, "UnsupportedImage")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_a_result_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BoxFailed, match="outside"):
        target_path(tmp_path, name)


def test_a_damaged_result_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(BoxFailed, match="damaged"):
        save_file(tmp_path / "a" / "f", [b"x"], "0" * 64)
    assert list((tmp_path / "a").iterdir()) == []


def test_every_status_that_the_box_sends_has_an_error() -> None:
    sent = set(STATUS_BY_ERROR.values()) | {grpc.StatusCode.INTERNAL}
    assert sent <= set(ERROR_BY_STATUS)


def test_nobody_answers() -> None:
    with AiboxClient("127.0.0.1:1", timeout_s=5) as client:
        assert not client.healthy()
        with pytest.raises(BoxUnreachable, match=r"127\.0\.0\.1:1"):
            client.jobs()
        with pytest.raises(BoxUnreachable):
            list(client.watch("j", patience_s=0))
