"""Files of a small network: they compute what torch does, at sizes that they were not shown."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)
pytest.importorskip("onnxscript", reason="exporting needs onnxscript; `make install-zoo`")

from torch import Tensor, nn  # noqa: E402

from provisioning.zoo import exporter  # noqa: E402
from provisioning.zoo.catalogue import find  # noqa: E402
from provisioning.zoo.detector import Detector, Selection  # noqa: E402
from provisioning.zoo.entry import ZooEntry, smooth_noise  # noqa: E402
from provisioning.zoo.kept_files import ExportFormat, KeptFiles  # noqa: E402
from provisioning.zoo.nested_unet import NestedUNet  # noqa: E402
from provisioning.zoo.onnx_file import run_onnx, write_onnx  # noqa: E402
from provisioning.zoo.program_file import (  # noqa: E402
    run_eager,
    run_program,
    trace,
    write_program,
)
from provisioning.zoo.segmenter import Served  # noqa: E402
from serving.domain.errors import CorruptModel  # noqa: E402

BOTH = tuple(ExportFormat)
CHEST = find("nested_unet_512")
DETECTION = find("retinanet_r50")
SIDES = (1280, 640)


class FewBoxes(nn.Module):
    """In place of the large network: one convolution for each level's logits and offsets."""

    classes = 1

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Conv2d(3, 45, stride, stride) for stride in (8, 16, 32, 64, 128)
        )

    def forward(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        maps = [level(image).permute(0, 2, 3, 1).reshape(1, -1, 5) for level in self.levels]
        return [x[..., :1] - 3 for x in maps], [x[..., 1:] for x in maps]


@torch.no_grad()
def _a_dozen(network: FewBoxes, image: np.ndarray) -> Selection:
    """A threshold that twelve anchors pass."""
    normalised = Detector(network, *SIDES).normalise(torch.from_numpy(image))  # type: ignore[arg-type]
    logits = torch.cat([x.flatten() for x in network(normalised)[0]])
    best = torch.sigmoid(logits).topk(13).values
    return Selection(score_threshold=float(best[-2:].mean()))


@pytest.fixture(scope="module")
def segmenter() -> nn.Module:
    torch.manual_seed(1)
    return Served(NestedUNet((2, 4, 4, 6, 6))).eval()


@pytest.fixture(scope="module")
def files(segmenter: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> KeptFiles:
    kept = KeptFiles(tmp_path_factory.mktemp("kept"))
    program = trace(CHEST, segmenter, 1)
    write_program(program, kept.model(ExportFormat.PT2))
    write_onnx(CHEST, program, kept.model(ExportFormat.ONNX))
    return kept


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 1, 96, 32)])
def test_both_files_compute_what_torch_does_at_any_size(
    segmenter: nn.Module, files: KeptFiles, shape: tuple[int, ...]
) -> None:
    hu = {"hu": smooth_noise(shape, (-1000, 200), np.int16, 9)}
    [wanted] = run_eager(segmenter, hu)
    assert wanted.shape == shape
    for form, run in ((ExportFormat.ONNX, run_onnx), (ExportFormat.PT2, run_program)):
        [got] = run(files.model(form), hu)
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_a_detector_in_onnx_answers_the_boxes_of_torch(tmp_path: Path) -> None:
    torch.manual_seed(4)
    network = FewBoxes()
    images = [smooth_noise((1, 1, *SIDES), (0, 255), np.uint8, seed) for seed in (1, 2)]
    detector = Detector(network, *SIDES, _a_dozen(network, images[0])).eval()  # type: ignore[arg-type]
    path = tmp_path / "model.onnx"
    write_onnx(DETECTION, trace(DETECTION, detector, 1), path)
    for image in ({"image": array} for array in images):
        boxes, scores, labels = run_eager(detector, image)
        got = run_onnx(path, image)
        np.testing.assert_allclose(got[1], scores, atol=1e-4)
        np.testing.assert_array_equal(got[2], labels)
        gaps = -np.diff(scores, prepend=2, append=-1)
        steady = np.minimum(gaps[:-1], gaps[1:]) > 1e-5
        assert steady.sum() > 1
        np.testing.assert_allclose(got[0][steady], boxes[steady], atol=0.05)


def test_an_image_without_candidates_gives_empty_rows_in_onnx_too(tmp_path: Path) -> None:
    torch.manual_seed(4)
    detector = Detector(FewBoxes(), *SIDES, Selection(score_threshold=1.0)).eval()  # type: ignore[arg-type]
    path = tmp_path / "model.onnx"
    write_onnx(DETECTION, trace(DETECTION, detector, 1), path)
    for output in run_onnx(path, {"image": np.zeros((1, 1, *SIDES), np.uint8)}):
        assert output.shape[0] == 100
        assert not output.any()


def test_a_file_that_computes_something_else_is_refused(
    files: KeptFiles, segmenter: nn.Module
) -> None:
    hu = {"hu": smooth_noise((1, 1, 64, 64), (-1000, 200), np.int16, 9)}
    wanted = run_eager(segmenter, hu)
    path = files.model(ExportFormat.ONNX)
    assert exporter._parity(CHEST, ExportFormat.ONNX, path, hu, wanted) < 1e-5
    with pytest.raises(CorruptModel, match="differs from torch"):
        exporter._parity(CHEST, ExportFormat.ONNX, path, hu, [wanted[0] + 0.01])


def test_an_entry_without_answers_in_a_clear_order_is_not_exported() -> None:
    class Undecided(nn.Module):
        def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return torch.zeros(3, 4), torch.full((3,), 0.5), torch.ones(3, dtype=torch.int64)

    entry: ZooEntry = DETECTION
    with pytest.raises(CorruptModel, match="by rounding"):
        exporter.steady_inputs(entry, Undecided(), 1)
