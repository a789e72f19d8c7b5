"""The phantom as files: what is written is read back in its place, with volumes that are known."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from provisioning.phantom import (
    COVID_LESIONS,
    Encoding,
    PhantomSpec,
    Position,
    make_phantom,
    measured_ml,
    small_spec,
    truth_of,
    write_study,
)
from provisioning.phantom.writer import write_slices
from serving.dicom.inspector import DicomInspector
from serving.dicom.reader import StudyReader

SMALL = small_spec()
VARIANTS = {
    "plain": {},
    "reversed": {"reversed_numbers": True, "shuffled_names": True},
    "oblique": {"oblique_degrees": 17.0},
    "tilted": {"tilt_degrees": 15.0},
    "prone": {"position": Position.HEAD_FIRST_PRONE},
    "feet first": {"position": Position.FEET_FIRST_SUPINE},
    "feet first prone": {"position": Position.FEET_FIRST_PRONE, "oblique_degrees": -9.0},
    "coronal": {"plane": "coronal", "slices": 48, "spacing_mm": (6.0, 6.0, 6.0)},
    "sagittal": {"plane": "sagittal", "slices": 64, "spacing_mm": (6.0, 6.0, 6.0)},
    "rle": {"encoding": Encoding.RLE},
    "jpeg 2000": {"encoding": Encoding.JPEG_2000},
    "deflated": {"encoding": Encoding.DEFLATED},
    "implicit": {"encoding": Encoding.IMPLICIT},
    "big endian": {"encoding": Encoding.BIG_ENDIAN},
}


def read(folder):
    return StudyReader().read(folder, lambda share, stage: None)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_what_is_written_is_read_back(tmp_path, changes):
    spec = PhantomSpec.model_validate(SMALL.model_dump() | changes)
    phantom = make_phantom(spec)
    truth = phantom.truth
    write_slices(spec, truth.geometry, phantom.hu, tmp_path)
    study = read(tmp_path)
    assert np.allclose(study.volume.geometry.affine_lps, truth.geometry.affine_lps, atol=1e-6)
    assert np.allclose(
        study.volume.geometry.slice_offsets_mm, truth.geometry.slice_offsets_mm, atol=1e-6
    )
    assert np.array_equal(study.volume.hu, phantom.hu)
    assert study.transfer_syntaxes == (str(spec.encoding),)
    assert study.synthetic
    assert study.body_part == "CHEST"
    expected = {"gantry_tilt"} if "tilt_degrees" in changes else set()
    expected |= {"not_axial"} if "plane" in changes else set()
    assert {notice.code for notice in study.notices} == expected


@pytest.mark.parametrize(
    "changes",
    [v for k, v in VARIANTS.items() if "encoding" not in v],
    ids=[k for k, v in VARIANTS.items() if "encoding" not in v],
)
def test_the_mask_measures_what_is_true_and_where(changes):
    """4 mm voxels of the middle of the chest: the same object in the same place, within 5 %."""
    grid = {"slices": 66, "rows": 72, "columns": 76, "spacing_mm": (4.0, 4.0, 4.0)}
    changes = {k: v for k, v in changes.items() if k not in grid}
    spec = PhantomSpec.model_validate(SMALL.model_dump() | grid | changes)
    if spec.plane != "axial":
        spec = spec.model_copy(update={"slices": 76, "rows": 76})
    truth = truth_of(spec)
    volumes, geometry = truth.volumes, truth.geometry
    assert measured_ml(truth.lesions > 0, geometry) == pytest.approx(volumes.lesion_ml, rel=0.05)
    assert measured_ml(truth.lungs == 1, geometry) == pytest.approx(volumes.right_lung_ml, rel=0.05)
    assert measured_ml(truth.lungs == 2, geometry) == pytest.approx(volumes.left_lung_ml, rel=0.05)
    for lesion, form in zip(volumes.lesions, spec.lesions, strict=True):
        inside = np.argwhere(truth.lesions == lesion.index)[:, ::-1].astype(float)
        centre = geometry.to_lps_mm(inside).mean(axis=0)
        assert np.linalg.norm(centre - form.centre_mm) < 8
        assert (centre[0] < 0) == (lesion.side == "right")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom") / "study"
    write_study(SMALL, folder)
    return folder


def test_every_header_says_synthetic(written):
    for path in written.iterdir():
        header = pydicom.dcmread(path, stop_before_pixels=True)
        assert header.PatientName == "SYNTHETIC^PHANTOM"
        assert header.SeriesDescription.startswith("SYNTHETIC")
        assert header.ImageComments.startswith("SYNTHETIC")
        assert header.Manufacturer == "aibox phantom"


def test_the_inspector_accepts_it(written):
    inspector = DicomInspector()
    headers = [inspector.inspect(path) for path in written.iterdir()]
    inspector.check_study(headers, "chest_ct")
    assert len({header.sop_instance_uid for header in headers}) == 24


def test_the_same_spec_gives_the_same_files(tmp_path, written):
    write_study(SMALL, tmp_path / "again")
    one, two = sorted(written.iterdir()), sorted((tmp_path / "again").iterdir())
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_another_seed_is_another_study(tmp_path, written):
    write_study(small_spec(seed=21), tmp_path / "other")
    one, two = (pydicom.dcmread(next(f.iterdir())) for f in (written, tmp_path / "other"))
    assert one.StudyInstanceUID != two.StudyInstanceUID
    assert one.PixelData != two.PixelData


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "file").write_text("here first")
    with pytest.raises(FileExistsError):
        write_study(SMALL, tmp_path)


def test_the_truth_can_be_written(tmp_path):
    truth = truth_of(SMALL)
    truth.volumes.write(tmp_path / "truth.json")
    again = type(truth.volumes).model_validate_json((tmp_path / "truth.json").read_text())
    assert again == truth.volumes
    assert again.lesion_percent == pytest.approx(
        100 * again.lesion_ml / (again.right_lung_ml + again.left_lung_ml)
    )


class TestTissues:
    """One axial slice through the middle at full resolution."""

    @pytest.fixture(scope="class")
    def phantom(self):
        return make_phantom(PhantomSpec(slices=5, spacing_mm=(8.0, 0.74, 0.74)))

    def test_lungs_are_dark_and_apart(self, phantom):
        lungs = phantom.truth.lungs
        healthy = (lungs > 0) & (phantom.truth.lesions == 0)
        assert -880 < np.median(phantom.hu[healthy]) < -820
        assert np.count_nonzero(lungs == 1) > 1.05 * np.count_nonzero(lungs == 2)
        columns = (
            np.flatnonzero((lungs == 1).any(axis=(0, 1))),
            np.flatnonzero((lungs == 2).any(axis=(0, 1))),
        )
        assert columns[0].max() < columns[1].min()

    def test_lesions_have_their_density(self, phantom):
        for truth in phantom.truth.volumes.lesions:
            inside = phantom.truth.lesions == truth.index
            if np.count_nonzero(inside) > 500:
                assert np.median(phantom.hu[inside]) == pytest.approx(truth.hu, abs=80)

    def test_air_surrounds_the_body(self, phantom):
        assert np.median(phantom.hu[:, :60]) == pytest.approx(-1000, abs=5)
        assert np.std(phantom.hu[:, :60].astype(float)) == pytest.approx(15, abs=6)

    def test_bone_is_there(self, phantom):
        assert np.count_nonzero(phantom.hu > 350) > 200


def test_lesions_do_not_overlap_and_lie_in_the_lung():
    truth = truth_of(SMALL)
    assert len(truth.volumes.lesions) == len(COVID_LESIONS)
    assert np.all(truth.lungs[truth.lesions > 0] > 0)
    for lesion, spec in zip(truth.volumes.lesions, COVID_LESIONS, strict=True):
        ellipsoid = 4 / 3 * np.pi * np.prod(spec.radii_mm) / 1000
        assert 0.7 * ellipsoid < lesion.volume_ml < 1.3 * ellipsoid


def test_without_lesions_there_is_none():
    spec = SMALL.model_copy(update={"lesions": (), "vessel_levels": 0})
    truth = make_phantom(spec).truth
    assert truth.volumes.lesion_ml == 0
    assert not truth.lesions.any()
