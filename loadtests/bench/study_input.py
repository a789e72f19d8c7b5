"""The study that `make bench-study` sends: a given folder, or a synthetic chest CT."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom

from provisioning.phantom import PhantomSpec, write_study
from serving.domain.errors import InvalidRequest


def prepare_study(given: Path | None, scratch: Path) -> Path:
    """The folder given, or one with a synthetic study of 120 slices made under `scratch`.

    Raises InvalidRequest where the folder is none.
    """
    if given is None:
        write_study(PhantomSpec(), scratch / "phantom")
        return scratch / "phantom"
    if not given.is_dir():
        raise InvalidRequest("--study names no folder; name one with the DICOM files of one study")
    return given


def thin_out(study: Path, every: int, target: Path) -> Path:
    """Copies every `every`-th slice by position into `target`, a new folder; returns it."""
    target.mkdir()
    placed = sorted((_height_mm(path), path) for path in study.rglob("*") if path.is_file())
    for _height, path in placed[::every]:
        shutil.copy(path, target / path.name)
    return target


def count_slices(study: Path) -> int:
    """Files in the folder."""
    return sum(path.is_file() for path in study.rglob("*"))


def _height_mm(path: Path) -> float:
    image = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["ImagePositionPatient"])
    return float(image.ImagePositionPatient[2])
