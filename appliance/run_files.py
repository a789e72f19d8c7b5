"""What the processes of the box publish in `run/`, as far as it is still true."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from appliance.processes import alive
from appliance.state_dir import StateDir
from serving.domain.node_report import NodeReport


class ProcessReport(BaseModel):
    """A process that tells no more than its pid: `run/analyzer.json`, `run/cohorts.json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int


class RayReport(BaseModel):
    """`run/ray.json`: where Ray's head listens for other machines; empty: nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    join_address: str


def read_nodes(state: StateDir) -> tuple[NodeReport, ...]:
    """The replicas that live, by node."""
    found = []
    for path in state.run.glob("node-*.json"):
        try:
            report = NodeReport.model_validate_json(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if alive(report.pid):
            found.append(report)
    return tuple(sorted(found, key=lambda report: report.node))


def read_analyzer(state: StateDir) -> ProcessReport | None:
    """The analyzer of studies, if it lives."""
    return _read_process(state.run / "analyzer.json")


def read_cohort_runner(state: StateDir) -> ProcessReport | None:
    """The runner of radiomics jobs, if it lives."""
    return _read_process(state.run / "cohorts.json")


def read_ray_address(state: StateDir) -> str | None:
    """host:port at which another machine may join, where the settings allow that."""
    try:
        report = RayReport.model_validate_json((state.run / "ray.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return report.join_address or None


def _read_process(path: Path) -> ProcessReport | None:
    try:
        text = path.read_text("utf-8")
        report = ProcessReport.model_validate_json(text)
    except (OSError, ValueError):
        return None
    return report if alive(report.pid) else None
