"""A contender in its child process: timed on command, silent and idle in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from loadtests.bench.contenders.process import ContenderProcess, clean_environment
from loadtests.bench.models import NETWORK, write_repository


@pytest.fixture(scope="module")
def contender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContenderProcess]:
    folder = tmp_path_factory.mktemp("contender")
    xml = write_repository(folder) / NETWORK / "1/fp32/model.xml"
    np.savez(folder / "inputs.npz", x=np.ones((1, 1, 512, 512), np.float32))
    command = ("loadtests.bench.contenders.open_vino", str(xml), "f32", str(folder / "inputs.npz"))
    with ContenderProcess("OpenVINO", command, {}) as process:
        yield process.wait_ready()


def test_it_says_what_it_is(contender: ContenderProcess) -> None:
    assert contender.facts["effective_precision"] == "f32"
    assert (contender.facts["int8_layers"], contender.facts["float_layers"]) == (0, 6)


def test_it_times_what_it_is_told(contender: ContenderProcess) -> None:
    start = time.perf_counter()
    seconds = contender.latency(3)
    assert len(seconds) == 3
    assert 0 < sum(seconds) < time.perf_counter() - start
    assert contender.throughput(2) > 0


def test_it_hands_over_its_outputs(contender: ContenderProcess, tmp_path: Path) -> None:
    (output,) = contender.outputs(tmp_path / "out.npz")
    assert output.shape == (1, 1, 512, 512)
    assert np.isfinite(output).all()


def test_it_tells_time_by_layer(contender: ContenderProcess) -> None:
    layers = contender.profile()
    assert sum(layer["type"] == "Convolution" for layer in layers) == 6
    assert layers == sorted(layers, key=lambda layer: -layer["ms"])


def test_it_uses_no_cpu_while_it_waits(contender: ContenderProcess) -> None:
    contender.latency(1)
    time.sleep(0.3)  # worker threads may look for work for some milliseconds
    before = contender.cpu_s
    time.sleep(1.0)
    assert contender.cpu_s - before <= 0.05


def test_a_contender_that_cannot_load_is_named() -> None:
    command = ("loadtests.bench.contenders.open_vino", "absent.xml", "f32", "absent.npz")
    with (
        pytest.raises(RuntimeError, match="contender broken ended"),
        ContenderProcess("broken", command, {}) as process,
    ):
        process.wait_ready()


def test_the_callers_tuning_does_not_reach_a_contender() -> None:
    given = {"PATH": "/bin", "OMP_NUM_THREADS": "1", "MALLOC_TOP_PAD_": "0", "KMP_BLOCKTIME": "9"}
    assert clean_environment(given) == {"PATH": "/bin"}
