"""Disk, ports, open files and the versions of what the box stands on."""

from __future__ import annotations

import socket
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from provisioning.doctor.check import Check, judged
from provisioning.doctor.host import Address, Host, Needs

GIB = 2**30
GOOD_DISK_GB = 20.0
NEEDED_PYTHON = (3, 11)
PACKAGES = ("ray", "openvino", "grpcio", "pydicom")


def disk(host: Host, needs: Needs) -> Check:
    """Room for studies and results where the state directory is or would be."""
    folder = _existing(needs.state_dir)
    free = host.free_bytes(folder) / GIB
    return judged(
        "disk",
        f"{free:.1f} GiB free for {needs.state_dir}",
        f"a box refuses studies below {needs.min_free_disk_gb:.1f} GiB and wants "
        f"{GOOD_DISK_GB:.0f}; free some, or name another state directory",
        fail=free < needs.min_free_disk_gb,
        warn=free < GOOD_DISK_GB,
    )


def port(address: Address) -> Check:
    """Whether the address is free now; a box that runs already takes it, too."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen()
            taken = ""
        except OSError as error:
            taken = error.strerror or "taken"
    return judged(
        f"{address.name} port",
        f"{address.host}:{address.port} {taken.lower() if taken else 'is free'}",
        "unless this is the box itself, stop what listens there or set another port",
        warn=bool(taken),
    )


def open_files(host: Host, needs: Needs) -> Check:
    """Connections, models and Ray's processes take file descriptors."""
    limit = host.file_limit()
    unlimited = limit < 0
    return judged(
        "open files",
        "no limit" if unlimited else f"limit {limit}",
        f"raise it to {needs.min_open_files} or more (ulimit -n, LimitNOFILE)",
        warn=not unlimited and limit < needs.min_open_files,
    )


def python() -> Check:
    """The interpreter's version."""
    return judged(
        "Python",
        ".".join(map(str, sys.version_info[:3])),
        f"use Python {'.'.join(map(str, NEEDED_PYTHON))} or later",
        fail=sys.version_info[:2] < NEEDED_PYTHON,
    )


def packages() -> Check:
    """The libraries that the box stands on."""
    found = {name: _version(name) for name in PACKAGES}
    missing = [name for name, number in found.items() if not number]
    return judged(
        "packages",
        ", ".join(f"{name} {number or 'missing'}" for name, number in found.items()),
        f"install {', '.join(missing)} (pip install aibox)",
        fail=bool(missing),
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
