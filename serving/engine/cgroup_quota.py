"""How much CPU time the cgroups of this process allow, over the whole hierarchy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def read_quota_cpus(
    root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc/self")
) -> float | None:
    """CPU seconds a second that the tightest cgroup allows; None without a limit.

    A parent's limit binds its children, so every level up to the root counts. Both versions of
    cgroups are read; inside a container the path in /proc may not exist below the mount, and
    the mount itself is then the container's own group.
    """
    limits = [*_v2_limits(root, proc), *_v1_limits(root, proc)]
    return min(limits, default=None)


def _memberships(proc: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    try:
        lines = (proc / "cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        yield tuple(filter(None, controllers.split(","))), path


def _levels(mount: Path, path: str) -> Iterator[Path]:
    """The group's folder and those of all its parents, the mount last."""
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _v2_limits(root: Path, proc: Path) -> Iterator[float]:
    for controllers, path in _memberships(proc):
        if controllers:
            continue
        mount = root / "unified" if (root / "unified").is_dir() else root
        for folder in _levels(mount, path):
            quota, _, period = _text(folder / "cpu.max").partition(" ")
            if quota.isdigit() and period.isdigit():
                yield int(quota) / int(period)


def _v1_limits(root: Path, proc: Path) -> Iterator[float]:
    for controllers, path in _memberships(proc):
        if "cpu" not in controllers:
            continue
        for name in (",".join(controllers), "cpu,cpuacct", "cpu"):
            for folder in _levels(root / name, path):
                quota = _text(folder / "cpu.cfs_quota_us")
                period = _text(folder / "cpu.cfs_period_us")
                if quota.isdigit() and period.isdigit():  # "-1" means no limit
                    yield int(quota) / int(period)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
