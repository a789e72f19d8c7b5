"""The networks that the catalogue names: seeded, in range, as large as it says."""

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo.catalogue import ENTRIES, example_inputs, find, load_eager  # noqa: E402
from provisioning.zoo.entry import ZooEntry  # noqa: E402
from provisioning.zoo.program_file import run_eager  # noqa: E402
from provisioning.zoo.segmenter import parameter_count  # noqa: E402

SMALL = {"nested_unet_512": (1, 1, 64, 96), "hrnet_w18": (1, 1, 64, 96)}


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: entry.name)
def built(request: pytest.FixtureRequest) -> tuple[ZooEntry, torch.nn.Module]:
    return request.param, load_eager(request.param.name, 3)


def test_a_network_is_as_large_as_its_entry_says(built: tuple[ZooEntry, torch.nn.Module]) -> None:
    entry, network = built
    assert parameter_count(network) == entry.parameters


def test_outputs_are_finite_and_hold_an_answer(built: tuple[ZooEntry, torch.nn.Module]) -> None:
    entry, network = built
    outputs = run_eager(network, example_inputs(entry.name, 4, SMALL.get(entry.name)))
    assert len(outputs) == len(entry.outputs)
    for output in outputs:
        assert np.isfinite(output).all()
    if entry.outputs == ("probability",):
        assert 0 <= outputs[0].min() < outputs[0].max() <= 1
    else:
        assert 1 < (outputs[1] > 0).sum() <= 100


@pytest.mark.parametrize("name", ["nested_unet_512", "hrnet_w18"])
def test_an_untrained_segmenter_calls_nothing_a_lesion(name: str) -> None:
    [probability] = run_eager(load_eager(name, 3), example_inputs(name, 5, (1, 1, 128, 128)))
    assert (probability > 0.5).mean() < 1e-3
    assert probability.std() > 1e-4


def test_a_seed_gives_the_same_weights_and_another_seed_others() -> None:
    once, again, other = (load_eager("hrnet_w18", seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(once[key], again[key]) for key in once)
    assert any(not torch.equal(once[key], other[key]) for key in once)


def test_no_input_of_a_catalogue_entry_is_a_constant() -> None:
    for entry in ENTRIES:
        [image] = example_inputs(entry.name, 1).values()
        assert image.shape == find(entry.name).input.example
        assert len(np.unique(image)) > 100
