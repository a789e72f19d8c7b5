"""The box's gRPC server in a process of its own, over a backend given."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from serving.domain.inference import InferenceBackend
from serving.rpc.inference_service import inference_service
from serving.rpc.queue_board import QueueBoard
from serving.rpc.readiness import Readiness
from serving.rpc.server import build_server
from serving.rpc.settings import GrpcSettings
from serving.rpc.siblings import Siblings

MakeBackend = Callable[[Path], Awaitable[InferenceBackend]]


def main(make_backend: MakeBackend) -> None:
    """Arguments: run folder, node, number of nodes. Prints the address, serves until SIGTERM."""
    log_as_json()
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("node", type=int)
    parser.add_argument("nodes", type=int)
    arguments = parser.parse_args()
    asyncio.run(serve(make_backend, **vars(arguments)))


async def serve(make_backend: MakeBackend, run_dir: Path, node: int, nodes: int) -> None:
    settings = GrpcSettings(port=0, grace_s=2.0)
    backend = await make_backend(run_dir)
    sockets = [run_dir / f"node-{n}.sock" for n in range(nodes)]
    board = QueueBoard(run_dir / "queues.board", nodes)
    siblings = Siblings(board, node, 1, sockets, backend.queue_length)
    readiness = Readiness()
    service = inference_service(backend, settings, readiness, box_version="test", siblings=siblings)
    server = build_server(settings, [service], readiness, node_socket=sockets[node])
    await server.start()
    await siblings.start()
    await server.set_serving(True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(server.address, flush=True)  # noqa: T201
    await stop.wait()
    await siblings.leave()
    await server.stop()
    await siblings.close()


def log_as_json() -> None:
    """To stderr, everything: what the tests search for things that must not be logged."""
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, format="%(message)s")
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
