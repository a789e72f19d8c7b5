"""Is the box well, and which part of it is not?"""

from __future__ import annotations

import shutil

from pydantic import BaseModel, ConfigDict

from appliance.admin.job_counts import JobCounts
from appliance.box_state import BoxReport, Phase
from appliance.run_files import read_analyzer, read_nodes
from appliance.state_dir import StateDir

GIB = 2**30


class Component(BaseModel):
    """One part of the box; `detail` is for people."""

    model_config = ConfigDict(frozen=True)

    ok: bool
    detail: str


class Health(BaseModel):
    """The answer of `/healthz`; `serving` decides its status code."""

    model_config = ConfigDict(frozen=True)

    serving: bool
    phase: Phase
    restarts: int
    components: dict[str, Component]


def read_health(
    state: StateDir, report: BoxReport, jobs: JobCounts, min_free_disk_gb: float
) -> Health:
    """The health of the box now; reads files only, so it answers while the box recovers."""
    components = {
        "driver": _driver(report),
        "replicas": _replicas(state),
        "analyzer": _analyzer(state),
        "disk": _disk(state, min_free_disk_gb),
        "jobs": _jobs(jobs),
    }
    serving = report.phase is Phase.SERVING and components["replicas"].ok
    return Health(
        serving=serving, phase=report.phase, restarts=report.restarts, components=components
    )


def _driver(report: BoxReport) -> Component:
    if report.ready is None:
        lost = f" after the loss of its {report.last_loss}" if report.last_loss else ""
        return Component(ok=False, detail=f"{report.phase}{lost}")
    return Component(ok=True, detail=f"process {report.ready.driver_pid}")


def _replicas(state: StateDir) -> Component:
    nodes = read_nodes(state)
    if not nodes:
        return Component(ok=False, detail="no replica serves")
    served = sum(len(node.models) for node in nodes)
    return Component(ok=served > 0, detail=f"{len(nodes)} serving, {served} models loaded")


def _analyzer(state: StateDir) -> Component:
    analyzer = read_analyzer(state)
    if analyzer is None:
        return Component(ok=False, detail="not running; accepted studies wait")
    return Component(ok=True, detail=f"process {analyzer.pid}")


def _disk(state: StateDir, min_free_disk_gb: float) -> Component:
    free = shutil.disk_usage(state.root).free / GIB
    enough = free > min_free_disk_gb
    rest = "" if enough else f"; no study is taken below {min_free_disk_gb:.1f} GiB"
    return Component(ok=enough, detail=f"{free:.1f} GiB free{rest}")


def _jobs(jobs: JobCounts) -> Component:
    counts = jobs.by_state()
    if counts is None:
        return Component(ok=False, detail="the job store cannot be read")
    return Component(ok=True, detail=", ".join(f"{n} {state}" for state, n in counts.items()))
