"""The way from torch to the files that a box serves."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)
ov = pytest.importorskip("openvino", reason="exporting needs openvino, a dependency of aibox")

from provisioning.zoo.covid_ct_data import from_arrays  # noqa: E402
from provisioning.zoo.describe import (  # noqa: E402
    CARD_BEGIN,
    CARD_END,
    figures_table,
    write_card_figures,
    write_manifest,
    write_metrics,
)
from provisioning.zoo.export import largest_difference, save, to_openvino  # noqa: E402
from provisioning.zoo.metrics import Metrics, PatientScore, RunFacts, pooled  # noqa: E402
from provisioning.zoo.nested_unet import NestedUNet  # noqa: E402

SIDE = 64


@pytest.fixture(scope="module")
def network() -> NestedUNet:
    torch.manual_seed(2)
    return NestedUNet((2, 4, 6, 8, 10)).eval()


@pytest.fixture(scope="module")
def xml(network: NestedUNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(to_openvino(network, SIDE), tmp_path_factory.mktemp("version") / "fp32")


def _slices(count: int) -> np.ndarray:
    return np.random.default_rng(4).integers(-1500, 600, (count, 1, SIDE, SIDE), np.int16)


def _metrics() -> Metrics:
    scores = [
        PatientScore(name, role, precision, 10, 100, 110, 0.8, 0.1)
        for name, role in (("coronacases_001", "train"), ("coronacases_008", "test"))
        for precision in ("f32", "bf16")
    ]
    return Metrics(RunFacts(50, 100, 7, 0.001), tuple(scores))


def test_names_types_and_the_dynamic_batch_are_in_the_ir(xml: Path) -> None:
    model = ov.Core().read_model(xml)
    assert [p.get_any_name() for p in model.inputs] == ["hu"]
    assert [p.get_any_name() for p in model.outputs] == ["probability"]
    assert model.input("hu").get_element_type() == ov.Type.i16
    assert model.output("probability").get_element_type() == ov.Type.f32
    assert str(model.input("hu").get_partial_shape()) == f"[?,1,{SIDE},{SIDE}]"


@pytest.mark.parametrize("count", [1, 3])
def test_the_ir_answers_as_torch_does(network: NestedUNet, xml: Path, count: int) -> None:
    assert largest_difference(network, xml, _slices(count)) < 5e-3


def test_the_ir_names_no_place_on_the_machine_that_made_it(xml: Path) -> None:
    text = xml.read_text("utf-8")
    for trace in (str(Path.home()), str(Path.cwd()), str(xml.parent), "site-packages"):
        if trace != "/":
            assert trace not in text


def test_scoring_pools_over_all_slices(xml: Path) -> None:
    hu = _slices(5)[:, 0]
    volume = from_arrays("generated", hu, np.zeros(hu.shape, np.bool_))
    compiled = ov.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    called = int((compiled(hu[:, None])[0] > 0.5).sum())
    assert pooled(volume, compiled, batch=2).called == called


def test_the_manifest_states_the_digests_and_both_precisions(xml: Path) -> None:
    write_manifest(_metrics(), xml.parent.parent)
    text = (xml.parent.parent / "model.toml").read_text("utf-8")
    manifest = tomllib.loads(text)
    hints = {name: v["inference_precision"] for name, v in manifest["variants"].items()}
    assert hints == {"fp32": "f32", "bf16": "bf16"}
    for variant in manifest["variants"].values():
        assert {f["path"] for f in variant["files"]} == {"fp32/model.xml", "fp32/model.bin"}
        assert variant["metrics"]["dice_test_008"] == 0.8


def test_metrics_are_json_and_reach_the_card(tmp_path: Path) -> None:
    metrics = _metrics()
    assert json.loads(write_metrics(metrics, tmp_path))["run"]["seed"] == 7
    card = tmp_path / "MODEL_CARD.md"
    card.write_text(f"head\n{CARD_BEGIN}\nold\n{CARD_END}\ntail\n", "utf-8")
    write_card_figures(metrics, tmp_path)
    text = card.read_text("utf-8")
    assert figures_table(metrics) in text
    assert "old" not in text
    assert text.startswith("head\n")
    assert text.endswith("tail\n")
