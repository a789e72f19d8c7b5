"""`report.json` from an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from serving.domain.finding import (
    NoticeEntry,
    Report,
    SeriesEntry,
    SubjectEntry,
)
from serving.domain.study import Notice
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.report.plain_text import plain

DISCLAIMER = "Reference model, not a medical device. For research use only."

_NAME_LIMIT = 200
_LONG_LIMIT = 200
_SHORT_LIMIT = 64
"""Characters; DICOM allows 64 in most of these values (PS3.5 6.2), files do not always obey."""
_NOTICE_LIMIT = 600


def report_document(
    analysis: ChestCtAnalysis,
    box_version: str,
    created_at: datetime,
    notices: Sequence[Notice],
    files: Sequence[str],
) -> Report:
    """The report; texts out of the images' headers are stripped of controls and shortened.

    `notices` are all that the report shall hold; `created_at` is aware of its zone.
    """
    return Report(
        pipeline=analysis.pipeline,
        pipeline_version=analysis.pipeline_version,
        release=plain(analysis.release, _SHORT_LIMIT),
        box_version=box_version,
        job_id=analysis.job_id,
        created_at=created_at.astimezone(UTC).isoformat(timespec="seconds"),
        synthetic=analysis.study.synthetic,
        disclaimer=DISCLAIMER,
        subject=_subject(analysis),
        series=_series(analysis),
        findings=analysis.findings,
        notices=tuple(
            NoticeEntry(code=n.code, message=plain(n.message, _NOTICE_LIMIT)) for n in notices
        ),
        models=analysis.models,
        timings_s=dict(analysis.timings_s),
        files=tuple(files),
    )


def report_json(report: Report) -> str:
    """The text of report.json: fields in the schema's order, two spaces, a newline at the end."""
    return report.model_dump_json(indent=2) + "\n"


def _subject(analysis: ChestCtAnalysis) -> SubjectEntry:
    subject = analysis.study.subject
    return SubjectEntry(
        patient_name=plain(subject.patient_name, _NAME_LIMIT),
        patient_id=plain(subject.patient_id, _SHORT_LIMIT),
        patient_sex=plain(subject.patient_sex, _SHORT_LIMIT),
        patient_birth_date=plain(subject.patient_birth_date, _SHORT_LIMIT),
        study_instance_uid=plain(subject.study_instance_uid, _SHORT_LIMIT),
        study_date=plain(subject.study_date, _SHORT_LIMIT),
        study_description=plain(subject.study_description, _LONG_LIMIT),
        accession_number=plain(subject.accession_number, _SHORT_LIMIT),
    )


def _series(analysis: ChestCtAnalysis) -> SeriesEntry:
    series, geometry = analysis.study.series, analysis.volume.geometry
    slices, rows, columns = geometry.shape
    return SeriesEntry(
        series_instance_uid=plain(series.series_instance_uid, _SHORT_LIMIT),
        description=plain(series.description, _LONG_LIMIT),
        reason=plain(series.reason, _NOTICE_LIMIT),
        considered=tuple(plain(text, _NOTICE_LIMIT) for text in series.considered),
        slices=slices,
        rows=rows,
        columns=columns,
        spacing_mm=geometry.spacing_mm,
        transfer_syntaxes=tuple(
            plain(uid, _SHORT_LIMIT) for uid in analysis.study.transfer_syntaxes
        ),
    )
