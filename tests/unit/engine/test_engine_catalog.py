"""Finding versions, and refusing broken ones without harm to the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import CorruptModel, ModelNotFound
from serving.domain.inference import InferenceRequest
from serving.domain.tensor import Datatype, Tensor
from serving.engine.catalog import scan
from serving.engine.engine import InferenceEngine
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny


def test_versions_are_found_by_name_and_number(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for folder, name, version in [
        (repository, "b", 10),
        (repository, "b", 9),
        (repository, "a", 1),
        (other, "b", 9),
        (other, "c", 1),
    ]:
        tiny.write_version(folder, name, tiny.relu([1, 2]), version)
    (repository / "a" / "notes").mkdir()
    catalog = scan((repository, other, tmp_path / "absent"))
    assert [version.key for version in catalog.versions] == [
        ("a", 1),
        ("b", 9),
        ("b", 10),
        ("c", 1),
    ]
    assert catalog.versions[1].folder.is_relative_to(repository)
    assert [(r.name, r.version) for r in catalog.refused] == [("b", "9")]


def test_a_changed_file_is_noticed(repository: Path) -> None:
    folder = tiny.write_version(repository, "a", tiny.two_outputs())
    (version,) = scan((repository,)).versions
    version.verify("fp32")
    with (folder / "fp32" / "model.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CorruptModel, match=r"model\.bin of a version 1 differs"):
        version.verify("fp32")
    (folder / "fp32" / "model.bin").unlink()
    with pytest.raises(CorruptModel, match=r"model\.bin cannot be read"):
        version.verify("fp32")


async def test_broken_versions_do_not_stop_the_others(
    repository: Path, node: Callable[..., NodePlan]
) -> None:
    for name in ("good", "changed", "lies", "nonsense"):
        tiny.write_version(repository, name, tiny.relu([1, 2]))
    (repository / "changed" / "1" / "fp32" / "model.xml").write_text("<net/>")
    manifest = repository / "lies" / "1" / "model.toml"
    manifest.write_text(manifest.read_text().replace("shape = [1, 2]", "shape = [1, 3]", 1))
    (repository / "nonsense" / "1" / "model.toml").write_text("name = ")
    settings = EngineSettings(repositories=(repository,))
    engine = InferenceEngine(settings, node(), repository.parent / "cache")
    await engine.start()
    reasons = {refused.name: refused.reason for refused in engine.refused}
    assert reasons.keys() == {"changed", "lies", "nonsense"}
    assert "digest" in reasons["changed"]
    assert "differ in input x" in reasons["lies"]
    ones = Tensor("x", Datatype.FP32, np.ones((1, 2), np.float32))
    assert (await engine.infer(InferenceRequest("good", (ones,)))).model_version == 1
    with pytest.raises(ModelNotFound, match="served are: good"):
        await engine.infer(InferenceRequest("lies", (ones,)))
    await engine.close()
