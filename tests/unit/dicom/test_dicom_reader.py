"""A whole study read: order, subject, progress, and what passes through."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import RLELossless

from serving.dicom.reader import StudyReader
from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage


def test_voxels_follow_their_positions(forge, read):
    for number, z in enumerate([8, 0, 4, 2, 6]):
        forge.slice(z, number)
    study = read()
    assert study.volume.hu.dtype == np.int16
    assert study.volume.hu[:, 0, 15].tolist() == [-24 + z for z in (0, 2, 4, 6, 8)]
    assert study.instance_uids == ("1.2.3.2", "1.2.3.4", "1.2.3.3", "1.2.3.5", "1.2.3.1")
    assert study.volume.geometry.spacing_mm == (2.0, 2.0, 1.5)


def test_transfer_syntaxes_may_differ_within_a_series(forge, read):
    forge.slice(0, 1)
    found = forge.dataset(2, 2)
    found.compress(RLELossless, generate_instance_uid=False)
    forge.write(found)
    study = read()
    assert study.transfer_syntaxes == ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5")
    assert study.volume.hu[:, 0, 15].tolist() == [-24, -22]


def test_the_subject_is_text_in_the_language_it_was_written_in(forge, read):
    forge.slice(
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Müller^Jürgen",
        PatientID="4711",
        PatientSex="M",
        PatientBirthDate="19600101",
        StudyDate="20200301",
        StudyDescription="Thorax nativ",
        AccessionNumber="A1",
    )
    subject = read().subject
    assert subject.patient_name == "Müller^Jürgen"
    assert subject.study_instance_uid == "1.2.3.1000"
    assert (subject.patient_id, subject.study_description) == ("4711", "Thorax nativ")


def test_a_wrong_character_set_does_not_stop_the_reading(forge, read):
    path = forge.slice(SpecificCharacterSet="ISO_IR 192", PatientName="XXXXXXXX")
    path.write_bytes(path.read_bytes().replace(b"XXXXXXXX", b"M\xfcller^J"))
    assert read().subject.patient_name.startswith("M")


def test_documents_beside_the_images_are_passed_over(forge, read):
    forge.series([0, 2])
    forge.slice(
        pixels=None,
        Modality="SR",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67",
        SeriesInstanceUID="1.2.3.2009",
        SeriesNumber=9,
    )
    study = read()
    assert study.volume.hu.shape[0] == 2
    assert study.series.considered == ("series 9: it is not CT",)


def test_real_images_are_not_called_synthetic(forge, read):
    forge.slice(PatientName="SYNTHETIC^PHANTOM")
    assert not read().synthetic


def test_images_labelled_synthetic_are(forge, read):
    forge.slice(SeriesDescription="SYNTHETIC chest phantom")
    assert read().synthetic


def test_progress_runs_from_headers_to_pixels(forge):
    forge.series(range(6))
    told: list[tuple[float, str]] = []
    StudyReader().read(forge.folder, lambda share, stage: told.append((share, stage)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert {stage for _, stage in told} == {"reading headers", "reading images"}


def test_what_progress_raises_stops_the_reading(forge):
    class Stopped(Exception):
        pass

    def stop(share, stage):
        if stage == "reading images":
            raise Stopped

    forge.series(range(6))
    with pytest.raises(Stopped):
        StudyReader().read(forge.folder, stop)


def test_a_file_that_is_not_dicom_stops_the_reading(forge, read):
    forge.series(range(3))
    (forge.folder / "notes.txt").write_text("hello")
    with pytest.raises(UnsupportedImage, match="one came that is not"):
        read()


def test_totals_are_bounded(forge):
    forge.series(range(3))
    for limits in ({"max_decoded_bytes": 1000}, {"max_instances": 2}):
        with pytest.raises(UnsupportedImage, match="at most"):
            StudyReader(DicomSettings(**limits)).read(forge.folder, lambda share, stage: None)


def test_slices_of_another_size_are_another_volume(forge, read):
    forge.series([0, 2, 4])
    forge.slice(6, 4, pixels=np.zeros((5, 5), dtype=np.uint16))
    assert read().volume.hu.shape == (3, 12, 16)
