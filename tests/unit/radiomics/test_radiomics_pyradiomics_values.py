"""The convention `pyradiomics` against the numbers that pyradiomics-bhklab itself gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from loadtests.bench.radiomics_peer_cases import SPACING_MM, PeerCase, peer_cases
from serving.domain.errors import InvalidRequest
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.pyradiomics.diameter import diameters_of
from serving.radiomics.pyradiomics.extract import extract_pyradiomics
from serving.radiomics.pyradiomics.surface import triangles
from serving.radiomics.settings import Discretisation, ExtractionSettings

PEER = Path(__file__).with_name("pyradiomics_lumpy.csv")
TOLERANCE = 1e-6
LUMPY = peer_cases()[0]


def extracted(case: PeerCase, filters: Sequence[str] = (), bins: int = 0) -> dict[str, float]:
    plane, row, column = SPACING_MM
    image = Image(case.image.astype(np.float64), np.diag([column, row, plane, 1.0]))
    discretisation = (
        Discretisation(method="fixed_bin_number", bins=bins) if bins else Discretisation()
    )
    settings = ExtractionSettings(
        convention="pyradiomics", filters=tuple(filters), discretisation=discretisation
    )
    return extract_pyradiomics(image, Roi("region", case.mask), settings)


def test_every_feature_is_pyradiomics_own() -> None:
    lines = [line for line in PEER.read_text("utf-8").splitlines() if line[0] != "#"]
    peer = {name: float(value) for name, value in (line.split(";") for line in lines)}
    values = extracted(LUMPY, ["wavelet_coif1", "log_sigma_3.0mm"])
    assert len(peer) == 386
    assert {name: values[name] for name in peer} == pytest.approx(peer, rel=TOLERANCE, abs=1e-12)


def test_names_are_complete() -> None:
    values = extracted(LUMPY, ["wavelet_coif1", "log_sigma_2.0mm"])
    images = {name.split("_")[0] for name in values}
    assert len(values) == 107 + 9 * 93
    assert {"original", "wavelet-LLH", "wavelet-HHH", "log-sigma-2-0-mm-3D"} <= images


@pytest.mark.parametrize("case", peer_cases()[1:], ids=lambda case: case.name)
def test_hard_regions_give_all_originals(case: PeerCase) -> None:
    values = extracted(case)
    assert len(values) == 107
    assert np.isfinite(values["original_shape_MeshVolume"])


def test_a_fixed_bin_number_splits_the_range_evenly() -> None:
    values = extracted(LUMPY, bins=2)
    inside = LUMPY.image[LUMPY.mask]
    upper = np.mean(inside >= (int(inside.min()) + int(inside.max())) / 2)
    expected = upper**2 + (1 - upper) ** 2
    assert values["original_firstorder_Uniformity"] == pytest.approx(expected)


def test_a_far_away_image_changes_no_filtered_feature() -> None:
    """Filters look at a part of the image; the whole of a larger one must give the same."""
    filters = ["wavelet_coif1", "log_sigma_1.0mm"]
    wide = [(24, 24), (40, 40), (40, 40)]
    image = np.pad(LUMPY.image, wide, mode="edge")
    near = extracted(PeerCase("near", image, np.pad(LUMPY.mask, wide)), filters)
    image = np.pad(image, [(30, 30)] * 3, mode="reflect")
    wider = [(before + 30, after + 30) for before, after in wide]
    far = extracted(PeerCase("far", image, np.pad(LUMPY.mask, wider)), filters)
    assert near == pytest.approx(far, rel=TOLERANCE)


def test_diameters_are_those_of_all_pairs() -> None:
    random = np.random.default_rng(4)
    mask = random.random((4, 5, 6)) < 0.2
    padded = np.pad(mask, 1)
    vertices = []
    for axis in range(3):
        crossed = np.argwhere(np.diff(padded.astype(np.int8), axis=axis))
        vertices.append(crossed + np.eye(3)[axis] / 2)
    points = np.concatenate(vertices) * np.array(SPACING_MM)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = diameters_of(mask, SPACING_MM)
    assert found.whole == pytest.approx(apart.max())
    planar = [apart[points[:, None, axis] == points[None, :, axis]].max() for axis in range(3)]
    assert [found.of_slices, found.of_rows, found.of_columns] == pytest.approx(planar)


def test_surfaces_of_a_cube_and_of_its_complement_face_each_other() -> None:
    for configuration in range(1, 255):
        one, other = triangles(configuration), triangles(configuration ^ 0xFF)
        assert len(one) == len(other) > 0
        normals = [np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]).sum(axis=0) for t in (one, other)]
        assert normals[0] == pytest.approx(-normals[1])


@pytest.mark.parametrize("name", ["laws_L5E5E5", "wavelet_nosuch", "log_sigma_0mm"])
def test_filters_that_pyradiomics_lacks_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="choose one of those"):
        extracted(LUMPY, [name])
