"""A repository folder and a node plan for the engine's tests."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.domain.cpu_plan import NodePlan


@pytest.fixture(autouse=True)
def _nothing_left_to_collect() -> Iterator[None]:
    """What errors keep of a test's engines goes on a thread that runs no inference.

    OpenVINO 2026.4 may crash, or leave an output unwritten, at the next inference of a thread on
    which Python's collector has destroyed a compiled model.
    """
    yield
    collector = threading.Thread(target=gc.collect)
    collector.start()
    collector.join()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


@pytest.fixture
def node() -> Callable[..., NodePlan]:
    """A node plan: streams and threads of the first CPUs."""

    def make(streams: int = 1, threads_per_stream: int = 1) -> NodePlan:
        return NodePlan(0, None, (0, 1), (0, 1), streams, threads_per_stream)

    return make
