"""What a reader of a chest CT result must know beyond the figures."""

from __future__ import annotations

from collections.abc import Sequence

from serving.domain.finding import ChestCtFindings, Confidence, ModelUse
from serving.domain.study import LoadedStudy, Notice
from serving.pipelines.settings import PipelineSettings

_TINY_LUNG_ML = 100.0


def pipeline_notices(
    study: LoadedStudy,
    findings: ChestCtFindings,
    models: Sequence[ModelUse],
    settings: PipelineSettings,
) -> tuple[Notice, ...]:
    """Notices in the order of their weight; none holds patient data."""
    notices = []
    if not findings.coverage.complete:
        notices.append(Notice("partial_coverage", findings.coverage.sentence))
        notices.append(
            Notice(
                "partial_zones",
                "Upper, middle and lower zones are thirds of the part of the lungs in the images.",
            )
        )
    spacing_mm = study.volume.geometry.slice_spacing_mm
    if spacing_mm > settings.thick_slices_mm:
        notices.append(
            Notice(
                "thick_slices",
                f"Slices lie {spacing_mm:.1f} mm apart; measurements were tested up to "
                f"{settings.thick_slices_mm:.0f} mm and are rough here.",
            )
        )
    notices += _missing_lungs(findings)
    if findings.agreement and findings.agreement.confidence is Confidence.LOW:
        notices.append(Notice("low_agreement", findings.agreement.sentence))
    notices += [
        Notice("model_disclaimer", f"Model {model.name}: {model.disclaimer}") for model in models
    ]
    return tuple(notices)


def _missing_lungs(findings: ChestCtFindings) -> list[Notice]:
    return [
        Notice(
            "single_lung",
            f"Little or no aerated {lung.side.value} lung was found; it may be absent, airless or "
            "outside the images, and counts for nothing here.",
        )
        for lung in findings.lungs
        if lung.side and lung.lung_volume_ml < _TINY_LUNG_ML
    ]
