"""HRNet: its published size, and branches that meet at the right resolutions."""

import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo.hrnet import (  # noqa: E402
    REFERENCE,
    W18,
    W18_SMALL,
    Exchange,
    HRNet,
    HRNetSpec,
)
from provisioning.zoo.segmenter import Served, parameter_count  # noqa: E402

TINY = HRNetSpec(
    stem_channels=4, first_channels=2, first_units=1, width=2, units=1, modules=(1, 1, 1)
)


@pytest.mark.parametrize(("spec", "count"), [(W18, 9_641_119), (W18_SMALL, 1_540_819)])
def test_the_network_has_the_published_number_of_parameters(spec: HRNetSpec, count: int) -> None:
    assert parameter_count(HRNet(spec, inputs=3, classes=19)) == count


@pytest.mark.parametrize(("spec", "stride"), [(W18, 4), (REFERENCE, 2)])
def test_each_branch_halves_the_one_before_it(spec: HRNetSpec, stride: int) -> None:
    network = HRNet(spec).eval()
    with torch.no_grad():
        branches = network._branches(torch.zeros(1, 1, 64, 96))
    sides = [(64 // stride // 2**i, 96 // stride // 2**i) for i in range(4)]
    assert [tuple(b.shape[2:]) for b in branches] == sides
    assert [b.shape[1] for b in branches] == [spec.width * 2**i for i in range(4)]


def test_an_exchange_lets_every_branch_reach_every_other() -> None:
    torch.manual_seed(0)
    exchange = Exchange((2, 4, 8)).eval()
    branches = [torch.rand(1, 2 * 2**i, 16 // 2**i, 24 // 2**i) for i in range(3)]
    with torch.no_grad():
        before = exchange(branches)
        for changed in range(3):
            moved = [b + (i == changed) for i, b in enumerate(branches)]
            after = exchange(moved)
            assert [b.shape for b in after] == [b.shape for b in branches]
            assert all(not torch.equal(a, b) for a, b in zip(after, before, strict=True))


def test_probabilities_have_the_shape_of_the_slices_and_lie_in_0_to_1() -> None:
    torch.manual_seed(0)
    hu = torch.randint(-1200, 400, (2, 1, 64, 96), dtype=torch.int16)
    with torch.no_grad():
        probability = Served(HRNet(TINY)).eval()(hu)
    assert probability.shape == (2, 1, 64, 96)
    assert probability.dtype == torch.float32
    assert 0 <= float(probability.min()) < float(probability.max()) <= 1
