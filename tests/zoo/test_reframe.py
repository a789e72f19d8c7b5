"""Freeing the size of a graph that was exported for one size."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)
ov = pytest.importorskip("openvino", reason="reframing needs openvino, a dependency of aibox")

from provisioning.zoo.nested_unet import NestedUNet  # noqa: E402
from provisioning.zoo.reframe import reframe  # noqa: E402
from provisioning.zoo.segmenter import Served  # noqa: E402

SIDE = 256


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(2)
    return Served(NestedUNet((2, 4, 6, 8, 10))).eval()


@pytest.fixture(scope="module")
def fixed(network: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph as version 1 holds it: 256x256 alone, weights as FP16."""
    example = torch.zeros((2, 1, SIDE, SIDE), dtype=torch.int16)
    shape = ov.PartialShape([-1, 1, SIDE, SIDE])
    model = ov.convert_model(network, example_input=example, input=[(shape, ov.Type.i16)])
    model.inputs[0].get_tensor().set_names({"hu"})
    path = tmp_path_factory.mktemp("fixed") / "model.xml"
    ov.save_model(model, path, compress_to_fp16=True)
    return path


def test_the_same_weights_answer_at_a_size_they_were_not_exported_for(
    network: torch.nn.Module, fixed: Path, tmp_path: Path
) -> None:
    path = reframe(fixed, tmp_path)
    assert path.with_suffix(".bin").read_bytes() == fixed.with_suffix(".bin").read_bytes()
    hu = np.random.default_rng(4).integers(-1500, 600, (3, 1, 96, 160), np.int16)
    with torch.no_grad():
        wanted = network(torch.from_numpy(hu)).numpy()
    answer = ov.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(hu)[0]
    assert np.abs(answer - wanted).max() < 5e-3


def test_a_size_inside_the_graph_is_found(fixed: Path, tmp_path: Path) -> None:
    model = ov.Core().read_model(fixed)
    opset = ov.opset13
    last = model.outputs[0].get_node().input_value(0)
    constant = opset.constant(np.array([-1, 1, SIDE, SIDE], np.int64))
    reshaped = opset.reshape(last, constant, special_zero=False)
    path = tmp_path / "baked.xml"
    ov.save_model(ov.Model([reshaped], model.get_parameters()), path)
    with pytest.raises((ValueError, RuntimeError)):
        reframe(path, tmp_path)
