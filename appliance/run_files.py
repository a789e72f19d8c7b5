"""What the processes of the box publish in `run/`, as far as it is still true."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from appliance.processes import alive
from appliance.state_dir import StateDir
from serving.domain.node_report import NodeReport


class ProcessReport(BaseModel):
    """A process that tells no more than its pid: `run/analyzer.json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int


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
    """The analyzer, if it lives."""
    try:
        text = (state.run / "analyzer.json").read_text("utf-8")
        report = ProcessReport.model_validate_json(text)
    except (OSError, ValueError):
        return None
    return report if alive(report.pid) else None
