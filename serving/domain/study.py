"""What arrived: instances, series, the series chosen, and what was odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serving.domain.volume import Volume


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader of the results must know; `code` is stable, `message` one sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """The facts of one DICOM instance that decide whether and how it can be used."""

    sop_instance_uid: str
    sop_class_uid: str
    study_instance_uid: str
    series_instance_uid: str
    modality: str
    rows: int
    columns: int
    frames: int
    has_pixels: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """Who and which examination; goes into results only, never into logs or errors."""

    patient_name: str
    patient_id: str
    patient_sex: str
    patient_birth_date: str
    study_instance_uid: str
    study_date: str
    study_description: str
    accession_number: str


@dataclass(frozen=True, slots=True)
class SeriesChoice:
    """The series analysed and why; `considered` says of every other one why it was left out."""

    series_instance_uid: str
    description: str
    reason: str
    considered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadedStudy:
    """A study read: one volume, ordered by position, with everything noticed on the way."""

    volume: Volume
    subject: Subject
    series: SeriesChoice
    notices: tuple[Notice, ...]
    transfer_syntaxes: tuple[str, ...]
    instance_uids: tuple[str, ...]
    """SOP Instance UID of each slice of the volume, in slice order."""
    body_part: str = ""
    synthetic: bool = False
    """Labelled synthetic in its own headers."""


class InstanceInspector(Protocol):
    """Looks at instances as they arrive, before a job exists."""

    def inspect(self, path: Path) -> InstanceHeader:
        """Raises UnsupportedImage: not DICOM, truncated, a decompression bomb."""
        ...

    def check_study(self, headers: Sequence[InstanceHeader], pipeline: str) -> None:
        """Raises UnsupportedImage where no instance is one that the pipeline reads."""
        ...
