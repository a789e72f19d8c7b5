"""Finds the processes of a box, and what they listen on, the way an operator would."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import psutil

from loadtests.box import OwnBox


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket of the box."""

    pid: int
    name: str
    address: str
    port: int

    @property
    def loopback(self) -> bool:
        address = ipaddress.ip_address(self.address)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


def processes(box: OwnBox) -> list[psutil.Process]:
    """The supervisor and everything that carries the box's state directory in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AIBOX_STATE") == str(box.state_dir):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def listeners(box: OwnBox) -> list[Listener]:
    """Every listening TCP socket of the box."""
    found = []
    for process in processes(box):
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.NoSuchProcess:
            continue
        for one in connections:
            if one.status == psutil.CONN_LISTEN:
                found.append(Listener(process.pid, process.name(), one.laddr.ip, one.laddr.port))
    return found


def foreign_connections(box: OwnBox) -> list[str]:
    """Connections of the box that lead anywhere but to loopback."""
    found = []
    for process in processes(box):
        for one in process.net_connections(kind="inet"):
            if one.raddr and not Listener(0, "", one.raddr.ip, 0).loopback:
                found.append(f"{process.name()} -> {one.raddr.ip}:{one.raddr.port}")
    return found
