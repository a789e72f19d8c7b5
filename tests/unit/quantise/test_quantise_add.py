"""A version with INT8, from the staging folder to a published one."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.manifest_file import write_manifest
from provisioning.quantise.add import add_int8
from provisioning.quantise.machine_precision import has_bf16
from provisioning.quantise.request import QuantiseRequest
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, read_manifest
from serving.engine.catalog import ModelVersion
from tests.unit.quantise.blob_network import (
    COARSE,
    calibrated_on,
    silent,
    squares,
    write_set,
    write_version,
)

FAINT = {"low": 448, "high": 552}


def request(folder: Path, task: str | None = "segmentation") -> QuantiseRequest:
    calibration = write_set(folder, squares("calibration", 8))
    if task is None:
        return QuantiseRequest(calibration=calibration)
    return QuantiseRequest(
        calibration=calibration,
        validation=write_set(folder, squares("validation", 12, seed=2, **FAINT)),
        held_out=write_set(folder, squares("held_out", 12, seed=3, **FAINT)),
        task="segmentation",
    )


def made(folder: Path, wanted: QuantiseRequest, **more: object) -> ModelManifest:
    manifest = add_int8(folder, read_manifest(folder), wanted, silent, **more)  # type: ignore[arg-type]
    write_manifest(manifest, folder)
    return read_manifest(folder)


def test_a_version_gets_a_judged_int8_variant(tmp_path: Path) -> None:
    folder = write_version(tmp_path)
    manifest = made(folder, request(tmp_path))
    int8 = manifest.variants["int8"]
    assert [gate.metric for gate in int8.gates] == ["dice_pooled", "dice_per_case"]
    assert int8.promotable
    assert int8.speed is not None
    assert int8.speed.shapes == {"hu": (1, 1, 24, 24)}
    write_manifest(manifest, folder)
    ModelVersion.read(folder).verify("int8")
    found = manifest.quantisation
    assert found is not None
    assert [rung.name for rung in found.rungs] == ["int8_ptq", "bf16", "fp32"]
    assert found.int8_layers >= 3
    assert found.held_out.endswith("shown to one INT8 variant")
    assert found.tool.startswith("nncf 3")
    speeds = {name: each.speed.median_ms for name, each in manifest.variants.items() if each.speed}
    allowed = [name for name, each in manifest.variants.items() if each.promotable]
    assert manifest.default_variant == min(allowed, key=lambda name: speeds[name])


@pytest.mark.skipif(not has_bf16(), reason="this CPU computes no BF16")
def test_bf16_goes_through_the_gate_too(tmp_path: Path) -> None:
    manifest = made(write_version(tmp_path), request(tmp_path))
    assert [gate.units for gate in manifest.variants["bf16"].gates] == [12, 12]


def test_a_harmed_variant_is_not_in_the_version(tmp_path: Path) -> None:
    folder = write_version(tmp_path)
    kinds = (("int8_ptq", calibrated_on(squares("coarse", 4, high=COARSE))),)
    manifest = made(folder, request(tmp_path), kinds=kinds)
    assert "int8" not in manifest.variants
    assert not (folder / "int8").exists()
    assert manifest.quantisation is not None
    assert manifest.quantisation.held_out.endswith("shown to no INT8 variant")
    assert not manifest.quantisation.rungs[0].kept


def test_without_a_task_int8_is_made_and_is_not_the_default(tmp_path: Path) -> None:
    manifest = made(write_version(tmp_path), request(tmp_path, None))
    assert manifest.default_variant == "fp32"
    assert manifest.variants["int8"].gates == ()
    assert manifest.quantisation is not None
    rung = manifest.quantisation.rungs[0]
    assert rung.reason == "no data to judge by"
    assert rung.median_ms is not None


def test_a_model_without_fp32_is_refused(tmp_path: Path) -> None:
    folder = write_version(tmp_path)
    manifest = read_manifest(folder)
    only_bf16 = manifest.model_copy(update={"variants": {"bf16": manifest.variants["bf16"]}})
    with pytest.raises(InvalidRequest, match="no variant fp32"):
        add_int8(folder, only_bf16, request(tmp_path, None), silent)
