"""tritonclient, unmodified and in its own process, against the box's gRPC server (bar 6)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.rpc.box_process import REPO, BoxProcess, start_box
from tests.unit.rpc.numpy_backend import PLANTED

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxProcess]:
    running = start_box(tmp_path_factory.mktemp("run"))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def facts(box: BoxProcess) -> Facts:
    script = Path(__file__).with_name("call_with_tritonclient.py")
    done = subprocess.run(
        [sys.executable, str(script), box.address],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=REPO,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: Facts = json.loads(done.stdout)
    return answers


def test_health(facts: Facts) -> None:
    health = facts["health"]
    assert all(health[name] for name in ("live", "ready", "model", "version"))
    assert not health["unknown"]
    assert not health["unknown_version"]


def test_metadata(facts: Facts) -> None:
    assert facts["metadata"]["server"]["name"] == "aibox"
    model = facts["metadata"]["model"]
    assert model["versions"] == ["1", "2"]
    assert model["inputs"][0] == {"name": "A", "datatype": "FP32", "shape": ["-1", "4"]}
    assert [output["name"] for output in model["outputs"]] == ["SUM", "DIFFERENCE"]


def test_configuration(facts: Facts) -> None:
    config = facts["metadata"]["config"]
    assert config["input"][0] == {"name": "A", "data_type": "TYPE_FP32", "dims": ["-1", "4"]}
    assert config["instance_group"][0]["kind"] == "KIND_CPU"
    assert config["parameters"]["version"]["string_value"] == "1"
    assert config["parameters"]["effective_precision"]["string_value"] == "f32"


def test_repository_index(facts: Facts) -> None:
    index = facts["metadata"]["index"]
    assert {"name": "add_sub", "version": "2", "state": "READY"} in index


def test_infer(facts: Facts) -> None:
    infer = facts["infer"]
    assert infer["sum"] == [[4, 6, 8, 10], [12, 14, 16, 18]]
    assert infer["difference"] == [[-2, -1, 0, 1], [2, 3, 4, 5]]
    assert (infer["id"], infer["version"], infer["precision"]) == ("abc", "2", "fp32")
    assert infer["only"] == ["DIFFERENCE"]


def test_every_datatype_raw_and_typed(facts: Facts) -> None:
    assert len(facts["every_datatype"]) == 14
    assert all(facts["every_datatype"].values())
    assert len(facts["typed"]) == 12
    assert all(facts["typed"].values())


def test_stream_keeps_order_and_outlives_an_error(facts: Facts) -> None:
    stream = facts["stream"]
    assert stream["ids"] == ["0", "1", "2", "3", "5"]
    assert stream["sums"] == [18, 32, 46]
    assert stream["error"] == "no such model or version is served here"
    assert stream["final"]


def test_statistics_count(facts: Facts) -> None:
    statistics = facts["statistics"]
    assert statistics["added"] == 3
    assert statistics["success"] >= 3
    assert statistics["last"] > 1_600_000_000_000
    assert statistics["models"] > 10


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("unknown_model", "NOT_FOUND"),
        ("unknown_version", "NOT_FOUND"),
        ("metadata_unknown", "NOT_FOUND"),
        ("config_unknown", "NOT_FOUND"),
        ("statistics_unknown", "NOT_FOUND"),
        ("version_word", "INVALID_ARGUMENT"),
        ("version_label", "NOT_FOUND"),
        ("version_ready", "INVALID_ARGUMENT"),
        ("wrong_shape", "INVALID_ARGUMENT"),
        ("wrong_name", "INVALID_ARGUMENT"),
        ("wrong_datatype", "INVALID_ARGUMENT"),
        ("byte_count", "INVALID_ARGUMENT"),
        ("shared_memory", "INVALID_ARGUMENT"),
        ("sequence", "INVALID_ARGUMENT"),
        ("priority", "INVALID_ARGUMENT"),
        ("classification", "INVALID_ARGUMENT"),
        ("not_ready", "UNAVAILABLE"),
        ("overloaded", "RESOURCE_EXHAUSTED"),
        ("timeout", "DEADLINE_EXCEEDED"),
        ("crash", "INTERNAL"),
        ("load", "FAILED_PRECONDITION"),
    ],
)
def test_status_of_each_error(facts: Facts, case: str, status: str) -> None:
    code, text = facts["errors"][case]
    assert code == f"StatusCode.{status}"
    assert text


def test_byte_count_says_what_was_expected(facts: Facts) -> None:
    assert facts["errors"]["byte_count"][1] == "input 0, FP32 [3], takes 12 bytes; 11 came"


def test_a_crash_tells_nothing_of_the_exception(facts: Facts, box: BoxProcess) -> None:
    text = facts["errors"]["crash"][1]
    log = box.log_path.read_text()
    assert PLANTED not in text
    assert PLANTED not in log
    request_id = text.rpartition(" ")[2]
    line = next(json.loads(line) for line in log.splitlines() if request_id in line)
    assert line["error_kind"] == "RuntimeError"
    assert "numpy_backend.py" in line["error_at"]


def test_calls_are_logged_by_the_callers_request_id(facts: Facts, box: BoxProcess) -> None:
    lines = [line for line in box.log_path.read_text().splitlines() if '"mine-1"' in line]
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["method"], line["status"]) == ("ModelInfer", "OK")
    assert line["duration_ms"] >= 0
