"""Recording on real small networks, and what a box makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provisioning.manifest_file import model_file, write_manifest
from provisioning.self_test import SelfTestOrder
from provisioning.self_test.existing import record_existing
from provisioning.self_test.step import record_self_test
from provisioning.self_test.tensor_file import write_tensors
from serving.domain.errors import CorruptModel, InvalidRequest
from serving.domain.manifest import ModelManifest, Preprocessing, read_manifest
from serving.engine.catalog import ModelVersion
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.runtime import ov
from serving.engine.self_test import check_answers
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny
from tests.unit.quantise.blob_network import SIDE, silent, write_version

op = ov.opset13


def recorded(folder: Path, inputs: Path | None = None) -> ModelManifest:
    """Records in this process and writes the manifest."""
    manifest = read_manifest(folder)
    order = SelfTestOrder(folder=folder, manifest=manifest, inputs=inputs)
    found = record_self_test(order, silent).onto(manifest)
    write_manifest(found, folder)
    return found


def check(folder: Path, variant: str) -> None:
    """As a replica does it."""
    node = make_plan(read_machine(), EngineSettings()).nodes[0]
    options = CompileOptions.for_node(node, None)
    check_answers(CompiledModel.loaded(ov.Core(), ModelVersion.read(folder), variant, options))


def arrays(folder: Path, what: str) -> dict[str, Any]:
    with np.load(folder / f"self_test/{what}.npz") as data:
        return dict(data)


def write(tmp_path: Path, model: Any, name: str = "tiny") -> Path:
    return tiny.write_version(tmp_path, name, model)


def square(folder: Path) -> Path:
    hu = np.zeros((2, 1, SIDE, SIDE), np.int16)
    hu[:, :, 5:15, 8:20] = 1000
    write_tensors(folder / "given.npz", {"hu": hu})
    return folder / "given.npz"


def test_every_variant_passes_what_was_recorded(tmp_path: Path) -> None:
    folder = write_version(tmp_path / "models")
    test = recorded(folder, square(tmp_path)).self_test
    assert test is not None
    assert test.tolerances.keys() == {"fp32", "bf16"}
    assert all(0.02 <= tolerance <= 1.0 for tolerance in test.tolerances.values())
    assert arrays(folder, "inputs")["hu"].shape == (2, 1, SIDE, SIDE)
    assert arrays(folder, "outputs")["probability"].max() > 0.9
    for variant in ("fp32", "bf16"):
        check(folder, variant)


def test_another_networks_weights_fail_it(tmp_path: Path) -> None:
    """Digests that fit are not enough: the vendor may have signed the wrong file."""
    folder = write_version(tmp_path / "models")
    manifest = recorded(folder, square(tmp_path))
    xml = folder / "fp32/model.xml"
    text = xml.read_text()
    assert 'max="32000"' in text
    xml.write_text(text.replace('max="32000"', 'max="0"'))
    files = manifest.variants["fp32"].files
    new = tuple(model_file(folder, file.path) for file in files)
    variants = {
        name: each.model_copy(update={"files": new}) for name, each in manifest.variants.items()
    }
    write_manifest(manifest.model_copy(update={"variants": variants}), folder)
    with pytest.raises(CorruptModel, match="self-test of blobs version 1 failed"):
        check(folder, "fp32")


def test_generated_inputs_are_the_smallest_frame_and_the_same_each_time(tmp_path: Path) -> None:
    x = tiny.parameter([-1, 1, -1, -1])
    folder = write(tmp_path, ov.Model([tiny.result(op.relu(x))], [x], "frames"))
    sizes = Preprocessing(rows=64, columns=64, frames=((32, 48), (48, 64)))
    manifest = read_manifest(folder).model_copy(update={"preprocessing": sizes})
    write_manifest(manifest, folder)
    first = recorded(folder).self_test
    assert arrays(folder, "inputs")["x"].shape == (1, 1, 32, 48)
    assert recorded(folder).self_test == first
    check(folder, "fp32")


def test_an_output_that_differs_from_run_to_run_is_left_out(tmp_path: Path) -> None:
    x = tiny.parameter([2, 50])
    size = op.constant(np.array([2, 50], np.int64))
    noise = op.random_uniform(size, op.constant(np.float32(0)), op.constant(np.float32(1)), "f32")
    outputs = [tiny.result(op.relu(x), "positive"), tiny.result(op.add(x, noise), "y")]
    folder = write(tmp_path, ov.Model(outputs, [x], "noisy"))
    order = SelfTestOrder(folder=folder, manifest=read_manifest(folder))
    found = record_self_test(order, silent)
    assert found.left_out == ("y",)
    assert set(arrays(folder, "outputs")) == {"positive"}


def test_without_a_comparable_output_there_is_no_self_test(tmp_path: Path) -> None:
    x = tiny.parameter([4])
    zeros = op.multiply(x, op.constant(np.float32(0)))
    folder = write(tmp_path, ov.Model([tiny.result(zeros)], [x], "zeros"))
    found = record_self_test(SelfTestOrder(folder=folder, manifest=read_manifest(folder)), silent)
    assert found.self_test is None
    assert found.left_out == ("y",)
    assert "only zeros" in found.reason
    assert not (folder / "self_test").exists()


def test_generated_inputs_that_do_not_fit_are_no_reason_to_refuse(tmp_path: Path) -> None:
    folder = write(tmp_path, tiny.picky())
    found = record_self_test(SelfTestOrder(folder=folder, manifest=read_manifest(folder)), silent)
    assert found.self_test is None
    assert "does not run on the inputs" in found.reason


def test_given_inputs_must_be_the_models(tmp_path: Path) -> None:
    folder = write(tmp_path, tiny.picky())
    given = tmp_path / "given.npz"
    write_tensors(given, {"x": np.ones(1, np.float32), "z": np.ones(8, np.float32)})
    with pytest.raises(InvalidRequest, match="does not run on the inputs"):
        recorded(folder, given)
    write_tensors(given, {"x": np.ones(2, np.float32)})
    with pytest.raises(InvalidRequest, match="inputs are x, z"):
        recorded(folder, given)
    write_tensors(given, {"x": np.ones(4, np.float32), "z": np.ones(8, np.float32)})
    assert recorded(folder, given).self_test is not None
    check(folder, "fp32")


def test_a_version_that_is_there_gets_one_and_nothing_else_changes(tmp_path: Path) -> None:
    folder = write_version(tmp_path / "models")
    before = read_manifest(folder)
    for _ in range(2):  # the second time it replaces the first
        assert record_existing(folder, square(tmp_path), silent).self_test is not None
        after = read_manifest(folder)
        assert after.model_copy(update={"self_test": None}) == before
        assert after.digest("fp32") == before.digest("fp32")
        check(folder, "bf16")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    tests = {"self_test/inputs.npz", "self_test/outputs.npz"}
    assert names == {"model.toml", "fp32/model.xml", "fp32/model.bin", *tests}


def test_a_version_that_is_not_what_its_manifest_says_gets_none(tmp_path: Path) -> None:
    folder = write_version(tmp_path / "models")
    before = (folder / "model.toml").read_bytes()
    with (folder / "fp32/model.bin").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(CorruptModel, match="differs from the digest"):
        record_existing(folder, None, silent)
    assert (folder / "model.toml").read_bytes() == before
    assert not (folder / "self_test").exists()
