"""Bar 8: two configured nodes of one CPU each: threads stay on their CPU, both get work."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from appliance.client import AiboxClient
from loadtests.bench.models import NETWORK, write_repository
from loadtests.box import OwnBox

NODES = '[{"cpus": [0]}, {"cpus": [1]}]'
needs_two_cpus = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="needs CPUs 0 and 1 for itself"
)


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBox]:
    repository = write_repository(tmp_path_factory.mktemp("bench") / "models")
    settings = {
        "AIBOX__ENGINE__NODES": NODES,
        "AIBOX__ENGINE__REPOSITORIES": json.dumps([str(repository)]),
    }
    with OwnBox(settings) as running:
        yield running


@needs_two_cpus
def test_every_thread_of_a_replica_is_on_its_cpu(two_nodes: OwnBox) -> None:
    pids = two_nodes.replica_pids
    assert len(set(pids)) == 2
    for cpu, pid in enumerate(pids):
        assert _allowed(pid) == {str(cpu)}


@needs_two_cpus
def test_eight_requests_on_one_connection_reach_both(two_nodes: OwnBox) -> None:
    before = _cpu_seconds(two_nodes)
    x = np.zeros((1, 1, 512, 512), np.float32)
    with AiboxClient(two_nodes.address) as client, ThreadPoolExecutor(8) as eight:
        answers = list(eight.map(lambda _: client.infer(NETWORK, {"x": x}), range(8)))
    assert len(answers) == 8
    spent = [now - then for now, then in zip(_cpu_seconds(two_nodes), before, strict=True)]
    assert min(spent) > 0.2 * max(spent), spent


def _allowed(pid: int) -> set[str]:
    lines = [
        line.split(":")[1].strip()
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("Cpus_allowed_list")
    ]
    assert len(lines) > 10
    return set(lines)


def _cpu_seconds(box: OwnBox) -> list[float]:
    times = [psutil.Process(pid).cpu_times() for pid in box.replica_pids]
    return [one.user + one.system for one in times]
