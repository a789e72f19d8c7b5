from __future__ import annotations

import numpy as np
import pytest
from chest_grids import geometry, rotation
from chest_phantom import LESION, Chest, dice, touching

from serving.domain.volume import Geometry, Volume
from serving.pipelines.coverage import lung_coverage
from serving.pipelines.lungs import segment_lungs
from serving.pipelines.settings import LungSettings

AXIAL = np.eye(3)
GRIDS = {
    "axial": AXIAL,
    "reversed slices": np.diag([1.0, 1.0, -1.0]),
    "prone": np.diag([-1.0, -1.0, 1.0]),
    "feet first": np.diag([-1.0, 1.0, -1.0]),
    "mirrored columns": np.diag([-1.0, 1.0, 1.0]),
    "coronal": AXIAL[:, [0, 2, 1]] * [1.0, -1.0, 1.0],
    "sagittal": AXIAL[:, [1, 2, 0]] * [1.0, -1.0, 1.0],
    "oblique": rotation((12.0, -8.0, 15.0)),
}


def grid(axes: np.ndarray = AXIAL, tilt_deg: float = 0.0) -> Geometry:
    return geometry(axes, (4.0, 3.0, 3.0), 290.0, tilt_deg)


def slab(volume: Volume, first: int, last: int) -> Volume:
    part = volume.geometry
    affine = part.affine_lps.copy()
    affine[:3, 3] += affine[:3, 2] * first
    cut = Geometry(
        (last - first, part.shape[1], part.shape[2]), affine, part.slice_offsets_mm[first:last]
    )
    return Volume(volume.hu[first:last], cut)


@pytest.mark.parametrize("name", GRIDS)
def test_both_lungs_on_their_own_side_in_every_orientation(name: str) -> None:
    place = grid(GRIDS[name])
    chest = Chest()
    found, truth = segment_lungs(chest.volume(place), LungSettings()), chest.truth(place)
    assert found.shape == place.shape
    assert found.dtype == np.uint8
    for side in (1, 2):
        assert dice(found == side, truth == side) > 0.95


def test_a_tilted_gantry() -> None:
    place = grid(tilt_deg=15.0)
    found = segment_lungs(Chest().volume(place), LungSettings())
    assert dice(found > 0, Chest().truth(place) > 0) > 0.95


def test_lungs_that_touch_are_parted() -> None:
    place = grid()
    chest = touching()
    found, truth = segment_lungs(chest.volume(place), LungSettings()), chest.truth(place)
    for side in (1, 2):
        assert dice(found == side, truth == side) > 0.95


@pytest.mark.parametrize(("present", "absent"), [(1, 2), (2, 1)])
def test_a_single_lung_keeps_its_side(present: int, absent: int) -> None:
    chest = Chest(left=None) if present == 1 else Chest(right=None)
    place = grid()
    found = segment_lungs(chest.volume(place), LungSettings())
    assert dice(found == present, chest.truth(place) > 0) > 0.95
    assert not (found == absent).any()


@pytest.mark.parametrize("lesion_hu", [-350, -200])
def test_a_lesion_at_the_chest_wall_counts_as_lung(lesion_hu: int) -> None:
    chest = Chest(lesion=LESION, lesion_hu=lesion_hu)
    place = grid()
    found = segment_lungs(chest.volume(place), LungSettings())
    lesion = chest.lesion_mask(place)
    assert (found[lesion] == 1).mean() > 0.9
    assert dice(found > 0, chest.truth(place) > 0) > 0.95


def test_the_trachea_and_bowel_gas_are_no_lung() -> None:
    place = grid()
    chest = Chest(bowel_gas=True)
    found = segment_lungs(chest.volume(place), LungSettings())
    truth = chest.truth(place)
    assert ((found > 0) & (truth == 0)).sum() < 0.03 * (truth > 0).sum()
    assert dice(found > 0, truth > 0) > 0.95


def test_emphysema_is_lung() -> None:
    place = grid()
    chest = Chest(lung_hu=-945, trachea=False)
    found = segment_lungs(chest.volume(place), LungSettings())
    assert dice(found > 0, chest.truth(place) > 0) > 0.95


@pytest.mark.parametrize("chest", [Chest(right=None, left=None, bowel_gas=True)])
def test_no_lung_gives_an_empty_map(chest: Chest) -> None:
    assert not segment_lungs(chest.volume(grid()), LungSettings()).any()


@pytest.mark.parametrize("hu", [-1000, 40, -3024])
def test_images_of_one_value_give_an_empty_map(hu: int) -> None:
    place = grid()
    volume = Volume(np.full(place.shape, hu, dtype=np.int16), place)
    assert not segment_lungs(volume, LungSettings()).any()


@pytest.mark.parametrize("axes", ["axial", "reversed slices"])
def test_coverage_names_the_end_that_is_missing(axes: str) -> None:
    whole = Chest().volume(grid(GRIDS[axes]))
    count = whole.hu.shape[0]
    middle = count // 2
    to_head = axes == "axial"
    for volume, apex, base in (
        (whole, True, True),
        (slab(whole, 0, middle), not to_head, to_head),
        (slab(whole, middle, count), to_head, not to_head),
        (slab(whole, middle - 10, middle + 10), False, False),
    ):
        lungs = segment_lungs(volume, LungSettings())
        coverage = lung_coverage(lungs, volume.geometry)
        assert (coverage.apex_seen, coverage.base_seen) == (apex, base)
        assert coverage.complete == (apex and base)
    assert "upper" in lung_coverage(lungs, volume.geometry).sentence
