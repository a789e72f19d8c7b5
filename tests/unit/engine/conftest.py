"""A repository folder and a node plan for the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from serving.domain.cpu_plan import NodePlan


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
