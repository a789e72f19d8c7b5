"""The CPU: what it can compute with, how much of it there is, and how memory is spread over it."""

from __future__ import annotations

from provisioning.doctor.check import Check, judged
from provisioning.doctor.host import Host
from serving.engine.machine import Machine, read_machine

_FEATURES = {
    "AVX-512": "avx512f",
    "VNNI": "avx512_vnni",
    "BF16": "avx512_bf16",
    "AMX": "amx_tile",
    "AMX INT8": "amx_int8",
    "AMX BF16": "amx_bf16",
}


def read_flags(host: Host) -> frozenset[str]:
    """The `flags` of the first CPU in /proc/cpuinfo."""
    for line in host.text(host.proc / "cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def instructions(host: Host) -> Check:
    """What low precision gains depends on these; without AVX2 OpenVINO's kernels are slow."""
    flags = read_flags(host)
    have = [name for name, flag in _FEATURES.items() if flag in flags]
    missing = [name for name, flag in _FEATURES.items() if flag not in flags]
    found = f"has {', '.join(have) or 'none of them'}"
    if missing:
        found += f"; lacks {', '.join(missing)}"
    advice = (
        "models run, but slowly; use a Xeon of the 4th generation or later for AMX"
        if "AMX" in missing
        else "INT8 and BF16 variants gain less here; serve FP32 where accuracy matters more"
    )
    return judged("CPU instructions", found, advice, fail="avx2" not in flags, warn=bool(missing))


def machine(host: Host) -> Machine:
    """The machine as the engine's plan sees it."""
    return read_machine(
        sysfs=host.sysfs / "devices" / "system",
        cgroups=host.sysfs / "fs" / "cgroup",
        proc=host.proc / "self",
        affinity=host.affinity,
    )


def cores(host: Host) -> Check:
    """Cores that may be used, against those that the cgroup's quota pays for."""
    seen = machine(host)
    allowed, quota = len(seen.allowed_cpus), seen.quota_cpus
    found = f"{allowed} CPUs allowed of {seen.online_cpus}, {len(seen.cores)} cores"
    if quota is None:
        return judged("cores", found, "give the box at least two cores", warn=allowed < 2)
    return judged(
        "cores",
        f"{found}; cgroup quota {quota:g} CPUs",
        "raise the quota or bind the container to so many CPUs: threads over the quota are "
        "stopped for parts of every period",
        fail=quota < 1,
        warn=quota < allowed,
    )


def numa(host: Host) -> Check:
    """One replica runs on each NUMA node; automatic balancing moves its memory about."""
    nodes = len(machine(host).nodes)
    balancing = host.text(host.proc / "sys" / "kernel" / "numa_balancing") == "1"
    return judged(
        "NUMA",
        f"{nodes} node(s){', automatic balancing on' if balancing and nodes > 1 else ''}",
        "set kernel.numa_balancing=0: the box binds its memory itself",
        warn=balancing and nodes > 1,
    )
