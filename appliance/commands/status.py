"""`aibox status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from appliance.box_state import BoxReport, Phase, running_report
from appliance.commands.console import answers, print_json
from appliance.commands.options import JsonOption, StateOption
from appliance.run_files import (
    read_analyzer,
    read_cohort_runner,
    read_nodes,
    read_ray_address,
)
from appliance.state_dir import StateDir
from serving.domain.node_report import NodeReport

NOT_SERVING = 1


@dataclass(frozen=True, slots=True)
class BoxProcesses:
    """What runs beside the supervisor; None or empty: not running."""

    nodes: tuple[NodeReport, ...] = ()
    analyzer_pid: int | None = None
    cohort_runner_pid: int | None = None
    ray_address: str | None = None

    @classmethod
    def read(cls, state: StateDir) -> BoxProcesses:
        """As the processes of a running box tell it."""
        analyzer, runner = read_analyzer(state), read_cohort_runner(state)
        return cls(
            nodes=read_nodes(state),
            analyzer_pid=analyzer.pid if analyzer else None,
            cohort_runner_pid=runner.pid if runner else None,
            ray_address=read_ray_address(state),
        )


def status(state: StateOption = None, as_json: JsonOption = False) -> None:
    """Say what runs, which models, in which precision, on which CPUs; exit 1 unless it serves."""
    chosen = StateDir.locate(state)
    report = running_report(chosen)
    processes = BoxProcesses.read(chosen) if report else BoxProcesses()
    if as_json:
        print_json(_as_json(report, processes))
    elif report is None:
        answers.print(f"no box runs on {chosen.root}; start one with `aibox up`", soft_wrap=True)
    else:
        _print_box(report, processes)
        _print_join(processes.ray_address, chosen)
        _print_nodes(processes.nodes)
    if report is None or report.phase is not Phase.SERVING:
        raise typer.Exit(NOT_SERVING)


def _as_json(report: BoxReport | None, processes: BoxProcesses) -> dict[str, Any]:
    box = report.model_dump(mode="json") if report else {}
    return {
        "running": report is not None,
        **box,
        "analyzer_pid": processes.analyzer_pid,
        "cohort_runner_pid": processes.cohort_runner_pid,
        "ray_address": processes.ray_address,
        "nodes": [node.model_dump(mode="json") for node in processes.nodes],
    }


def _print_box(report: BoxReport, processes: BoxProcesses) -> None:
    since = datetime.fromtimestamp(report.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    answers.print(f"aibox {report.version} is {report.phase} since {since}, process {report.pid}")
    answers.print(f"  gRPC      {report.grpc_address}")
    answers.print(f"  admin     {report.admin_address}")
    answers.print(f"  analyzer  {_process(processes.analyzer_pid)}")
    answers.print(f"  cohorts   {_process(processes.cohort_runner_pid)}")
    lost = f", last after the loss of its {report.last_loss}" if report.last_loss else ""
    answers.print(f"  restarts  {report.restarts}{lost}")


def _process(pid: int | None) -> str:
    return f"process {pid}" if pid else "not running"


def _print_join(address: str | None, state: StateDir) -> None:
    """How a second machine takes its share of cohorts, where the settings let it."""
    if address is None:
        return
    answers.print(
        f"  join      with this aibox installed and a copy of {state.root / 'ray.token'}, on the "
        "other machine:",
        soft_wrap=True,
        markup=False,
    )
    answers.print(
        f"            RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=ray.token ray start "
        f"--address={address} --resources='{{\"aibox_batch\": CORES}}'",
        soft_wrap=True,
        markup=False,
    )


def _print_nodes(nodes: tuple[NodeReport, ...]) -> None:
    if not nodes:
        answers.print("  no model server is up")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("node", "process", "CPUs", "model", "version", "precision", "as compiled"):
        table.add_column(title)
    table.add_column("streams x threads", justify="right")
    for node in nodes:
        for model in node.models:
            table.add_row(
                str(node.node),
                str(node.pid),
                ",".join(map(str, node.cpus)),
                model.name,
                str(model.version),
                model.precision,
                model.effective_precision,
                f"{model.streams} x {model.threads}",
            )
        answers.print(f"  node {node.node} memory: {node.memory_policy}", soft_wrap=True)
    answers.print(table)
