"""Both Inception networks: published sizes, and the maps of the paper's figures."""

import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo import inception_resnet_v2 as residual  # noqa: E402
from provisioning.zoo import inception_v4 as plain  # noqa: E402
from provisioning.zoo.classification_networks import ServedClassifier, normalise  # noqa: E402
from provisioning.zoo.inception_parts import Beside, chain, one, pooled, three  # noqa: E402
from provisioning.zoo.segmenter import parameter_count  # noqa: E402


def test_inception_v4_has_the_published_number_of_parameters() -> None:
    assert parameter_count(plain.inception_v4()) == 42_679_816


def test_inception_resnet_v2_has_the_published_number_of_parameters() -> None:
    assert parameter_count(residual.inception_resnet_v2()) == 55_843_464


@pytest.mark.parametrize(
    ("stem", "channels"), [(plain.stem, 384), (residual.stem, residual.MAPS_A)]
)
def test_a_stem_turns_299_pixels_into_35(stem: object, channels: int) -> None:
    with torch.no_grad():
        maps = stem(3).eval()(torch.zeros(1, 3, 299, 299))  # type: ignore[operator]
    assert maps.shape == (1, channels, 35, 35)


@pytest.mark.parametrize(
    ("block", "before", "after"),
    [
        (plain.block_a, (384, 35), (384, 35)),
        (plain.reduction_a, (384, 35), (1024, 17)),
        (plain.block_b, (1024, 17), (1024, 17)),
        (plain.reduction_b, (1024, 17), (1536, 8)),
        (plain.block_c, (1536, 8), (1536, 8)),
        (residual.block_a, (320, 35), (320, 35)),
        (residual.reduction_a, (320, 35), (1088, 17)),
        (residual.block_b, (1088, 17), (1088, 17)),
        (residual.reduction_b, (1088, 17), (2080, 8)),
        (lambda: residual.block_c(0.2), (2080, 8), (2080, 8)),
    ],
)
def test_a_block_has_the_maps_of_its_figure(
    block: object, before: tuple[int, int], after: tuple[int, int]
) -> None:
    with torch.no_grad():
        maps = block().eval()(torch.zeros(1, before[0], before[1], before[1]))  # type: ignore[operator]
    assert maps.shape == (1, after[0], after[1], after[1])


def test_a_residual_of_no_weight_passes_its_input() -> None:
    block = residual.block_c(1.0, relu=False).eval()
    torch.nn.init.zeros_(block.back.weight)
    torch.nn.init.zeros_(block.back.bias)
    x = torch.randn(1, 2080, 3, 3)
    with torch.no_grad():
        assert torch.equal(block(x), x)


def test_the_average_leaves_the_padding_out() -> None:
    branch = pooled(1, 1)
    torch.nn.init.ones_(branch[1][0].weight)
    with torch.no_grad():
        averaged = branch[0](torch.full((1, 1, 4, 4), 3.0))
    assert torch.equal(averaged, torch.full((1, 1, 4, 4), 3.0))


def test_a_served_classifier_answers_probabilities_of_each_image() -> None:
    torch.manual_seed(0)
    features = Beside(chain(3, one(2)), chain(3, three(3)))
    network = plain.Classifier(features, 5, 4, 0.2)
    images = torch.randint(0, 256, (2, 3, 9, 9), dtype=torch.uint8)
    with torch.no_grad():
        probability = ServedClassifier(network).eval()(images)
    assert probability.shape == (2, 4)
    assert torch.allclose(probability.sum(1), torch.ones(2))


def test_grey_values_are_spread_over_minus_one_to_one() -> None:
    values = normalise(torch.tensor([0, 255], dtype=torch.uint8))
    assert values.tolist() == [-1.0, 1.0]
