"""A process of its own: the box's gRPC server over numpy functions."""

from __future__ import annotations

from pathlib import Path

from tests.integration.rpc.serve_box import main
from tests.unit.rpc.numpy_backend import NumpyBackend


async def numpy_backend(run_dir: Path) -> NumpyBackend:
    return NumpyBackend()


if __name__ == "__main__":
    main(numpy_backend)
