"""The findings in two or three sentences."""

from __future__ import annotations

from serving.domain.finding import ChestCtFindings, Lesion
from serving.pipelines.report.wording import millilitres, percent


def summary(findings: ChestCtFindings) -> tuple[str, ...]:
    """Short sentences for the top of the page; per cents carry the coverage beside them."""
    region = findings.both_lungs
    if findings.lesion_count == 0 or region.lesion_percent is None:
        return (_nothing_found(findings),)
    lesion, lung = millilitres(region.lesion_volume_ml), millilitres(region.lung_volume_ml)
    return (
        f"{_who(findings)} marked {percent(region.lesion_percent)} of {_lung_phrase(findings)} "
        f"as lesion: {lesion} of {lung}.",
        _count(findings),
    )


def _nothing_found(findings: ChestCtFindings) -> str:
    lung = findings.both_lungs.lung_volume_ml
    if lung <= 0:
        return "No lung was found in these images, so nothing could be measured."
    return f"{_who(findings)} marked no lesion in {_lung_phrase(findings)} ({millilitres(lung)})."


def _who(findings: ChestCtFindings) -> str:
    return "The two networks together" if findings.agreement else "The model"


def _lung_phrase(findings: ChestCtFindings) -> str:
    return "the lungs" if findings.coverage.complete else "the part of the lungs in these images"


def _count(findings: ChestCtFindings) -> str:
    largest = millilitres(findings.largest_lesion_ml)
    where = _where(findings.lesions[0]) if findings.lesions else ""
    if findings.lesion_count == 1:
        return f"One lesion{where}, {largest}."
    return f"{findings.lesion_count} separate lesions, the largest{where} {largest}."


def _where(lesion: Lesion) -> str:
    if lesion.side is None:
        return ""
    zone = f", {lesion.zone.value} zone" if lesion.zone else ""
    return f" (#{lesion.index}, {lesion.side.value} lung{zone})"
