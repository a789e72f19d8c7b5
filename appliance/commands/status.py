"""`aibox status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from appliance.box_state import BoxReport, Phase, running_report
from appliance.commands.console import answers, print_json
from appliance.commands.options import JsonOption, StateOption
from appliance.run_files import read_analyzer, read_nodes
from appliance.state_dir import StateDir
from serving.domain.node_report import NodeReport

NOT_SERVING = 1


def status(state: StateOption = None, as_json: JsonOption = False) -> None:
    """Say what runs, which models, in which precision, on which CPUs; exit 1 unless it serves."""
    chosen = StateDir.locate(state)
    report = running_report(chosen)
    nodes = read_nodes(chosen) if report else ()
    analyzer = read_analyzer(chosen) if report else None
    if as_json:
        print_json(_as_json(report, nodes, analyzer.pid if analyzer else None))
    elif report is None:
        answers.print(f"no box runs on {chosen.root}; start one with `aibox up`", soft_wrap=True)
    else:
        _print_box(report, analyzer.pid if analyzer else None)
        _print_nodes(nodes)
    if report is None or report.phase is not Phase.SERVING:
        raise typer.Exit(NOT_SERVING)


def _as_json(
    report: BoxReport | None, nodes: tuple[NodeReport, ...], analyzer_pid: int | None
) -> dict[str, Any]:
    box = report.model_dump(mode="json") if report else {}
    return {
        "running": report is not None,
        **box,
        "analyzer_pid": analyzer_pid,
        "nodes": [node.model_dump(mode="json") for node in nodes],
    }


def _print_box(report: BoxReport, analyzer_pid: int | None) -> None:
    since = datetime.fromtimestamp(report.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    answers.print(f"aibox {report.version} is {report.phase} since {since}, process {report.pid}")
    answers.print(f"  gRPC      {report.grpc_address}")
    answers.print(f"  admin     http://{report.admin_address}")
    answers.print(f"  analyzer  {f'process {analyzer_pid}' if analyzer_pid else 'not running'}")
    lost = f", last after the loss of its {report.last_loss}" if report.last_loss else ""
    answers.print(f"  restarts  {report.restarts}{lost}")


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
