"""Reading the training data and drawing batches from it, on generated slices."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo.augment import Recipe, draw_batch  # noqa: E402
from provisioning.zoo.covid_ct_data import (  # noqa: E402
    TEST,
    TRAIN,
    VALIDATE,
    Volume,
    from_arrays,
    load_volume,
    to_hu,
)

PLAIN = Recipe(
    batch=2,
    crop=(32, 48),
    infected_share=1.0,
    anywhere_share=0.0,
    lung_centre=(32.0, 32.0),
    centre_jitter=0.0,
    zoom=(1.0, 1.0),
    rotation=0.0,
    shift_hu=0.0,
    gain=0.0,
    noise_hu=0.0,
    blur_share=0.0,
    sharpen_share=0.0,
)


def _volume() -> Volume:
    rng = np.random.default_rng(3)
    hu = rng.integers(-1000, 200, (4, 64, 64)).astype(np.int16)
    mask = np.zeros(hu.shape, np.bool_)
    mask[1, 20:30, 10:25] = True
    return from_arrays("generated", hu, mask)


def test_no_patient_is_in_two_parts_of_the_split() -> None:
    names = [*TRAIN, *VALIDATE, *TEST]
    assert len(set(names)) == len(names) == 8


def test_grey_codes_become_hounsfield_units() -> None:
    hu = to_hu(np.array([[0, 51, 254, 255]], np.uint8))
    assert hu.tolist() == [[-1250, -950, 244, 500]]


def test_slices_with_an_untrustworthy_scale_are_left_out(tmp_path: Path) -> None:
    image = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    infection = np.zeros(image.shape, np.bool_)
    infection[2, 0, 0] = True
    path = tmp_path / "coronacases_900.npz"
    np.savez(path, image=image, infection=infection, soft_mode=np.array([86, 87, 100, 128, 129]))
    volume = load_volume(path)
    assert volume.hu[:, 0, 0].tolist() == to_hu(np.array([1, 2, 3], np.uint8)).tolist()
    assert volume.infected.tolist() == [1]
    assert volume.healthy.tolist() == [0, 2]


def test_a_batch_without_distortion_is_the_crop_itself_or_its_mirror() -> None:
    volume = _volume()
    batch = draw_batch([volume], PLAIN, seed=1, step=0)
    crop = torch.from_numpy(volume.hu[1, 16:48, 8:56].astype(np.float32))
    mask = torch.from_numpy(volume.infection[1, 16:48, 8:56].astype(np.float32))
    for hu, marked in zip(batch.hu[:, 0], batch.mask[:, 0], strict=True):
        mirrored = not torch.allclose(hu, crop, atol=0.5)
        if mirrored:
            hu, marked = hu.flip(1), marked.flip(1)
        assert torch.allclose(hu, crop, atol=0.5)
        assert torch.equal(marked, mask)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    volume, recipe = _volume(), Recipe(batch=3, crop=(32, 32), lung_centre=(32.0, 32.0))
    once = draw_batch([volume], recipe, seed=5, step=9)
    again = draw_batch([volume], recipe, seed=5, step=9)
    other = draw_batch([volume], recipe, seed=5, step=10)
    assert torch.equal(once.hu, again.hu)
    assert torch.equal(once.mask, again.mask)
    assert not torch.equal(once.hu, other.hu)
