"""Stacks of slices: in process, with a STAT request in between, and given up half way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import InvalidRequest
from serving.domain.inference import InferenceRequest
from serving.domain.lane import Lane
from serving.domain.tensor import Datatype, Tensor
from serving.engine.engine import InferenceEngine
from serving.engine.local import LocalEngine
from serving.engine.settings import EngineSettings
from serving.engine.stack import predict_stack
from tests.unit.engine import tiny_models as tiny

MODEL_REPO = Path(__file__).resolve().parents[3] / "model_repo"
REFERENCE = "nested_unet_covid"
Nodes = Callable[..., NodePlan]


def hounsfield(count: int, size: int = 16) -> np.ndarray:
    values = np.random.default_rng(3).integers(-1000, 400, (count, size, size))
    return values.astype(np.int16)


def settings(repository: Path) -> EngineSettings:
    return EngineSettings(repositories=(repository,))


def test_a_local_slice_model_predicts_every_slice(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "slices", tiny.slices())
    slices, seen = hounsfield(9), []
    with LocalEngine(settings(repository), repository.parent / "cache", node()) as local:
        model = local.model("slices")
        out = model.predict(slices, lambda share, _: seen.append(share))
        assert model.manifest.name == model.status.name == "slices"
    expected = 1 / (1 + np.exp(-slices.astype(np.float64) / 100))
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-6)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_whatever_progress_raises_ends_the_work(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "slices", tiny.slices())

    def stop(share: float, _: str) -> None:
        raise KeyError("cancelled")

    with LocalEngine(settings(repository), repository.parent / "cache", node()) as local:
        with pytest.raises(KeyError):
            local.model("slices").predict(hounsfield(50), stop)
        local.call(local.engine.close())  # one slice may have been running
        assert local.engine.queue_length() == 0
        assert local.engine.statistics("slices")[0].execution_count < 50


def test_slices_of_another_size_or_kind_are_refused(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "slices", tiny.slices())
    with LocalEngine(settings(repository), repository.parent / "cache", node()) as local:
        model = local.model("slices")
        with pytest.raises(InvalidRequest, match=r"\[1, 1, 8, 8\] came"):
            model.predict(hounsfield(2, 8), lambda *_: None)
        with pytest.raises(InvalidRequest, match="float32"):
            model.predict(hounsfield(2).astype(np.float32), lambda *_: None)


async def test_a_stat_request_overtakes_between_slices(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "slices", tiny.slices(512))
    tiny.write_version(repository, "small", tiny.relu([-1, 8]))
    engine = InferenceEngine(settings(repository), node(), repository.parent / "cache")
    await engine.start()
    slices = hounsfield(60, 512)
    out = np.zeros(slices.shape, np.float32)
    counts: list[int] = []
    under_way = asyncio.Event()

    async def study() -> None:
        async for done in predict_stack(engine, "slices", slices, out, Lane.BATCH):
            counts.append(done)
            if done >= 5:
                under_way.set()

    running = asyncio.ensure_future(study())
    await under_way.wait()
    before = counts[-1]
    tensor = Tensor("x", Datatype.FP32, np.ones((1, 8), np.float32))
    await engine.infer(InferenceRequest("small", (tensor,), lane=Lane.STAT))
    assert counts[-1] - before <= 4
    await running
    assert counts[-1] == 60
    assert (out > 0).all()
    await engine.close()


@pytest.mark.skipif(
    not (MODEL_REPO / REFERENCE / "1" / "model.toml").exists(),
    reason="the reference network is not in model_repo",
)
def test_the_reference_network_gives_probabilities(tmp_path: Path, node: Nodes) -> None:
    with LocalEngine(settings(MODEL_REPO), tmp_path / "cache", node(1, 2)) as local:
        out = local.model(REFERENCE).predict(hounsfield(3, 256), lambda *_: None)
    assert out.shape == (3, 256, 256)
    assert 0 <= out.min() <= out.max() <= 1
