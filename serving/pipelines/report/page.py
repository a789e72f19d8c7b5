"""`report.html`: one page that needs nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from serving.domain.finding import Report
from serving.pipelines.report import wording
from serving.pipelines.report.coronal_picture import CoronalPicture
from serving.pipelines.report.lesion_labels import MOST_LABELLED
from serving.pipelines.report.picture import png_bytes
from serving.pipelines.report.slice_picture import SlicePicture
from serving.pipelines.report.summary import summary
from serving.pipelines.report.zone_chart import zone_chart

_TEMPLATES = "serving.pipelines.report"
_MOST_SERIES = 20
_INFERENCE = "inference"
"""The one timing that is part of another."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What the page shows; `plane` is the plane of the source slices."""

    plane: str
    slices: tuple[SlicePicture, ...]
    coronal: CoronalPicture | None


class ReportPage:
    """Renders reports; every text is escaped, and the page's own policy forbids all requests."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader(_TEMPLATES, "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(_filters())
        self._style = self._source("report.css")

    def render(self, report: Report, pictures: Pictures) -> str:
        """The whole page as text."""
        agreement = report.findings.agreement
        told = {report.findings.coverage.sentence, agreement.sentence if agreement else ""}
        return self._environment.get_template("report.html.j2").render(
            report=report,
            findings=report.findings,
            complete=report.findings.coverage.complete,
            other_notices=[notice for notice in report.notices if notice.message not in told],
            sentences=summary(report.findings),
            chart=zone_chart(report.findings.zones),
            pictures=pictures,
            listed_lesions=MOST_LABELLED,
            most_series=_MOST_SERIES,
            style=Markup(self._style),
            style_digest=_digest(self._style),
            stages_s={k: v for k, v in report.timings_s.items() if k != _INFERENCE},
            inference_s=report.timings_s.get(_INFERENCE, 0.0),
        )

    def _source(self, name: str) -> str:
        loader = self._environment.loader
        if loader is None:
            raise ValueError("the page has no templates")
        return loader.get_source(self._environment, name)[0]


def data_uri(image: Image.Image) -> str:
    """The picture as a PNG inside a URI."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(image)).decode("ascii")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _filters() -> dict[str, object]:
    return {
        "data_uri": data_uri,
        "hu": wording.hounsfield,
        "ml": wording.millilitres,
        "mm": wording.millimetres,
        "percent": wording.percent,
        "seconds": wording.seconds,
        "patient_point": wording.patient_point,
        "person_name": wording.person_name,
        "dicom_date": wording.dicom_date,
        "transfer_syntax": wording.transfer_syntax,
        "or_dash": wording.or_dash,
    }
