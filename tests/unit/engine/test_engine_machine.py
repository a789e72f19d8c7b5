"""Reading made-up machines: NUMA nodes, hyperthreads, cpusets and both kinds of cgroups."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.engine.cgroup_quota import read_quota_cpus
from serving.engine.machine import parse_cpu_list, read_machine


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", "ascii")


def dual_socket(sysfs: Path) -> None:
    """Two sockets of four cores; CPU n + 8 is the hyperthread of CPU n."""
    write(sysfs / "node" / "node0" / "cpulist", "0-3,8-11")
    write(sysfs / "node" / "node1" / "cpulist", "4-7,12-15")
    write(sysfs / "cpu" / "online", "0-15")
    for cpu in range(16):
        folder = sysfs / "cpu" / f"cpu{cpu}" / "topology"
        write(folder / "thread_siblings_list", f"{cpu % 8},{cpu % 8 + 8}")


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0", (0,)), ("0-3", (0, 1, 2, 3)), ("0-1,8,10-11\n", (0, 1, 8, 10, 11)), ("", ())],
)
def test_cpu_lists_as_the_kernel_writes_them(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == cpus


def test_a_dual_socket_machine(tmp_path: Path) -> None:
    dual_socket(tmp_path)
    machine = read_machine(tmp_path, tmp_path / "no", tmp_path / "no", lambda: set(range(16)))
    assert [(node.numa_node, len(node.cpus)) for node in machine.nodes] == [(0, 8), (1, 8)]
    assert len(machine.cores) == 8
    assert machine.core_count((0, 8, 1)) == 2
    assert machine.numa_node_of((4, 12)) == 1
    assert machine.numa_node_of((3, 4)) is None
    assert machine.quota_cpus is None


def test_only_allowed_cpus_count(tmp_path: Path) -> None:
    dual_socket(tmp_path)
    machine = read_machine(tmp_path, tmp_path / "no", tmp_path / "no", lambda: {1, 2, 9})
    assert [(node.numa_node, node.cpus) for node in machine.nodes] == [(0, (1, 2, 9))]
    assert machine.cores == ((1, 9), (2,))
    assert (machine.allowed_cpus, machine.online_cpus) == ((1, 2, 9), 16)


def test_a_kernel_without_numa_is_one_node(tmp_path: Path) -> None:
    machine = read_machine(tmp_path, tmp_path, tmp_path, lambda: {0, 1})
    assert [(node.numa_node, node.cpus) for node in machine.nodes] == [(0, (0, 1))]
    assert machine.cores == ((0,), (1,))


def test_this_machine_can_be_read() -> None:
    machine = read_machine()
    assert machine.allowed_cpus
    assert machine.core_count(machine.allowed_cpus) == len(machine.cores)


@pytest.mark.parametrize("mount", [".", "unified"])
def test_the_tightest_level_of_cgroups_v2_counts(tmp_path: Path, mount: str) -> None:
    root, proc = tmp_path / "cgroup" / mount, tmp_path / "proc"
    write(proc / "cgroup", "0::/box/service")
    write(root / "cpu.max", "max 100000")
    write(root / "box" / "cpu.max", "150000 100000")
    write(root / "box" / "service" / "cpu.max", "400000 100000")
    assert read_quota_cpus(tmp_path / "cgroup", proc) == 1.5


def test_cgroups_v1_count_too(tmp_path: Path) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write(proc / "cgroup", "4:memory:/\n3:cpu,cpuacct:/box\n0::/")
    write(root / "cpu,cpuacct" / "cpu.cfs_quota_us", "-1")
    write(root / "cpu,cpuacct" / "cpu.cfs_period_us", "100000")
    write(root / "cpu,cpuacct" / "box" / "cpu.cfs_quota_us", "250000")
    write(root / "cpu,cpuacct" / "box" / "cpu.cfs_period_us", "100000")
    assert read_quota_cpus(root, proc) == 2.5


def test_inside_a_container_the_mount_is_the_group(tmp_path: Path) -> None:
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write(proc / "cgroup", "0::/docker/0123abcd")
    write(root / "cpu.max", "200000 100000")
    assert read_quota_cpus(root, proc) == 2.0


def test_no_limit_is_no_quota(tmp_path: Path) -> None:
    write(tmp_path / "proc" / "cgroup", "0::/")
    assert read_quota_cpus(tmp_path / "cgroup", tmp_path / "proc") is None
