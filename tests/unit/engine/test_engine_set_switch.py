"""From one model set to the next: whole or not at all, and back without loading."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import CorruptModel, InvalidRequest, ModelNotFound
from serving.domain.inference import InferenceRequest
from serving.domain.model_set import ModelSet, ServedVersion
from serving.domain.tensor import Datatype, Tensor
from serving.engine.catalog import ModelVersion
from serving.engine.engine import InferenceEngine
from serving.engine.runtime import ov
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny

Nodes = Callable[..., NodePlan]
op = ov.opset13
X = np.array([1.0, 2.0], np.float32)


def times(factor: float) -> Any:
    """A network that multiplies: its answer tells which version answered."""
    x = tiny.parameter([2])
    product = op.multiply(x, op.constant(np.float32(factor)))
    return ov.Model([tiny.result(product)], [x], "times")


def write(repository: Path, version: int, *, extra: str = "") -> ServedVersion:
    """Version n of `times` multiplies by n."""
    folder = tiny.write_version(repository, "times", times(version), version, extra=extra)
    return ModelVersion.read(folder).pin


def model_set(generation: int, stable: int, *pins: ServedVersion, **labels: int) -> ModelSet:
    return ModelSet(
        generation=generation, versions=pins, labels={"times": {"stable": stable, **labels}}
    )


@asynccontextmanager
async def running(
    repository: Path, node: NodePlan, first: ModelSet, **given: Any
) -> AsyncIterator[InferenceEngine]:
    engine = InferenceEngine(
        EngineSettings(repositories=(repository,), **given), node, repository.parent / "cache"
    )
    await engine.start(first)
    try:
        yield engine
    finally:
        await engine.close()


async def answer(engine: InferenceEngine, version: Any = None, *, pinned: bool = False) -> float:
    """What 1 becomes."""
    x = Tensor("x", Datatype.FP32, X)
    request = InferenceRequest("times", (x,), version, pinned=pinned)
    return float((await engine.infer(request)).outputs[0].array[0])


async def test_only_the_set_is_loaded(repository: Path, node: Nodes) -> None:
    one, _ = write(repository, 1), write(repository, 2)
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        assert await answer(engine) == 1
        with pytest.raises(ModelNotFound):
            await answer(engine, 2)


async def test_the_stable_version_answers_not_the_highest(repository: Path, node: Nodes) -> None:
    pins = write(repository, 1), write(repository, 2)
    async with running(repository, node(), model_set(1, 1, *pins, canary=2)) as engine:
        assert await answer(engine) == 1
        assert await answer(engine, "canary") == 2
        assert await answer(engine, 2) == 2
        with pytest.raises(ModelNotFound, match="its labels are: canary, stable"):
            await answer(engine, "beta")


async def test_nothing_prepared_answers_before_it_is_activated(
    repository: Path, node: Nodes
) -> None:
    one, two = write(repository, 1), write(repository, 2)
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        after = model_set(2, 2, two)
        await engine.sets.prepare(after)
        assert engine.sets.prepared == 2
        assert await answer(engine) == 1
        with pytest.raises(ModelNotFound):
            await answer(engine, 2)
        await engine.sets.activate(after)
        assert await answer(engine) == 2
        assert engine.sets.prepared is None
        with pytest.raises(ModelNotFound):
            await answer(engine, 1)


async def test_a_rollback_loads_nothing(
    repository: Path, node: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = write(repository, 1), write(repository, 2)
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        await engine.sets.activate(model_set(2, 2, two))
        (repository / "times" / "1" / "model.toml").unlink()
        await engine.sets.activate(model_set(3, 1, one))
        assert await answer(engine) == 1


async def test_without_a_budget_nothing_is_kept(repository: Path, node: Nodes) -> None:
    one, two = write(repository, 1), write(repository, 2)
    async with running(repository, node(), model_set(1, 1, one), max_retired_gb=0) as engine:
        await engine.sets.activate(model_set(2, 2, two))
        (repository / "times" / "1" / "model.toml").unlink()
        with pytest.raises(CorruptModel):
            await engine.sets.activate(model_set(3, 1, one))
        assert await answer(engine) == 2


async def test_a_job_keeps_the_version_that_it_was_accepted_with(
    repository: Path, node: Nodes
) -> None:
    one, two, three = (write(repository, n) for n in (1, 2, 3))
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        await engine.sets.activate(model_set(2, 2, two))
        assert await answer(engine, 1, pinned=True) == 1
        assert await answer(engine, 3, pinned=True) == 3, "loaded again where it left memory"
        status, manifest = await engine.describe("times", 1)
        assert (status.version, manifest.version) == (1, 1)
        assert three.version == 3
        with pytest.raises(CorruptModel):
            await answer(engine, 9, pinned=True)


async def test_a_changed_byte_is_refused_and_nothing_changes(repository: Path, node: Nodes) -> None:
    one, two = write(repository, 1), write(repository, 2)
    weights = repository / "times" / "2" / "fp32" / "model.bin"
    data = bytearray(weights.read_bytes())
    data[0] ^= 1
    weights.write_bytes(data)
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        with pytest.raises(CorruptModel, match="differs from the digest"):
            await engine.sets.prepare(model_set(2, 2, one, two))
        assert engine.sets.prepared is None
        assert await answer(engine) == 1


async def test_a_manifest_that_was_not_verified_is_refused(repository: Path, node: Nodes) -> None:
    one, two = write(repository, 1), write(repository, 2)
    manifest = repository / "times" / "2" / "model.toml"
    manifest.write_text(manifest.read_text().replace('task = "test"', 'task = "tess"'))
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        with pytest.raises(CorruptModel, match="differs from the one that was verified"):
            await engine.sets.prepare(model_set(2, 2, one, two))


def self_test(folder: Path, expected: float) -> str:
    """Writes a self-test in which 1 becomes `expected`; its part of the manifest."""
    (folder / "self_test").mkdir(parents=True)
    np.savez(folder / "self_test" / "in.npz", x=X)
    np.savez(folder / "self_test" / "out.npz", y=X * np.float32(expected))
    text = ""
    for what, name in (("inputs", "in"), ("outputs", "out")):
        path = f"self_test/{name}.npz"
        digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        text += f'self_test.{what} = {{path = "{path}", sha256 = "{digest}"}}\n'
    return text


async def test_a_self_test_with_another_answer_is_refused(repository: Path, node: Nodes) -> None:
    one = write(repository, 1)
    right = write(repository, 2, extra=self_test(repository / "times" / "2", 2.0))
    wrong = write(repository, 3, extra=self_test(repository / "times" / "3", 2.9))
    async with running(repository, node(), model_set(1, 1, one)) as engine:
        await engine.sets.activate(model_set(2, 2, right))
        with pytest.raises(CorruptModel, match="self-test of times version 3 failed"):
            await engine.sets.prepare(model_set(3, 3, wrong))
        assert await answer(engine) == 2


async def test_no_request_fails_while_sets_change_under_load(repository: Path, node: Nodes) -> None:
    pins = [write(repository, n) for n in (1, 2, 3)]
    answers: set[float] = set()

    async def ask(engine: InferenceEngine, stop: asyncio.Event) -> None:
        while not stop.is_set():
            answers.add(await answer(engine))
            await asyncio.sleep(0)

    async with running(repository, node(), model_set(1, 1, pins[0]), max_retired_gb=0) as engine:
        stop = asyncio.Event()
        load = [asyncio.create_task(ask(engine, stop)) for _ in range(4)]
        for generation in range(2, 14):
            pin = pins[generation % 3]
            after = model_set(generation, pin.version, pin)
            await engine.sets.prepare(after)
            await engine.sets.activate(after)
        stop.set()
        await asyncio.gather(*load)
    assert answers == {1.0, 2.0, 3.0}


@pytest.mark.timeout(60)
async def test_a_load_and_a_repair_do_not_wait_for_each_other(
    repository: Path, node: Nodes
) -> None:
    """The repair holds the only slot, which the first inferences of the load wait for."""
    pins = [write(repository, n) for n in (1, 2, 3)]
    picky = ModelVersion.read(tiny.write_version(repository, "picky", tiny.picky())).pin
    labels = {"picky": {"stable": 1}}

    def sets(generation: int, pin: ServedVersion) -> ModelSet:
        return ModelSet(
            generation=generation,
            versions=(pin, picky),
            labels=labels | {"times": {"stable": pin.version}},
        )

    async def fail(engine: InferenceEngine) -> None:
        wrong = (np.ones(3, np.float32), np.ones(16, np.float32))
        inputs = tuple(Tensor(n, Datatype.FP32, a) for n, a in zip("xz", wrong, strict=True))
        with pytest.raises(InvalidRequest):
            await engine.infer(InferenceRequest("picky", inputs))

    async with running(repository, node(), sets(1, pins[0]), max_retired_gb=0) as engine:
        for generation in range(2, 4):
            pin = pins[generation % 3]
            switch = asyncio.create_task(engine.sets.activate(sets(generation, pin)))
            while not switch.done():
                await fail(engine)
            await switch
            assert await answer(engine) == pin.version
