"""Studies of the same images that are different ones to a box: other UIDs, nothing else."""

from __future__ import annotations

from pathlib import Path

import pydicom


def another_study(study: Path, number: int, folder: Path) -> Path:
    """Copies the files of `study` into `folder`, a new one, as study number so and so."""
    folder.mkdir()
    for path in sorted(study.iterdir()):
        dataset = pydicom.dcmread(path)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(dataset, keyword, f"{dataset[keyword].value}.{number}")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(folder / path.name)
    return folder
