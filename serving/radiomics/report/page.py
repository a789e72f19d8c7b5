"""`report.html` of a training: one page that needs nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from serving.radiomics.modelling.train import Trained
from serving.radiomics.report import wording
from serving.radiomics.report.checklist import Subject
from serving.radiomics.report.metrics_list import metrics_list
from serving.radiomics.report.pictures import (
    performance_pictures,
    permutation_picture,
    selection_pictures,
)
from serving.radiomics.report.report_facts import ReportFacts
from serving.radiomics.report.tripod import tripod

REPORT_NAME = "report.html"
_PACKAGE = "serving.radiomics.report"
_MOST_FOLDS = 50


def write_report(trained: Trained, facts: ReportFacts, folder: Path) -> Path:
    """Writes `REPORT_NAME` into `folder`; it holds no case ids, and nothing of single cases."""
    path = folder / REPORT_NAME
    part = path.with_suffix(".part")
    part.write_text(TrainingPage().render(trained, facts), "utf-8")
    part.replace(path)
    return path


class TrainingPage:
    """Renders reports; every text is escaped, and the page's own policy forbids all requests."""

    def __init__(self) -> None:
        self._loader = PackageLoader(_PACKAGE, "templates")
        self._environment = Environment(
            loader=self._loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            figure=wording.figure, interval=wording.interval, p_value=wording.p_value
        )
        self._style = self._loader.get_source(self._environment, "training.css")[0]

    def render(self, trained: Trained, facts: ReportFacts) -> str:
        """The whole page as text."""
        subject = Subject(trained, facts)
        settings = trained.model.facts.settings
        return self._environment.get_template("training.html.j2").render(
            facts=facts,
            model=trained.model,
            evaluation=trained.evaluation,
            final=trained.final,
            level=f"{trained.evaluation.confidence:.0%}",
            performance=performance_pictures(trained.evaluation, settings),
            selection=selection_pictures(trained),
            permutation=permutation_picture(trained.evaluation),
            folds=trained.evaluation.folds[:_MOST_FOLDS],
            settings=wording.settings_rows(settings),
            lists=(("TRIPOD+AI", tripod(subject)), ("METRICS", metrics_list(subject))),
            style=Markup(self._style),
            style_digest=_digest(self._style),
        )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
