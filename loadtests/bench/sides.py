"""The sides of the transport benchmark: each is a server, its port, and whose CPU counts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.cpu_time import tree
from loadtests.bench.models import ECHO, ECHO_ELEMENTS, NETWORK
from loadtests.bench.payload import Payload
from loadtests.bench.triton_server import TritonPeer
from loadtests.box import OwnBox

PEERS = Path(".venv-peers")
START_TIMEOUT_S = 90.0
PAYLOADS = {ECHO: f"x:FP32:1x{ECHO_ELEMENTS}", NETWORK: "x:FP32:1x1x512x512"}


@dataclass(frozen=True, slots=True)
class Side:
    """One server under test; `serving_pids` do the work, `idle_pids` are merely there."""

    name: str
    targets: dict[str, str]
    """Model name to gRPC target."""
    serving_pids: tuple[int, ...]
    idle_pids: tuple[int, ...] = ()


@contextmanager
def all_sides(work: Path, repository: Path, streams: int, threads: int) -> Iterator[list[Side]]:
    """Starts every side that is installed; all run to the end, one is loaded at a time."""
    shape = (str(streams), str(threads))
    with ExitStack() as stack:
        sides = [stack.enter_context(_box(repository, *shape))]
        sides.append(stack.enter_context(_bare(repository, *shape)))
        sides.append(stack.enter_context(_serve_proxy(work, repository, *shape)))
        peer = TritonPeer(PEERS.absolute())
        if peer.installed:
            sides.append(stack.enter_context(_triton(peer, work, repository, streams, threads)))
        yield sides


@contextmanager
def _box(repository: Path, streams: str, threads: str) -> Iterator[Side]:
    settings = {
        "AIBOX__ENGINE__REPOSITORIES": f'["{repository}"]',
        "AIBOX__ENGINE__STREAMS": streams,
        "AIBOX__ENGINE__THREADS_PER_STREAM": threads,
    }
    with OwnBox(settings) as box:
        assert box.process is not None
        replicas = tuple(box.replica_pids)
        others = tuple(pid for pid in tree(box.process.pid) if pid not in replicas)
        yield Side("aibox", dict.fromkeys(PAYLOADS, box.address), replicas, others)


@contextmanager
def _bare(repository: Path, streams: str, threads: str) -> Iterator[Side]:
    with ExitStack() as stack:
        targets, pids = {}, []
        for model in PAYLOADS:
            command = ["loadtests.bench.bare_server", str(repository), model, streams, threads]
            process, port = stack.enter_context(_python_server(command))
            targets[model] = f"127.0.0.1:{port}"
            pids.append(process.pid)
        yield Side("bare grpc.aio", targets, tuple(pids))


@contextmanager
def _serve_proxy(work: Path, repository: Path, streams: str, threads: str) -> Iterator[Side]:
    with ExitStack() as stack:
        targets, pids = {}, []
        for index, model in enumerate(PAYLOADS):
            temp = work / f"r{index}"
            temp.mkdir()
            command = ["loadtests.bench.serve_proxy_server", str(repository), model]
            given = [*command, streams, threads, str(temp)]
            process, port = stack.enter_context(_python_server(given))
            targets[model] = f"127.0.0.1:{port}"
            pids.extend(tree(process.pid))
        yield Side("Ray Serve gRPC proxy", targets, tuple(pids))


@contextmanager
def _triton(
    peer: TritonPeer, work: Path, repository: Path, streams: int, threads: int
) -> Iterator[Side]:
    dims = {
        name: ", ".join(str(n) for n in Payload.parse(word).shape)
        for name, word in PAYLOADS.items()
    }
    process, port = peer.start(work / "triton", repository, dims, streams, threads)
    try:
        time.sleep(10.0)
        if process.poll() is not None:
            raise RuntimeError(f"Triton ended early; see {work / 'triton.log'}")
        target = f"127.0.0.1:{port}"
        yield Side("Triton", dict.fromkeys(PAYLOADS, target), tuple(tree(process.pid)))
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def _python_server(module_and_args: list[str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", *module_and_args]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip():
            raise RuntimeError(f"{module_and_args[0]} did not start")
        yield process, int(line)
    finally:
        process.terminate()
        process.wait(60)
