"""RetinaNet: its published size, its anchors, and a detector that finds what it is shown."""

import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from torch import Tensor, nn  # noqa: E402

from provisioning.zoo.anchors import PER_CELL, image_anchors  # noqa: E402
from provisioning.zoo.box_coding import clip, decode, encode  # noqa: E402
from provisioning.zoo.detector import Detector, Selection  # noqa: E402
from provisioning.zoo.retinanet import RetinaNet  # noqa: E402
from provisioning.zoo.segmenter import parameter_count  # noqa: E402

SIDE = 128
FEW = Selection(answers=5)
NEVER, SURE = -20.0, 4.0


class Painted(nn.Module):
    """Stands where the network does: says `SURE` of chosen (level, anchor, class)."""

    def __init__(self, found: list[tuple[int, int, int]], classes: int = 2) -> None:
        super().__init__()
        self.classes = classes
        self.counts = [len(anchors.sizes) for anchors in image_anchors(SIDE, SIDE)]
        self.found = found

    def forward(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        logits = [torch.full((1, n, self.classes), NEVER) for n in self.counts]
        for rank, (level, anchor, label) in enumerate(self.found):
            logits[level][0, anchor, label] = SURE - 0.1 * rank
        return logits, [torch.zeros(1, n, 4) for n in self.counts]


def _detect(found: list[tuple[int, int, int]]) -> tuple[Tensor, Tensor, Tensor]:
    detector = Detector(Painted(found), SIDE, SIDE, FEW)  # type: ignore[arg-type]
    boxes, scores, labels = detector(torch.zeros(1, 1, SIDE, SIDE, dtype=torch.uint8))
    return boxes, scores, labels


def test_the_network_has_the_published_number_of_parameters() -> None:
    assert parameter_count(RetinaNet(inputs=3, classes=91)) == 34_014_999


def test_frozen_batch_norm_is_what_the_published_count_leaves_out() -> None:
    everything = sum(p.numel() for p in RetinaNet(inputs=3, classes=91).parameters())
    assert everything - 34_014_999 == 53_120


def test_every_level_has_as_many_rows_as_anchors() -> None:
    torch.manual_seed(0)
    network = RetinaNet(classes=3).eval()
    with torch.no_grad():
        logits, deltas = network(torch.zeros(1, 3, 160, 96))
    counts = [len(anchors.sizes) for anchors in image_anchors(160, 96)]
    assert [x.shape for x in logits] == [(1, n, 3) for n in counts]
    assert [x.shape for x in deltas] == [(1, n, 4) for n in counts]
    assert counts[0] == 20 * 12 * PER_CELL


def test_anchors_are_whole_even_numbers_that_fp16_holds() -> None:
    for anchors in image_anchors(1280, 640):
        assert torch.equal(anchors.sizes % 2, torch.zeros_like(anchors.sizes))
        for values in (anchors.centres, anchors.sizes):
            assert torch.equal(values.half().float(), values)


def test_anchors_have_the_areas_and_shapes_of_the_paper() -> None:
    sizes = image_anchors(SIDE, SIDE)[1].sizes[:PER_CELL].double()
    areas = sizes.prod(1).sqrt().view(3, 3)
    wanted = 64 * torch.tensor([1, 2 ** (1 / 3), 2 ** (2 / 3)], dtype=torch.float64)
    assert torch.allclose(areas, wanted.expand(3, 3), rtol=0.03)
    ratios = (sizes[:, 1] / sizes[:, 0]).view(3, 3)
    assert torch.allclose(ratios.mean(1), torch.tensor([0.5, 1, 2]).double(), rtol=0.03)


def test_decoding_undoes_encoding() -> None:
    torch.manual_seed(0)
    low = torch.rand(20, 2) * 500
    corners = torch.cat([low, low + 1 + torch.rand(20, 2) * 100], dim=1)
    centres, sizes = torch.rand(20, 2) * 500, 2 + torch.rand(20, 2) * 60
    again = decode(encode(corners, centres, sizes), centres, sizes)
    assert torch.allclose(again, corners, atol=1e-2)


def test_a_hostile_offset_gives_a_finite_box_inside_the_image() -> None:
    wild = torch.tensor([[1e6, -1e6, 1e6, 1e6]])
    box = clip(decode(wild, torch.zeros(1, 2), torch.full((1, 2), 32.0)), 100, 50)
    assert torch.isfinite(box).all()
    assert (box >= 0).all()
    assert (box[:, 0::2] <= 50).all()
    assert (box[:, 1::2] <= 100).all()


def test_an_image_without_objects_gives_empty_rows_only() -> None:
    boxes, scores, labels = _detect([])
    assert boxes.shape == (5, 4)
    assert not scores.any()
    assert not labels.any()
    assert not boxes.any()


def test_a_found_anchor_is_answered_with_its_box_and_label() -> None:
    anchors = image_anchors(SIDE, SIDE)[0]
    cell = (8 * 16 + 8) * PER_CELL
    boxes, scores, labels = _detect([(0, cell, 1)])
    centre, size = anchors.centres[cell], anchors.sizes[cell]
    assert torch.allclose(boxes[0], torch.cat([centre - size / 2, centre + size / 2]))
    assert scores[0] == torch.sigmoid(torch.tensor(SURE))
    assert labels.tolist() == [2, 0, 0, 0, 0]


def test_two_boxes_on_one_object_become_one_and_classes_stay_apart() -> None:
    cell = (8 * 16 + 8) * PER_CELL
    _, _, same = _detect([(0, cell, 0), (0, cell + PER_CELL, 0), (0, cell + 1, 0)])
    assert int((same > 0).sum()) < 3
    _, scores, apart = _detect([(0, cell, 0), (0, cell, 1)])
    assert apart.tolist() == [1, 2, 0, 0, 0]
    assert scores[0] > scores[1] > 0


def test_no_more_answers_than_asked_for_and_the_best_first() -> None:
    far = [(0, (i * 2 * 16 + i * 2) * PER_CELL, 0) for i in range(1, 8)]
    _, scores, _ = _detect(far)
    assert len(scores) == 5
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert scores[-1] > 0
