from __future__ import annotations

import numpy as np
import pytest
from chest_grids import geometry, rotation
from chest_phantom import LEFT, LESION, RIGHT, Chest, dice
from density_model import DensityModel

from serving.domain.errors import CorruptModel
from serving.domain.volume import Geometry
from serving.pipelines.components import label_lesions
from serving.pipelines.lesions import find_lesions
from serving.pipelines.settings import LesionSettings

CHEST = Chest(lesion=LESION, lesion_hu=-300)
ORIENTATIONS = {
    "axial": np.eye(3),
    "feet first, prone": np.diag([1.0, -1.0, -1.0]),
    "coronal": np.eye(3)[:, [0, 2, 1]] * [1.0, -1.0, 1.0],
    "oblique": rotation((10.0, 0.0, -12.0)),
}


def silent(_share: float, _stage: str) -> None:
    pass


def grid(axes: np.ndarray) -> Geometry:
    return geometry(axes, (4.0, 2.5, 2.5), 290.0)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_the_model_sees_axial_lps_and_its_answer_comes_back(name: str) -> None:
    place = grid(ORIENTATIONS[name])
    model = DensityModel()
    lungs = CHEST.truth(place)
    found = find_lesions(CHEST.volume(place), lungs, [model], LesionSettings(), silent)
    truth = CHEST.lesion_mask(place)
    assert dice(found.mask, truth) > 0.85
    assert found.mask.sum() == pytest.approx(truth.sum(), rel=0.12)
    assert ((found.mask > 0) <= (found.lungs > 0)).all()
    assert model.sent.shape[1:] == (256, 256)
    planes, rows, columns = np.nonzero(model.answer)
    assert planes.mean() < len(model.sent) / 2  # slices to head: the lesion lies below the middle
    assert rows.mean() > 140  # to posterior
    assert columns.mean() < 110  # to the patient's right


def test_only_slices_with_lung_are_sent() -> None:
    place = grid(np.eye(3))
    model = DensityModel()
    lungs = CHEST.truth(place)
    find_lesions(CHEST.volume(place), lungs, [model], LesionSettings(), silent)
    assert model.calls == [((lungs > 0).any(axis=(1, 2)).sum(), 256, 256)]
    assert len(lungs) > len(model.sent)


def test_a_model_without_preprocessing_is_refused() -> None:
    place = grid(np.eye(3))
    model = DensityModel(preprocessing=False)
    with pytest.raises(CorruptModel):
        find_lesions(CHEST.volume(place), CHEST.truth(place), [model], LesionSettings(), silent)


def test_lesion_at_the_border_of_a_lung_completes_it() -> None:
    place = grid(np.eye(3))
    truth, lesion = CHEST.truth(place), CHEST.lesion_mask(place)
    lungs = np.where(lesion, 0, truth).astype(np.uint8)
    found = find_lesions(CHEST.volume(place), lungs, [DensityModel()], LesionSettings(), silent)
    gained = (found.lungs > 0) & (lungs == 0)
    assert gained.any()
    assert (found.lungs[gained] == 1).all()
    assert (gained <= found.mask).all()
    assert (found.lungs[lungs > 0] == lungs[lungs > 0]).all()


def test_lesions_are_numbered_by_volume_and_specks_dropped() -> None:
    place = geometry(np.eye(3), (2.0, 1.0, 1.0), 38.0)
    mask = np.zeros(place.shape, dtype=bool)
    mask[2:4, 2:6, 2:6] = True
    mask[10:16, 10:20, 10:20] = True
    mask[16, 20, 20] = True  # touches the large one by a corner only
    mask[18, 30, 30] = True
    labels = label_lesions(mask, place, smallest_mm3=5.0)
    assert labels.dtype == np.uint16
    assert labels.max() == 2
    assert labels[12, 12, 12] == labels[16, 20, 20] == 1
    assert labels[2, 2, 2] == 2
    assert labels[18, 30, 30] == 0
    assert not label_lesions(np.zeros_like(mask), place, 5.0).any()


def test_both_lungs_of_the_phantom_differ_so_that_sides_can_be_told() -> None:
    assert RIGHT.volume_ml > LEFT.volume_ml
