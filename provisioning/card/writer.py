"""`model_card.html`: one page that needs nothing from anywhere else."""

from __future__ import annotations

from pathlib import Path

from provisioning.card.page import CardContent, render
from provisioning.card.patients import PatientScores, read_patient_scores
from provisioning.card.prose import read_prose
from provisioning.card.variant_facts import variant_facts
from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelManifest

CARD_NAME = "model_card.html"


def write_card(folder: Path, manifest: ModelManifest) -> Path:
    """Write `model_card.html` beside `model.toml`; returns its path.

    `metrics.json` (scores by patient) and `MODEL_CARD.md` (its makers' prose) are taken in
    where they lie in `folder`. Raises CorruptModel where that prose cannot be read.
    """
    path = folder / CARD_NAME
    part = path.with_suffix(".part")
    part.write_text(render_card(folder, manifest), "utf-8")
    part.replace(path)
    return path


def render_card(folder: Path, manifest: ModelManifest) -> str:
    """The page as text, for a version whose files lie in `folder`. Raises as `write_card`."""
    scores, notices = _scores(folder)
    return render(
        CardContent(
            manifest=manifest,
            variants=variant_facts(folder, manifest),
            scores=scores,
            prose=read_prose(folder),
            notices=notices,
        )
    )


def _scores(folder: Path) -> tuple[PatientScores | None, tuple[str, ...]]:
    try:
        return read_patient_scores(folder), ()
    except CorruptModel as error:
        return None, (f"The scores by patient are not shown: {error.message}.",)
