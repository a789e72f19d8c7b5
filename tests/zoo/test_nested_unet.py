"""The reference network: its size, its shapes and the window inside its graph."""

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo.hounsfield import window  # noqa: E402
from provisioning.zoo.nested_unet import NestedUNet  # noqa: E402
from provisioning.zoo.segmenter import Served, parameter_count  # noqa: E402

TINY = (2, 4, 6, 8, 10)


def test_the_reference_network_has_the_documented_number_of_parameters() -> None:
    assert parameter_count(NestedUNet()) == 2_291_732


def test_probabilities_have_the_shape_of_the_slices_and_lie_in_0_to_1() -> None:
    torch.manual_seed(0)
    network = Served(NestedUNet(TINY)).eval()
    hu = torch.randint(-1200, 400, (3, 1, 64, 96), dtype=torch.int16)
    with torch.no_grad():
        probability = network(hu)
    assert probability.shape == (3, 1, 64, 96)
    assert probability.dtype == torch.float32
    assert 0 <= float(probability.min()) <= float(probability.max()) <= 1


def test_every_column_has_a_head_and_the_last_one_is_served() -> None:
    torch.manual_seed(0)
    network = NestedUNet(TINY).eval()
    hu = torch.randint(-1200, 400, (1, 1, 32, 32), dtype=torch.int16)
    with torch.no_grad():
        logits = network(hu)
        assert len(logits) == 4
        assert torch.equal(logits[-1], network.predict(hu))


def test_the_window_equals_its_definition_in_numpy() -> None:
    hu = np.arange(-3000, 3001, dtype=np.int16)
    wanted = (np.clip(hu.astype(np.float64), -1250, 250) + 1250) / 1500
    np.testing.assert_allclose(window(torch.from_numpy(hu)).numpy(), wanted, atol=1e-6)


def test_values_outside_the_window_change_nothing() -> None:
    torch.manual_seed(0)
    network = Served(NestedUNet(TINY)).eval()
    clipped = torch.randint(-1250, 251, (1, 1, 32, 32), dtype=torch.int16)
    beyond = clipped.clone()
    beyond[clipped == 250] = 3000
    beyond[clipped == -1250] = -2000
    clipped[0, 0, 0, 0], beyond[0, 0, 0, 0] = 250, 3000
    with torch.no_grad():
        assert torch.equal(network(clipped), network(beyond))
