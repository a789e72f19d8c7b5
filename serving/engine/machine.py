"""What this process may use of the machine: NUMA nodes, CPUs, cores and quota.

Sources: Linux's Documentation/ABI/stable/sysfs-devices-node and sysfs-devices-system-cpu;
Documentation/admin-guide/cgroup-v2 and cgroup-v1 (`cpu.max`, `cpu.cfs_quota_us`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from serving.engine.cgroup_quota import read_quota_cpus

SYSFS = Path("/sys/devices/system")


@dataclass(frozen=True, slots=True)
class MachineNode:
    """A NUMA node of the kernel, with the CPUs of it that this process may use."""

    numa_node: int
    cpus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as this process may use it."""

    nodes: tuple[MachineNode, ...]
    """Those with at least one CPU allowed to this process."""
    cores: tuple[tuple[int, ...], ...]
    """Allowed CPUs grouped by physical core (hyperthreads together)."""
    quota_cpus: float | None
    """CPU time a second that the cgroups allow; None where they set no limit."""
    online_cpus: int

    @property
    def allowed_cpus(self) -> tuple[int, ...]:
        return tuple(sorted(cpu for node in self.nodes for cpu in node.cpus))

    def core_count(self, cpus: Collection[int]) -> int:
        """How many physical cores have at least one of these CPUs."""
        return sum(1 for core in self.cores if not set(core).isdisjoint(cpus))

    def numa_node_of(self, cpus: Collection[int]) -> int | None:
        """The one NUMA node that holds all of these CPUs; None where they straddle nodes."""
        for node in self.nodes:
            if set(cpus) <= set(node.cpus):
                return node.numa_node
        return None


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """CPUs of the kernel's list format, such as `0-3,8,10-11`. Raises ValueError."""
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cpus))


def read_machine(
    sysfs: Path = SYSFS,
    cgroups: Path = Path("/sys/fs/cgroup"),
    proc: Path = Path("/proc/self"),
    affinity: Callable[[], set[int]] | None = None,
) -> Machine:
    """The machine as sysfs, the cgroups and the affinity mask of this process say.

    Where the kernel publishes no NUMA nodes, all CPUs are one node 0.
    """
    allowed = (affinity or _own_affinity)()
    nodes = _nodes(sysfs / "node", allowed) or (MachineNode(0, tuple(sorted(allowed))),)
    online = _read(sysfs / "cpu" / "online")
    return Machine(
        nodes=nodes,
        cores=_cores(sysfs / "cpu", allowed),
        quota_cpus=read_quota_cpus(cgroups, proc),
        online_cpus=len(parse_cpu_list(online)) if online else len(allowed),
    )


def _own_affinity() -> set[int]:
    return set(os.sched_getaffinity(0))


def _nodes(folder: Path, allowed: set[int]) -> tuple[MachineNode, ...]:
    found = []
    for path in folder.glob("node*"):
        if match := re.fullmatch(r"node(\d+)", path.name):
            cpus = tuple(c for c in parse_cpu_list(_read(path / "cpulist")) if c in allowed)
            if cpus:
                found.append(MachineNode(int(match[1]), cpus))
    return tuple(sorted(found, key=lambda node: node.numa_node))


def _cores(folder: Path, allowed: set[int]) -> tuple[tuple[int, ...], ...]:
    groups = set()
    for cpu in allowed:
        siblings = _read(folder / f"cpu{cpu}" / "topology" / "thread_siblings_list")
        shared = {cpu} | (set(parse_cpu_list(siblings)) & allowed)
        groups.add(tuple(sorted(shared)))
    return tuple(sorted(groups))


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
