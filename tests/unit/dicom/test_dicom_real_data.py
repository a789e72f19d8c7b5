"""Real studies of several makers; skipped where the shared data is absent."""

from __future__ import annotations

import numpy as np
import pytest

from serving.dicom.inspector import DicomInspector
from serving.dicom.reader import StudyReader


def read(folder):
    return StudyReader().read(folder, lambda share, stage: None)


def test_a_covid_study_in_jpeg_lossless(shared_data):
    folder = shared_data / "covid-ct-md" / "P001"
    inspector = DicomInspector()
    inspector.check_study([inspector.inspect(path) for path in folder.iterdir()], "chest_ct")
    study = read(folder)
    hu = study.volume.hu
    assert hu.shape == (148, 512, 512)
    assert study.transfer_syntaxes == ("1.2.840.10008.1.2.4.70",)
    assert study.volume.geometry.slice_spacing_mm == pytest.approx(2)
    assert study.notices == ()
    assert np.median(hu[:, :8, :8]) < -950
    assert 0.02 < np.mean((hu > -950) & (hu < -700)) < 0.5


def test_a_slab_is_ordered_by_position(shared_data):
    study = read(shared_data / "lidc-0314")
    offsets = study.volume.geometry.slice_offsets_mm
    assert study.volume.hu.shape == (64, 512, 512)
    assert np.allclose(np.diff(offsets), 1, atol=0.01)
    assert offsets[0] == pytest.approx(-551.8, abs=0.01)
    assert offsets[-1] == pytest.approx(-488.8, abs=0.01)
    assert study.volume.geometry.affine_lps[:3, 2] == pytest.approx([0, 0, 1], abs=1e-3)


def test_single_slices_have_their_thickness(shared_data):
    folders = sorted(p for p in (shared_data / "covid19-ny-sbu").iterdir() if p.is_dir())
    assert folders
    for folder in folders:
        study = read(folder)
        assert study.volume.hu.shape == (1, 512, 512)
        assert study.volume.geometry.slice_spacing_mm in (1.25, 2.5, 5.0)
        assert study.volume.hu.min() == -1024


def test_the_ibsi_phantom_agrees_with_its_nifti(shared_data):
    nibabel = pytest.importorskip("nibabel")
    root = shared_data / "ibsi-ct-phantom"
    study = read(root / "dicom")
    image = nibabel.load(root / "nifti" / "image" / "phantom.nii.gz")
    ours = np.moveaxis(study.volume.hu, (0, 1, 2), (2, 1, 0))
    theirs = np.asarray(image.dataobj)
    affine = study.volume.geometry.affine_ras
    to_theirs = np.linalg.inv(image.affine) @ affine
    corner = np.round(to_theirs @ np.array([10, 20, 30, 1]))[:3].astype(int)
    assert np.allclose((to_theirs @ np.array([10, 20, 30, 1]))[:3], corner, atol=0.01)
    steps = np.sign(np.round(np.diag(to_theirs)[:3])).astype(int)
    block = ours[10:40, 20:50, 30:45]
    index = [corner[a] + steps[a] * np.arange(block.shape[a]) for a in range(3)]
    assert np.allclose(theirs[np.ix_(*index)], block, atol=1)
