"""The admin API over real files of real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from appliance.admin.app import build_app
from appliance.admin.job_counts import JobCounts
from appliance.box_state import BoxState, ReadyReport
from appliance.state_dir import StateDir
from serving.domain.job import JobState
from serving.domain.node_report import NodeReport, ServedModel
from tests.unit.appliance.admin.small_admin import LOOPBACK, SmallAdmin

COUNT = """
from prometheus_client import Counter, Gauge
Counter("aibox_requests_total", "r", ["model"]).labels("unet").inc(3)
Counter("ray_thing_total", "r").inc()
Gauge("aibox_slots_busy", "b", multiprocess_mode="livesum").set(2)
"""


@pytest.fixture
def state(admin: SmallAdmin) -> StateDir:
    return admin.state


@pytest.fixture
def box(admin: SmallAdmin) -> BoxState:
    return admin.parts.box


@pytest.fixture
def http(admin: SmallAdmin) -> TestClient:
    counts = JobCounts(lambda: {JobState.DONE: 4, JobState.QUEUED: 1})
    return _http(admin, counts)


def _http(admin: SmallAdmin, counts: JobCounts) -> TestClient:
    app = build_app(replace(admin.parts, counts=counts))
    return TestClient(app, base_url=LOOPBACK)


def serve_node(state: StateDir, pid: int) -> None:
    model = ServedModel(
        name="unet",
        version=1,
        digest="0" * 64,
        precision="fp32",
        effective_precision="f32",
        streams=1,
        threads=2,
        loaded_from_cache=False,
    )
    report = NodeReport(
        node=0, pid=pid, cpus=(0, 1), memory_policy="none", address="127.0.0.1:1", models=(model,)
    )
    (state.run / "node-0.json").write_text(report.model_dump_json())


def test_health_follows_the_phases(state: StateDir, box: BoxState, http: TestClient) -> None:
    starting = http.get("/healthz")
    assert (starting.status_code, starting.json()["phase"]) == (503, "starting")
    serve_node(state, os.getpid())
    (state.run / "analyzer.json").write_text(json.dumps({"pid": os.getpid()}))
    pid = os.getpid()
    box.serving(ReadyReport(driver_pid=pid, raylet_pid=pid, gcs_pid=pid, started_at=1.0))
    serving = http.get("/healthz")
    assert serving.status_code == 200
    parts = serving.json()["components"]
    assert set(parts) == {"driver", "replicas", "analyzer", "disk", "jobs"}
    assert all(part["ok"] for part in parts.values())
    assert parts["jobs"]["detail"] == "4 done, 1 queued"
    box.lost("raylet")
    recovering = http.get("/healthz")
    assert (recovering.status_code, recovering.json()["restarts"]) == (503, 1)
    assert "raylet" in recovering.json()["components"]["driver"]["detail"]


def test_a_dead_replica_does_not_count(state: StateDir, box: BoxState, http: TestClient) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    serve_node(state, gone.pid)
    box.serving(ReadyReport(driver_pid=1, raylet_pid=1, gcs_pid=1, started_at=1.0))
    answer = http.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["components"]["replicas"]["detail"] == "no replica serves"


def test_counters_of_all_processes_are_added_up(state: StateDir, http: TestClient) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(state.metrics)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNT], env=env, check=True)
    text = http.get("/metrics").text
    assert 'aibox_requests_total{model="unet"} 6.0' in text
    assert "ray_thing" not in text
    # Both processes have ended: what they were busy with is over.
    assert "aibox_slots_busy" not in text
    assert 'aibox_phase{phase="starting"} 1.0' in text
    assert 'aibox_jobs{state="done"} 4.0' in text
    assert "aibox_restarts_total 0.0" in text


def test_an_unreadable_job_store_is_said(admin: SmallAdmin) -> None:
    def broken() -> dict[JobState, int]:
        raise OSError("disk")

    http = _http(admin, JobCounts(broken))
    assert http.get("/healthz").json()["components"]["jobs"]["ok"] is False
    assert http.get("/metrics").status_code == 200


def test_the_api_documents_itself(http: TestClient) -> None:
    page = http.get("/docs")
    assert page.status_code == 200
    assert "/v1/models/{name}/versions/{version}/promote" in page.text
    # A box has no internet, and its page runs nothing from elsewhere.
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert {"/healthz", "/metrics"} <= set(http.get("/openapi.json").json()["paths"])
