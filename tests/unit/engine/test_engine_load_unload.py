"""Loading and unloading versions while others, and they themselves, answer."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import (
    CorruptModel,
    InvalidRequest,
    ModelNotFound,
    ModelNotReady,
    VersionExists,
)
from serving.domain.inference import InferenceRequest
from serving.domain.tensor import Datatype, Tensor
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import Compiler
from serving.engine.engine import InferenceEngine
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny

Nodes = Callable[..., NodePlan]
SQUARE = np.ones((500, 500), np.float32)


@asynccontextmanager
async def running(repository: Path, node: NodePlan, **given: Any) -> AsyncIterator[InferenceEngine]:
    settings = EngineSettings(repositories=(repository,), **given)
    engine = InferenceEngine(settings, node, repository.parent / "cache")
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A repository that the engine does not look at by itself."""
    return tmp_path / "elsewhere"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[CompiledModel]]:
    """Weak references to every model compiled."""
    refs: list[weakref.ref[CompiledModel]] = []
    load = CompiledModel._load

    def noted(model: CompiledModel) -> None:
        refs.append(weakref.ref(model))
        load(model)

    monkeypatch.setattr(CompiledModel, "_load", noted)
    return refs


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def ask(name: str, array: np.ndarray, **given: Any) -> InferenceRequest:
    return InferenceRequest(name, (Tensor("x", Datatype.FP32, array),), **given)


def row(value: float = 1.0) -> np.ndarray:
    return np.full((1, 8), value, np.float32)


async def test_a_loaded_version_answers_and_an_unloaded_one_does_not(
    repository: Path, elsewhere: Path, node: Nodes
) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    second = tiny.write_version(elsewhere, "relu", tiny.relu([1, 8]), version=2)
    async with running(repository, node()) as engine:
        await engine.infer(ask("relu", row()))
        status = await engine.load(second)
        assert (status.name, status.version) == ("relu", 2)
        assert (await engine.infer(ask("relu", row()))).model_version == 2
        assert [counted.version for counted in engine.statistics("relu")] == [1, 2]
        await engine.unload("relu", 2)
        assert (await engine.infer(ask("relu", row()))).model_version == 1
        with pytest.raises(ModelNotFound, match="it has 1"):
            await engine.infer(ask("relu", row(), model_version=2))
        assert [counted.version for counted in engine.statistics()] == [1]
        await engine.unload("relu", 1)
        assert (list(engine.statuses()), list(engine.statistics())) == ([], [])
        for question in (engine.status, engine.manifest, engine.statistics):
            with pytest.raises(ModelNotFound, match="served are: none"):
                question("relu")
        await engine.load(second)
        assert engine.statistics("relu")[0].success.count == 0


async def test_a_version_is_loaded_once_and_unloaded_once(
    repository: Path, elsewhere: Path, node: Nodes
) -> None:
    folder = tiny.write_version(elsewhere, "relu", tiny.relu([1, 8]))
    async with running(repository, node()) as engine:
        with pytest.raises(ModelNotFound):
            await engine.unload("relu", 1)
        both = await asyncio.gather(
            engine.load(folder), engine.load(folder), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in both) == ["ModelStatus", "VersionExists"]
        with pytest.raises(VersionExists, match="relu version 1 is loaded already"):
            await engine.load(folder)
        await engine.unload("relu", 1)
        with pytest.raises(ModelNotFound):
            await engine.unload("relu", 1)
        await engine.load(folder)
        await engine.infer(ask("relu", row()))


async def test_a_broken_version_changes_nothing(
    repository: Path, elsewhere: Path, node: Nodes
) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    folder = tiny.write_version(elsewhere, "relu", tiny.relu([1, 8]), version=2)
    whole = (folder / "fp32" / "model.xml").read_bytes()
    (folder / "fp32" / "model.xml").write_bytes(b"<net/>")
    async with running(repository, node()) as engine:
        with pytest.raises(CorruptModel, match="digest"):
            await engine.load(folder)
        with pytest.raises(CorruptModel, match=r"model\.toml cannot be read"):
            await engine.load(elsewhere / "absent" / "1")
        assert (await engine.infer(ask("relu", row()))).model_version == 1
        assert [counted.version for counted in engine.statistics()] == [1]
        (folder / "fp32" / "model.xml").write_bytes(whole)
        assert (await engine.load(folder)).version == 2
    with pytest.raises(ModelNotReady):
        await engine.load(folder)


async def test_a_version_refused_at_start_can_be_mended_and_loaded(
    repository: Path, node: Nodes
) -> None:
    folder = tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    manifest = (folder / "model.toml").read_text()
    (folder / "model.toml").write_text("name = ")
    async with running(repository, node()) as engine:
        assert [refused.name for refused in engine.refused] == ["relu"]
        (folder / "model.toml").write_text(manifest)
        await engine.load(folder)
        assert engine.refused == ()


async def test_traffic_meets_no_error_but_not_found_after_the_unload(
    repository: Path, elsewhere: Path, node: Nodes
) -> None:
    """Version 2 comes and goes five times while clients ask for it and for no version."""
    tiny.write_version(repository, "relu", tiny.relu([-1, 8]))
    second = tiny.write_version(elsewhere, "relu", tiny.relu([-1, 8]), version=2)
    stop = asyncio.Event()
    versions: set[int] = set()
    refused = 0

    async def client(version: int | None) -> None:
        nonlocal refused
        value = 0.0
        while not stop.is_set():
            value += 1
            try:
                answer = await engine.infer(ask("relu", row(value), model_version=version))
            except ModelNotFound:
                assert version == 2
                refused += 1
            else:
                versions.add(answer.model_version)
                assert (answer.outputs[0].array == value).all()
            await asyncio.sleep(0)

    async with running(repository, node(streams=2)) as engine:
        clients = [asyncio.ensure_future(client(v)) for v in (None, None, 2, 2, 1)]
        for _ in range(5):
            await engine.load(second)
            await asyncio.sleep(0.02)
            await engine.unload("relu", 2)
        stop.set()
        await asyncio.gather(*clients)
        assert versions == {1, 2}
        assert refused > 0
        assert engine.queue_length() == 0


async def test_what_was_asked_before_the_unload_is_answered(
    repository: Path, node: Nodes, made: list[weakref.ref[CompiledModel]]
) -> None:
    tiny.write_version(repository, "slow", tiny.slow())
    tiny.write_version(repository, "relu", tiny.relu([1, 8]))
    async with running(repository, node()) as engine:
        asked = [asyncio.ensure_future(engine.infer(ask("slow", SQUARE))) for _ in range(4)]
        await asyncio.sleep(0)
        with no_collector():
            leaving = asyncio.ensure_future(engine.unload("slow", 1))
            await asyncio.sleep(0)
            with pytest.raises(ModelNotFound, match="served are: relu"):
                await engine.infer(ask("slow", SQUARE))
            assert 0 < engine.queue_length() <= 4
            assert not leaving.done()
            await leaving
            assert all(task.done() for task in asked)
            assert sum(ref() is None for ref in made) == 1
        assert len(await asyncio.gather(*asked)) == 4
        assert engine.queue_length() == 0
        await engine.infer(ask("relu", row()))


async def test_what_still_waits_after_the_grace_is_refused(
    repository: Path, node: Nodes, made: list[weakref.ref[CompiledModel]]
) -> None:
    tiny.write_version(repository, "slow", tiny.slow(rounds=40))
    async with running(repository, node()) as engine:
        asked = [asyncio.ensure_future(engine.infer(ask("slow", SQUARE))) for _ in range(5)]
        await asyncio.sleep(0)
        await engine.unload("slow", 1, grace_s=0.0)
        ended = await asyncio.gather(*asked, return_exceptions=True)
        kinds = [type(one).__name__ for one in ended]
        assert kinds == ["InferenceResponse", *["ModelNotFound"] * 4]
        assert "no longer served" in str(ended[-1])
        assert engine.queue_length() == 0
        asked.clear()
        ended.clear()
        await asyncio.sleep(0)  # the loop lets go of the step that brought us here
        gc.collect()
        assert [ref() for ref in made] == [None]


async def test_unloading_frees_every_precision_at_once(
    repository: Path, node: Nodes, made: list[weakref.ref[CompiledModel]]
) -> None:
    tiny.write_version(repository, "relu", tiny.relu([1, 8]), precisions=("f32", "bf16"))
    async with running(repository, node(streams=2)) as engine:
        for precision in ("fp32", "bf16"):
            await engine.infer(ask("relu", row(), precision=precision))
        compiled = [weakref.ref(ref()._forms.open.compiled) for ref in made]  # type: ignore[union-attr]
        runners = [weakref.ref(r) for ref in made for r in ref()._forms.open._made]  # type: ignore[union-attr]
        assert (len(compiled), len(runners)) == (2, 6)
        with no_collector():
            await engine.unload("relu", 1)
            assert {ref() for ref in [*made, *compiled, *runners]} == {None}


async def test_a_failed_request_keeps_no_model_alive(
    repository: Path, node: Nodes, made: list[weakref.ref[CompiledModel]]
) -> None:
    """Its error, its traceback and its frames make a ring around the model."""
    tiny.write_version(repository, "picky", tiny.picky())
    sizes = {"x": 5, "z": 8}
    tensors = tuple(Tensor(k, Datatype.FP32, np.ones(n, np.float32)) for k, n in sizes.items())
    async with running(repository, node()) as engine:
        for _ in range(3):
            with pytest.raises(InvalidRequest, match="cannot run on inputs"):
                await engine.infer(InferenceRequest("picky", tensors))
        with no_collector():
            await engine.unload("picky", 1)
            assert {ref() for ref in made} == {None}


async def test_unloading_while_another_precision_is_compiled(
    repository: Path,
    elsewhere: Path,
    node: Nodes,
    made: list[weakref.ref[CompiledModel]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who waits for it gets ModelNotFound, and nothing of it stays, even if reloaded at once."""
    folder = tiny.write_version(elsewhere, "relu", tiny.relu([1, 8]), precisions=("f32", "bf16"))
    compile_model = Compiler.compile

    def slowly(compiler: Compiler) -> Any:
        time.sleep(0.1)
        return compile_model(compiler)

    async with running(repository, node()) as engine:
        await engine.load(folder)
        monkeypatch.setattr(Compiler, "compile", slowly)
        asked = [
            asyncio.ensure_future(engine.infer(ask("relu", row(), precision="bf16")))
            for _ in range(3)
        ]
        await asyncio.sleep(0.03)
        leaving = asyncio.ensure_future(engine.unload("relu", 1))
        await asyncio.sleep(0)
        again = asyncio.ensure_future(engine.load(folder))
        await leaving
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in ended] == [ModelNotFound] * 3
        await again
        ended.clear()
        asked.clear()
        gc.collect()
        assert len([ref for ref in made if ref() is not None]) == 1
        with pytest.raises(ModelNotReady):
            engine.status("relu", None, "bf16")
        assert (await engine.infer(ask("relu", row(), precision="bf16"))).precision == "bf16"


async def test_the_settings_cannot_serve_what_a_gate_refused(
    repository: Path, elsewhere: Path, node: Nodes
) -> None:
    precisions = ("f32", "bf16")
    refused = tiny.write_version(repository, "relu", tiny.relu([1, 8]), precisions=precisions)
    with (refused / "model.toml").open("a") as manifest:
        manifest.write(tiny.REFUSING_GATE)
    tiny.write_version(repository, "other", tiny.relu([1, 8]), precisions=precisions)
    async with running(repository, node(), precisions={"relu": "bf16", "other": "bf16"}) as engine:
        assert [status.name for status in engine.statuses()] == ["other"]
        (found,) = engine.refused
        assert found.reason == (
            "the settings ask for bf16 of relu, which loses more accuracy than its gate allows; "
            "choose one of fp32"
        )
        with pytest.raises(InvalidRequest, match="choose one of fp32"):
            await engine.load(refused)
