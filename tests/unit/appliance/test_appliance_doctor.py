"""The doctor on a made-up machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from provisioning.doctor import Address, Host, Needs, examine
from provisioning.doctor.check import Check, Verdict

GIB = 2**30
SAPPHIRE = "avx2 avx512f avx512_vnni avx512_bf16 amx_tile amx_int8 amx_bf16"


def make_host(root: Path, flags: str = SAPPHIRE, memory_gb: int = 64, cpus: int = 4) -> Host:
    files = {
        "proc/cpuinfo": f"processor\t: 0\nflags\t\t: fpu {flags}\n\nprocessor\t: 1\n",
        "proc/meminfo": f"MemTotal: {memory_gb << 20} kB\nMemAvailable: {memory_gb << 20} kB\n"
        "SwapTotal: 0 kB\n",
        "proc/sys/kernel/numa_balancing": "1",
        "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
        "sys/devices/system/cpu/online": f"0-{cpus - 1}",
    }
    for node, span in enumerate((f"0-{cpus // 2 - 1}", f"{cpus // 2}-{cpus - 1}")):
        files[f"sys/devices/system/node/node{node}/cpulist"] = span
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (root / "shm").mkdir(exist_ok=True)
    return Host(
        proc=root / "proc",
        sysfs=root / "sys",
        shm=root / "shm",
        affinity=lambda: set(range(cpus)),
        file_limit=lambda: 65536,
        free_bytes=lambda _: 100 * GIB,
    )


def look(host: Host, tmp_path: Path, *addresses: Address) -> dict[str, Check]:
    needs = Needs(state_dir=tmp_path / "not" / "yet", addresses=addresses)
    return {check.name: check for check in examine(needs, host)}


def test_a_good_machine_has_only_its_numa_balancing_to_mend(tmp_path: Path) -> None:
    checks = look(make_host(tmp_path), tmp_path)
    assert {c.name for c in checks.values() if c.verdict is not Verdict.OK} == {"NUMA"}
    assert checks["NUMA"].found.startswith("2 node(s)")
    assert "numa_balancing=0" in checks["NUMA"].advice
    assert checks["cores"].found.startswith("4 CPUs allowed of 4")


def test_an_old_cpu_warns_and_an_ancient_one_fails(tmp_path: Path) -> None:
    old = look(make_host(tmp_path, flags="avx2 avx512f avx512_vnni"), tmp_path)["CPU instructions"]
    assert old.verdict is Verdict.WARN
    assert "lacks BF16, AMX" in old.found
    ancient = look(make_host(tmp_path, flags="sse2"), tmp_path)["CPU instructions"]
    assert ancient.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("memory_gb", "verdict"), [(2, Verdict.FAIL), (8, Verdict.WARN), (32, Verdict.OK)]
)
def test_memory(tmp_path: Path, memory_gb: int, verdict: Verdict) -> None:
    assert look(make_host(tmp_path, memory_gb=memory_gb), tmp_path)["memory"].verdict is verdict


def test_a_cgroup_limit_counts_for_more_than_the_machine(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    limit = tmp_path / "sys" / "fs" / "cgroup" / "memory.max"
    limit.parent.mkdir(parents=True)
    limit.write_text(f"{3 * GIB}\n")
    assert look(host, tmp_path)["memory"].verdict is Verdict.FAIL
    limit.write_text("max\n")
    assert look(host, tmp_path)["memory"].verdict is Verdict.OK


def test_no_shared_memory_fails_with_what_to_do(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    (tmp_path / "shm").rmdir()
    check = look(host, tmp_path)["shared memory"]
    assert (check.verdict, check.advice) == (Verdict.FAIL, "mount a tmpfs on /dev/shm")


def test_a_taken_port_is_seen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = look(make_host(tmp_path), tmp_path, Address("gRPC", "127.0.0.1", port))
        assert taken["gRPC port"].verdict is Verdict.WARN
    free = look(make_host(tmp_path), tmp_path, Address("gRPC", "127.0.0.1", port))
    assert free["gRPC port"].verdict is Verdict.OK


def test_this_machine_can_be_examined(tmp_path: Path) -> None:
    checks = examine(Needs(state_dir=tmp_path, addresses=()))
    assert all(check.found for check in checks)
    assert all(bool(check.advice) == (check.verdict is not Verdict.OK) for check in checks)
