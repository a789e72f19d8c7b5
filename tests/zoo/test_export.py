"""The way from torch to the files that the factory imports."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)
onnx = pytest.importorskip("onnx", reason="exporting needs onnx, a dependency of aibox")
ov = pytest.importorskip("openvino", reason="exporting needs openvino, a dependency of aibox")

from provisioning.description import read_description  # noqa: E402
from provisioning.zoo.describe import FRAMES, RunFacts, describe, write_description  # noqa: E402
from provisioning.zoo.export import (  # noqa: E402
    TOLERANCE,
    check,
    largest_difference,
    read_checkpoint,
    to_onnx,
)
from provisioning.zoo.hrnet import HRNet, HRNetSpec  # noqa: E402
from provisioning.zoo.nested_unet import NestedUNet  # noqa: E402
from provisioning.zoo.segmenter import make_segmenter, parameter_count  # noqa: E402

TINY_HRNET = HRNetSpec(
    stem_channels=4,
    stem_strides=(2, 1),
    first_channels=2,
    first_units=1,
    width=2,
    units=1,
    modules=(1, 1, 1),
)
SIZES = ((1, 64, 64), (3, 96, 160))


def _tiny(name: str) -> torch.nn.Module:
    torch.manual_seed(2)
    return HRNet(TINY_HRNET) if name == "hrnet" else NestedUNet((2, 4, 6, 8, 10))


@pytest.fixture(scope="module", params=["nested_unet", "hrnet"])
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[torch.nn.Module, Path]:
    network = _tiny(request.param).eval()
    return network, to_onnx(network, tmp_path_factory.mktemp(request.param) / "model.onnx")


def _slices(count: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(4).integers(-1500, 600, (count, 1, rows, columns), np.int16)


def test_openvino_reads_names_types_and_free_sizes(
    exported: tuple[torch.nn.Module, Path],
) -> None:
    model = ov.convert_model(exported[1])
    assert [p.get_any_name() for p in model.inputs] == ["hu"]
    assert [p.get_any_name() for p in model.outputs] == ["probability"]
    assert model.input("hu").get_element_type() == ov.Type.i16
    assert model.output("probability").get_element_type() == ov.Type.f32
    assert str(model.input("hu").get_partial_shape()) == "[?,1,?,?]"


@pytest.mark.parametrize("size", SIZES)
def test_onnxruntime_answers_as_torch_does(
    exported: tuple[torch.nn.Module, Path], size: tuple[int, int, int]
) -> None:
    network, path = exported
    assert largest_difference(network, path, _slices(*size)) < TOLERANCE


@pytest.mark.parametrize("size", SIZES)
def test_openvino_answers_as_torch_does(
    exported: tuple[torch.nn.Module, Path], size: tuple[int, int, int]
) -> None:
    network, path = exported
    hu = _slices(*size)
    compiled = ov.compile_model(ov.convert_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.no_grad():
        wanted = torch.sigmoid(network.predict(torch.from_numpy(hu))).numpy()
    assert np.abs(compiled(hu)["probability"] - wanted).max() < TOLERANCE


def test_a_graph_of_other_weights_is_refused(exported: tuple[torch.nn.Module, Path]) -> None:
    network, path = exported
    assert check(network, path) <= TOLERANCE
    torch.manual_seed(3)
    other = _tiny("hrnet" if isinstance(network, HRNet) else "nested_unet").eval()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.1)
    with pytest.raises(ValueError, match="differs from torch"):
        check(other, path)


def test_the_file_names_no_place_on_the_machine_that_made_it(
    exported: tuple[torch.nn.Module, Path],
) -> None:
    content = exported[1].read_bytes()
    for trace in (str(Path.home()), str(Path.cwd()), str(exported[1].parent), "site-packages"):
        if trace != "/":
            assert trace.encode() not in content
    assert b"stack_trace" not in content


def test_a_checkpoint_gives_its_averaged_weights_and_its_run(tmp_path: Path) -> None:
    network = make_segmenter("hrnet")
    average = {key: value + 1 for key, value in network.state_dict().items()}
    path = tmp_path / "best.pt"
    facts = {"step": 50, "steps": 100, "seed": 3}
    torch.save({**facts, "network": network.state_dict(), "average": average}, path)
    checkpoint = read_checkpoint("hrnet", path)
    assert checkpoint.run == RunFacts(step=50, steps=100, seed=3)
    for key, value in checkpoint.network.state_dict().items():
        assert torch.equal(value, average[key])
    assert not checkpoint.network.training


@pytest.mark.parametrize("name", ["nested_unet", "hrnet"])
def test_the_description_is_read_back_and_states_the_run(name: str, tmp_path: Path) -> None:
    description = describe(name, RunFacts(step=1234, steps=5678, seed=91))
    path = write_description(description, tmp_path)
    assert read_description(path) == description
    assert tomllib.loads(path.read_text("utf-8"))["training"]["trained"] is True
    recipe = description.training.recipe
    for fact in ("seed 91", "step 5678", "weights of step 1234"):
        assert fact in recipe
    millions = parameter_count(make_segmenter(name)) / 1e6
    assert f"{millions:.2f} million" in description.architecture


def test_every_frame_fits_the_network_and_lies_inside_a_whole_slice() -> None:
    preprocessing = describe("hrnet", RunFacts(1, 1, 1)).preprocessing
    assert preprocessing.frames == FRAMES
    for rows, columns in FRAMES:
        assert rows % 32 == columns % 32 == 0
        assert rows <= preprocessing.rows
        assert columns <= preprocessing.columns
