"""The training report: whole, self-contained, escaped, and silent about single cases."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from serving.radiomics.modelling.feature_table import LeftOut
from serving.radiomics.modelling.train import Trained, train
from serving.radiomics.report.checklist import Subject
from serving.radiomics.report.cohort_flow import cohort_flow
from serving.radiomics.report.metrics_list import metrics_list
from serving.radiomics.report.page import write_report
from serving.radiomics.report.report_facts import ReportFacts
from serving.radiomics.report.tripod import tripod
from tests.unit.radiomics.modelling_tables import planted, quick, quick_survival, silent, survival

HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects what a browser would fetch or run, and the pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.sources += [str(found[name]) for name in ("src", "href") if name in found]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(found["content"])
        assert not any(name.startswith("on") or name == "style" for name in found)


@pytest.fixture(scope="module")
def binary() -> tuple[Trained, ReportFacts]:
    table = planted(80, 15)
    names = (HOSTILE, *table.names[1:])
    table = replace(table, names=names, left_out=(LeftOut(3, "failed in the extraction"),))
    found = train(table, quick(permutations=3, repeats=2, outer_folds=2), silent)
    return found, ReportFacts("demo", 1, "2026-01-01T00:00:00Z", cohort_flow(table))


@pytest.fixture(scope="module")
def times() -> tuple[Trained, ReportFacts]:
    table = survival(90, 10)
    found = train(table, quick_survival(outer_folds=2), silent)
    return found, ReportFacts("cox", 2, "2026-01-01T00:00:00Z", cohort_flow(table))


@pytest.mark.parametrize("kind", ["binary", "times"])
def test_page_needs_nothing_from_elsewhere(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    text = write_report(*request.getfixturevalue(kind), tmp_path).read_text("utf-8")
    page = Page(text)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert len(page.sources) >= 4
    for source in page.sources:
        kind_of, content = source.split(",", 1)
        assert kind_of == "data:image/svg+xml;base64"
        root = ElementTree.fromstring(base64.b64decode(content))
        assert root.tag.endswith("svg")
    style = re.search("<style>(.*?)</style>", text, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy


def test_page_shows_the_figures_and_no_case(
    binary: tuple[Trained, ReportFacts], tmp_path: Path
) -> None:
    text = write_report(*binary, tmp_path).read_text("utf-8")
    told = binary[0].evaluation
    assert told.binary is not None
    for value in (
        told.binary.auc_delong.value,
        told.binary.brier.value,
        told.binary.auc_delong.low,
    ):
        assert f"{value:.3f}" in text
    assert "3 failed in the extraction" in text
    assert "case-" not in text
    assert binary[0].model.facts.settings_digest in text


def test_texts_of_the_table_are_escaped(
    binary: tuple[Trained, ReportFacts], tmp_path: Path
) -> None:
    text = write_report(*binary, tmp_path).read_text("utf-8")
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_the_same_training_gives_the_same_page(
    binary: tuple[Trained, ReportFacts], tmp_path: Path
) -> None:
    first = write_report(*binary, tmp_path).read_bytes()
    assert write_report(*binary, tmp_path).read_bytes() == first


@pytest.mark.parametrize("kind", ["binary", "times"])
def test_check_lists_are_whole_and_say_what_they_do_not_know(
    kind: str, request: pytest.FixtureRequest
) -> None:
    subject = Subject(*request.getfixturevalue(kind))
    for items, last in ((tripod(subject), 27), (metrics_list(subject), 30)):
        numbers: set[int] = set()
        for item in items:
            ends = [int(each) for each in re.findall(r"\d+", item.number)]
            numbers |= set(range(ends[0], ends[-1] + 1))
        assert numbers == set(range(1, last + 1))
        assert {item.state for item in items} == {"known", "partly", "unknown"}
        for item in items:
            assert (item.answer == "Not known to the box.") == (item.state == "unknown")


def test_a_model_without_any_feature_has_a_page_too(tmp_path: Path) -> None:
    import numpy as np

    table = planted(60, 4)
    noise = replace(table, values=np.random.default_rng(8).normal(size=(60, 4)))
    found = train(noise, quick(outer_folds=2), silent)
    text = write_report(
        found, ReportFacts("none", 1, "2026-01-01T00:00:00Z", cohort_flow(noise)), tmp_path
    ).read_text("utf-8")
    assert found.model.features == ()
    assert "No feature was selected on all cases" in text
