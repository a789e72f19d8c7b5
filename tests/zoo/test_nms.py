"""Non-maximum suppression against a plain double loop, and as an operator in a graph."""

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo.nms import nms  # noqa: E402


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return shared / (sum(areas) - shared)


def _plain(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    kept: list[int] = []
    for i in np.argsort(-scores):
        if all(_iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(int(i))
    return kept


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5])
def test_it_keeps_what_a_double_loop_keeps(threshold: float) -> None:
    rng = np.random.default_rng(5)
    low = rng.uniform(0, 100, (200, 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 60, (200, 2))], axis=1).astype(np.float32)
    scores = rng.permutation(200).astype(np.float32)
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
    assert kept.tolist() == _plain(boxes.astype(np.float64), scores, threshold)
    assert 0 < len(kept) < 200


def test_no_boxes_keep_none() -> None:
    kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert kept.shape == (0,)
    assert kept.dtype == torch.int64


def test_an_exported_program_calls_it_by_the_name_that_exporters_know() -> None:
    class Suppress(torch.nn.Module):
        def forward(self, boxes: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            return nms(boxes, scores, 0.5)

    program = torch.export.export(Suppress(), (torch.rand(6, 4), torch.rand(6)))
    called = [node.target for node in program.graph.nodes if node.op == "call_function"]
    assert torch.ops.torchvision.nms.default in called
