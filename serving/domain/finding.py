"""Findings of the chest CT pipeline and the report that carries them: `report.json`, schema 1.2.

Every per cent and score depends on the coverage beside it. Sides are the patient's.

1.1 adds `findings.agreement` (null where one network read the study) and the entry `inference` of
`timings_s`; 1.2 adds `release`. Everything of 1.0 is as it was.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION: Final = "1.2"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(StrEnum):
    RIGHT = "right"
    LEFT = "left"


class Zone(StrEnum):
    """Thirds of the height of the lungs' extent."""

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"


class Code(_Part):
    """A coded term: `scheme` is DICOM's designator (SCT, RADLEX, UCUM)."""

    scheme: str
    code: str
    meaning: str


class Region(_Part):
    """Lung and lesion in one region; `zone` None is a whole lung, `side` None both lungs."""

    side: Side | None
    zone: Zone | None
    anatomy: Code
    lung_volume_ml: float
    lesion_volume_ml: float
    lesion_percent: float | None
    """Per cent of the region's lung; None where the region has no lung."""
    mean_lung_hu: float | None
    mean_lesion_hu: float | None


class Lesion(_Part):
    """One connected lesion (26-neighbourhood), largest first."""

    index: int
    """The value of its voxels in lesions.nii.gz."""
    volume_ml: float
    mean_hu: float
    centroid_lps_mm: tuple[float, float, float]
    side: Side | None
    zone: Zone | None
    first_slice: int
    last_slice: int
    """Slice indices on the source grid, from 0, inclusive."""


class Severity(_Part):
    """A severity score; `source` cites where it is defined, `method` says what was computed."""

    name: str
    value: int
    maximum: int
    per_region: dict[str, int]
    source: str
    method: str


class Coverage(_Part):
    """Whether the whole of both lungs was in the images."""

    complete: bool
    apex_seen: bool
    base_seen: bool
    sentence: str


class Confidence(StrEnum):
    """How far two networks that read the same study agree."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


class NetworkVolume(_Part):
    """What one network alone calls lesion in the lungs, small specks included."""

    model: str
    version: int
    lesion_volume_ml: float
    lesion_percent: float | None
    """Per cent of both lungs."""


class Agreement(_Part):
    """Two networks on one study: a measure of how much the result depends on which one is asked."""

    confidence: Confidence
    dice: float | None
    """Dice of their masks in the lungs, 0 to 1; None where neither calls anything lesion."""
    networks: tuple[NetworkVolume, ...]
    """In the order of the report's models."""
    sentence: str
    """For a reader: how far they agree, and what to do about it."""
    method: str


class ChestCtFindings(_Part):
    """What `chest_ct` found."""

    finding: Code
    both_lungs: Region
    lungs: tuple[Region, ...]
    zones: tuple[Region, ...]
    lesion_count: int
    largest_lesion_ml: float
    lesions: tuple[Lesion, ...]
    """The largest, at most 50."""
    severity: Severity
    coverage: Coverage
    agreement: Agreement | None = None
    """None where one network read the study."""


class NoticeEntry(_Part):
    code: str
    message: str


class ModelUse(_Part):
    """The exact model that was used, as it was really compiled."""

    name: str
    version: int
    digest: str
    precision: str
    effective_precision: str
    disclaimer: str


class SubjectEntry(_Part):
    """Who and which examination, from the images' own headers."""

    patient_name: str
    patient_id: str
    patient_sex: str
    patient_birth_date: str
    study_instance_uid: str
    study_date: str
    study_description: str
    accession_number: str


class SeriesEntry(_Part):
    """The series analysed, why, and its geometry; spacing is (slice, row, column)."""

    series_instance_uid: str
    description: str
    reason: str
    considered: tuple[str, ...]
    slices: int
    rows: int
    columns: int
    spacing_mm: tuple[float, float, float]
    transfer_syntaxes: tuple[str, ...]


class Report(_Part):
    """`report.json`."""

    schema_version: Literal["1.2"] = SCHEMA_VERSION
    pipeline: str
    pipeline_version: str
    release: str = ""
    """`name@version` of the release that the study ran; empty where the box had none."""
    box_version: str
    job_id: str
    created_at: str
    """ISO 8601, UTC."""
    synthetic: bool
    disclaimer: str
    subject: SubjectEntry
    series: SeriesEntry
    findings: ChestCtFindings
    notices: tuple[NoticeEntry, ...]
    models: tuple[ModelUse, ...]
    timings_s: dict[str, float]
    """Wall seconds: `reading`, `lungs`, `lesions`, `measuring` follow one another; `inference` is
    the part of `lesions` during which a network computed."""
    files: tuple[str, ...]
