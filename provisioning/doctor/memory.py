"""Memory: how much, how it is paged, and the shared part that Ray needs."""

from __future__ import annotations

from pathlib import Path

from provisioning.doctor.check import Check, judged
from provisioning.doctor.host import Host, Needs

GIB = 2**30


def memory(host: Host, needs: Needs) -> Check:
    """Available memory, or what the cgroup allows where that is less."""
    available = _meminfo_gib(host, "MemAvailable")
    limit = _cgroup_limit_gib(host)
    usable = available if limit is None else min(available, limit)
    capped = "" if limit is None else f", cgroup limit {limit:.1f} GiB"
    return judged(
        "memory",
        f"{available:.1f} GiB available of {_meminfo_gib(host, 'MemTotal'):.1f}{capped}",
        f"a chest CT with its model needs {needs.min_memory_gb:.0f} GiB at least, "
        f"{needs.good_memory_gb:.0f} for several studies at a time",
        fail=usable < needs.min_memory_gb,
        warn=usable < needs.good_memory_gb,
    )


def shared_memory(host: Host, needs: Needs) -> Check:
    """Ray keeps its object store there."""
    if not host.shm.is_dir():
        return judged("shared memory", "no /dev/shm", "mount a tmpfs on /dev/shm", fail=True)
    free = host.free_bytes(host.shm) / GIB
    return judged(
        "shared memory",
        f"{free:.2f} GiB free in /dev/shm",
        "give the container more (docker run --shm-size=1g)",
        fail=free < needs.min_shm_gb,
    )


def huge_pages(host: Host) -> Check:
    """Transparent huge pages speed large tensors up; `never` gives that away."""
    text = host.text(host.sysfs / "kernel" / "mm" / "transparent_hugepage" / "enabled")
    chosen = text.partition("[")[2].partition("]")[0] or "unknown"
    return judged(
        "huge pages",
        f"transparent huge pages: {chosen}",
        "set /sys/kernel/mm/transparent_hugepage/enabled to madvise or always",
        warn=chosen == "never",
    )


def swap(host: Host) -> Check:
    """A model in swap answers late; patient data in swap stays on the disk."""
    total = _meminfo_gib(host, "SwapTotal")
    return judged(
        "swap",
        f"{total:.1f} GiB" if total else "none",
        "turn swap off or encrypt it: images in memory could be written to it",
        warn=total > 0,
    )


def _meminfo_gib(host: Host, key: str) -> float:
    for line in host.text(host.proc / "meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024 / GIB
    return 0.0


def _cgroup_limit_gib(host: Host) -> float | None:
    """The limit of cgroup v2's or v1's root as this process sees it; None where there is none."""
    root = host.sysfs / "fs" / "cgroup"
    paths: tuple[Path, ...] = (root / "memory.max", root / "memory" / "memory.limit_in_bytes")
    limits = [int(text) for path in paths if (text := host.text(path)).isdigit()]
    # Version 1 writes "no limit" as the largest multiple of a page.
    return next((limit / GIB for limit in limits if limit < 1 << 62), None)
