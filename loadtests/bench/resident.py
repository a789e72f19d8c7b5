"""How much memory a process holds, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

_MIB_PER_KIB = 1 / 1024


def read_resident(pid: int | str) -> dict[str, float]:
    """RSS, PSS and anonymous memory in MiB and the number of threads; pid "self" too.

    PSS counts a page shared by n processes as 1/n (proc(5), smaps_rollup).
    """
    folder = Path("/proc") / str(pid)
    lines = (folder / "smaps_rollup").read_text().splitlines()[1:]
    kib = {key: int(rest.split()[0]) for key, rest in (line.split(":", 1) for line in lines)}
    return {
        "rss_mib": kib["Rss"] * _MIB_PER_KIB,
        "pss_mib": kib["Pss"] * _MIB_PER_KIB,
        "anonymous_mib": kib["Anonymous"] * _MIB_PER_KIB,
        "threads": float(len(list((folder / "task").iterdir()))),
    }
