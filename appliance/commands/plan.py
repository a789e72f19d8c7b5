"""`aibox plan`."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table

from appliance.box_config import load_config
from appliance.commands.console import answers, print_json
from appliance.commands.options import ConfigOption, JsonOption
from serving.domain.cpu_plan import CpuPlan
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan


def plan(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show which CPUs of this machine would do what."""
    made = make_plan(read_machine(), load_config(config).settings.engine)
    if as_json:
        print_json(asdict(made))
    else:
        _print_plan(made)


def _print_plan(made: CpuPlan) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("node", "NUMA", "CPUs", "inference", "streams", "threads a stream"):
        table.add_column(title)
    for node in made.nodes:
        numa = "-" if node.numa_node is None else str(node.numa_node)
        cpus, inference = cpu_list(node.cpus), cpu_list(node.inference_cpus)
        streams, threads = str(node.streams), str(node.threads_per_stream)
        table.add_row(str(node.index), numa, cpus, inference, streams, threads)
    answers.print(table)
    answers.print(f"batch work (SCHED_IDLE) on CPUs {cpu_list(made.batch_cpus)}")
    answers.print(made.reason, soft_wrap=True)


def cpu_list(cpus: tuple[int, ...]) -> str:
    """CPUs in the kernel's list format: `0-3,8`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ",".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)
