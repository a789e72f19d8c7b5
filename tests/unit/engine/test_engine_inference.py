"""The engine end to end on tiny models: every datatype, several outputs, failures, precision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import InvalidRequest, ModelNotFound, ModelNotReady
from serving.domain.inference import InferenceRequest
from serving.domain.tensor import Datatype, Tensor
from serving.engine.engine import InferenceEngine
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny

Nodes = Callable[..., NodePlan]


@asynccontextmanager
async def running(
    repository: Path, node: NodePlan, **settings: Any
) -> AsyncIterator[InferenceEngine]:
    options = EngineSettings(repositories=(repository,), **settings)
    engine = InferenceEngine(options, node, repository.parent / "cache")
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


def ask(name: str, *arrays: np.ndarray, **kwargs: Any) -> InferenceRequest:
    tensors = tuple(
        Tensor(key, Datatype.FP32, array) for key, array in zip("xz", arrays, strict=False)
    )
    return InferenceRequest(name, tensors, **kwargs)


def sample(datatype: Datatype) -> np.ndarray:
    if datatype is Datatype.BYTES:
        return np.array([[b"a\x00b", b"", b"\xff\xfe"], [b"x" * 99, b"z", b"ok"]], dtype=object)
    if datatype is Datatype.BOOL:
        return np.array([[True, False, True], [False, False, True]])
    if datatype in (Datatype.FP16, Datatype.FP32, Datatype.FP64):
        return np.array([[1, -2.5, 3], [0.125, 1e4, 1]], dtype=datatype.numpy)
    limits = np.iinfo(datatype.numpy)
    return np.array([[limits.min, limits.max, 1], [2, 3, 4]], dtype=datatype.numpy)


async def test_every_datatype_comes_back_as_it_went_in(repository: Path, node: Nodes) -> None:
    for datatype in Datatype:
        name = datatype.value.lower()
        tiny.write_version(repository, name, tiny.identity([-1, 3], datatype))
    async with running(repository, node()) as engine:
        assert engine.refused == ()
        for datatype in Datatype:
            array = sample(datatype)
            array.flags.writeable = False
            request = InferenceRequest(datatype.value.lower(), (Tensor("x", datatype, array),))
            (output,) = (await engine.infer(request)).outputs
            assert output.datatype is datatype
            assert output.array.dtype == datatype.numpy
            np.testing.assert_array_equal(output.array, array)


async def test_answers_are_not_overwritten_by_later_ones(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "static", tiny.relu([1, 64]))
    tiny.write_version(repository, "dynamic", tiny.relu([-1, 64]))
    async with running(repository, node()) as engine:
        for name in ("static", "dynamic"):
            kept = []
            for value in range(20):
                filled = np.full((1, 64), value, np.float32)
                kept.append((await engine.infer(ask(name, filled))).outputs[0].array)
            assert [array[0, 0] for array in kept] == list(range(20))


async def test_an_output_that_is_an_input_is_copied(repository: Path, node: Nodes) -> None:
    """Guards against a trap of OpenVINO: such an output is never written to a tensor given."""
    tiny.write_version(repository, "static", tiny.identity([2, 64]))
    tiny.write_version(repository, "dynamic", tiny.identity([-1, 64]))
    async with running(repository, node()) as engine:
        for name in ("static", "dynamic"):
            for value in range(1, 12):
                filled = np.full((2, 64), value, np.float32)
                output = (await engine.infer(ask(name, filled))).outputs[0].array
                filled[...] = -1
                assert (output == value).all()


async def test_outputs_come_in_the_order_asked_for(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "two", tiny.two_outputs())
    array = np.array([[1, -2, 3], [4, 5, -6]], np.float32)
    async with running(repository, node()) as engine:
        everything = await engine.infer(ask("two", array))
        assert [tensor.name for tensor in everything.outputs] == ["positive", "total"]
        some = await engine.infer(ask("two", array, outputs=("total",)))
        np.testing.assert_array_equal(some.outputs[0].array, [2, 3])
        swapped = await engine.infer(ask("two", array, outputs=("total", "positive")))
        np.testing.assert_array_equal(swapped.outputs[1].array, np.maximum(array, 0))


async def test_a_failed_inference_is_answered_and_spoils_nothing(
    repository: Path, node: Nodes
) -> None:
    """Guards against two traps of OpenVINO: no callback on failure, stale shapes after it."""
    tiny.write_version(repository, "picky", tiny.picky())
    good = ask("picky", np.ones(4, np.float32), np.ones(8, np.float32))
    bad = ask("picky", np.ones(5, np.float32), np.ones(8, np.float32))
    async with running(repository, node()) as engine:
        assert (await engine.infer(good)).outputs[0].array.tolist() == [[4, 4]]
        for _ in range(3):
            with pytest.raises(InvalidRequest, match=r"x \[5\], z \[8\]"):
                await asyncio.wait_for(engine.infer(bad), 10)
            answers = await asyncio.gather(*(engine.infer(good) for _ in range(4)))
            assert all(a.outputs[0].array.tolist() == [[4, 4]] for a in answers)
        counted = engine.statistics("picky")[0]
        assert (counted.success.count, counted.fail.count) == (13, 3)


async def test_other_precisions_are_compiled_when_first_asked_for(
    repository: Path, node: Nodes
) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]), precisions=("f32", "bf16"))
    request = ask("relu", np.ones((1, 8), np.float32), precision="bf16")
    async with running(repository, node()) as engine:
        assert engine.status("relu").effective_precision == "f32"
        with pytest.raises(ModelNotReady):
            engine.status("relu", None, "bf16")
        answers = await asyncio.gather(*(engine.infer(request) for _ in range(3)))
        assert {answer.precision for answer in answers} == {"bf16"}
        assert engine.status("relu", None, "bf16").precision == "bf16"
        with pytest.raises(ModelNotFound, match="bf16, fp32"):
            await engine.infer(ask("relu", np.ones((1, 8), np.float32), precision="int8"))


async def test_settings_choose_the_precision(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]), precisions=("f32", "bf16"))
    async with running(repository, node(), precisions={"relu": "bf16"}) as engine:
        assert engine.status("relu").precision == "bf16"


async def test_the_highest_version_answers_unless_one_is_named(
    repository: Path, node: Nodes
) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]), version=2)
    tiny.write_version(repository, "relu", tiny.relu([1, 8]), version=10)
    ones = np.ones((1, 8), np.float32)
    async with running(repository, node()) as engine:
        assert (await engine.infer(ask("relu", ones))).model_version == 10
        assert (await engine.infer(ask("relu", ones, model_version=2))).model_version == 2
        assert [status.version for status in engine.statuses()] == [2, 10]
        with pytest.raises(ModelNotFound, match="2, 10"):
            await engine.infer(ask("relu", ones, model_version=3))
        with pytest.raises(ModelNotFound, match="relu"):
            await engine.infer(ask("other", ones))


async def test_a_second_start_loads_from_the_compile_cache(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    async with running(repository, node()) as engine:
        assert not engine.status("relu").loaded_from_cache
    async with running(repository, node()) as engine:
        assert engine.status("relu").loaded_from_cache
    async with running(repository, node(), compile_cache=False) as engine:
        assert not engine.status("relu").loaded_from_cache


async def test_a_torn_compile_cache_is_no_obstacle(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    async with running(repository, node()):
        pass
    (blob,) = (repository.parent / "cache").rglob("*.blob")
    for share in (0.5, 0.0):
        whole = blob.read_bytes()
        blob.write_bytes(whole[: int(len(whole) * share)])
        async with running(repository, node()) as engine:
            answer = await engine.infer(ask("relu", np.ones((1, 8), np.float32)))
            assert answer.outputs[0].array.tolist() == [[1] * 8]


async def test_a_changed_compile_cache_is_not_used(repository: Path, node: Nodes) -> None:
    """OpenVINO itself would load it and compute with other weights."""
    tiny.write_version(repository, "slow", tiny.slow(64, 2))
    array = np.random.default_rng(7).random((64, 64), np.float32)
    async with running(repository, node()) as engine:
        expected = (await engine.infer(ask("slow", array))).outputs[0].array
    (blob,) = (repository.parent / "cache").rglob("*.blob")
    changed = bytearray(blob.read_bytes())
    changed[len(changed) // 2] ^= 0xFF
    blob.write_bytes(changed)
    async with running(repository, node()) as engine:
        assert not engine.status("slow").loaded_from_cache
        answer = await engine.infer(ask("slow", array))
        np.testing.assert_array_equal(answer.outputs[0].array, expected)
    async with running(repository, node()) as engine:
        assert engine.status("slow").loaded_from_cache


async def test_a_cache_that_cannot_be_written_is_done_without(
    repository: Path, node: Nodes
) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    (repository.parent / "cache").write_text("a file where a folder should be")
    async with running(repository, node()) as engine:
        assert engine.refused == ()
        assert not engine.status("relu").loaded_from_cache
        await engine.infer(ask("relu", np.ones((1, 8), np.float32)))


async def test_streams_and_threads_are_read_back(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    async with running(repository, node(2, 1)) as engine:
        status = engine.status("relu")
        assert (status.streams, status.threads) == (2, 2)


async def test_health_looks_past_a_busy_slot(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "slow", tiny.slow())
    async with running(repository, node()) as engine:
        assert await engine.probe()
        calls = [engine.infer(ask("slow", np.ones((500, 500), np.float32))) for _ in range(4)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(0)
        assert engine.queue_length() == 4
        assert await engine.probe()
        await asyncio.gather(*tasks)
        assert engine.queue_length() == 0
        started_s = time.monotonic()
        assert await engine.probe()
        assert time.monotonic() - started_s < 0.01


async def test_closing_ends_what_runs_and_takes_no_more(repository: Path, node: Nodes) -> None:
    tiny.write_version(repository, "slow", tiny.slow())
    ones = np.ones((500, 500), np.float32)
    async with running(repository, node()) as engine:
        tasks = [asyncio.ensure_future(engine.infer(ask("slow", ones))) for _ in range(3)]
        await asyncio.sleep(0)
        await engine.close()
        assert len(await asyncio.gather(*tasks)) == 3
        with pytest.raises(ModelNotReady):
            await engine.infer(ask("slow", ones))
