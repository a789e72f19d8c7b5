"""Who and which examination; goes into results only, never into logs or errors."""

from __future__ import annotations

from pydicom.dataset import Dataset

from serving.dicom import tags
from serving.domain.study import Subject


def read_subject(header: Dataset) -> Subject:
    """The subject as the header names it; anything absent or undecodable is ""."""
    return Subject(
        patient_name=tags.text(header, "PatientName"),
        patient_id=tags.text(header, "PatientID"),
        patient_sex=tags.text(header, "PatientSex"),
        patient_birth_date=tags.text(header, "PatientBirthDate"),
        study_instance_uid=tags.uid(header, "StudyInstanceUID"),
        study_date=tags.text(header, "StudyDate"),
        study_description=tags.text(header, "StudyDescription"),
        accession_number=tags.text(header, "AccessionNumber"),
    )
