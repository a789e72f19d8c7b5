"""The page a person reads: complete in itself, honest about coverage, deaf to hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from serving.domain.finding import Agreement, Confidence, NetworkVolume
from serving.domain.study import Notice
from serving.pipelines.report import ChestCtReportWriter


class Page(HTMLParser):
    """Collects tags with their attributes and the text between them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(analysis: Any, folder: Path) -> tuple[Page, str]:
    ChestCtReportWriter("1.2.3").write(analysis, folder)
    source = (folder / "report.html").read_text("utf-8")
    return Page(source), source


def test_the_page_asks_nothing_of_anyone(samples: Any, tmp_path: Path) -> None:
    page, source = page_of(samples.analysis(), tmp_path)
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object", "form", "base"}
        assert not any(name.startswith("on") for name in attributes)
        assert "style" not in attributes, "the policy would drop it"
        target = attributes.get("src") or attributes.get("href")
        assert target is None or target.startswith("data:image/png;base64,")
    assert "@import" not in source
    assert "url(" not in source
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_every_picture_has_words(samples: Any, tmp_path: Path) -> None:
    page, _ = page_of(samples.analysis(), tmp_path)
    pictures = page.all("img")
    assert len(pictures) >= 6
    for picture in pictures:
        overlay = picture.get("class") == "overlay"
        assert bool(picture["alt"]) != overlay, "the base has words, the layer over it none"
    assert page.all("html") == [{"lang": "en"}]
    assert {"img"} == {svg["role"] for svg in page.all("svg")}


def test_the_page_shows_findings_subject_and_origin(samples: Any, tmp_path: Path) -> None:
    analysis = samples.analysis()
    page, _ = page_of(analysis, tmp_path)
    region = analysis.findings.both_lungs
    assert "Reference model, not a medical device, research use." in page.text
    assert "SYNTHETIC" not in page.text
    for words in ("Doe, Jane", "ID-7", "2020-03-01", "Thorax", "made_by_hand"):
        assert words in page.text
    for words in ("nested_unet_covid version 1", "0f" * 32, "aibox 1.2.3", "chest_ct 1.0.0"):
        assert words in page.text
    assert "It has the thinnest axial slices." in page.text
    assert f"{region.lesion_percent:.1f} %" in page.text
    assert "together 16.7 s" in page.text


def test_a_synthetic_study_says_so(samples: Any, tmp_path: Path) -> None:
    analysis = samples.analysis()
    page, _ = page_of(replace(analysis, study=replace(analysis.study, synthetic=True)), tmp_path)
    assert "SYNTHETIC" in page.text


def test_incomplete_coverage_stands_beside_every_per_cent_and_score(
    samples: Any, tmp_path: Path
) -> None:
    analysis = samples.analysis(complete=False)
    page, source = page_of(analysis, tmp_path)
    assert analysis.findings.coverage.sentence in page.text
    table = source[source.index('id="measurements"') :]
    cells = re.findall(r"<td>[\d.]+\u202f%(.*?)</td>", table)
    assert len(cells) == 9
    assert all("partial lung" in cell for cell in cells)
    for score in re.findall(r"7(?:<small>)? / 25.*?</(?:h3|p)>", source, re.S):
        assert "partial lung" in score
    figure = source[source.index('class="figures"') : source.index('class="sentence"')]
    assert figure.count("partial lung") == 3
    assert "the part of the lungs in these images" in page.text


def test_complete_coverage_needs_no_mark(samples: Any, tmp_path: Path) -> None:
    page, _ = page_of(samples.analysis(), tmp_path)
    assert "partial lung" not in page.text


def test_the_coverage_sentence_is_told_once_though_a_notice_repeats_it(
    samples: Any, tmp_path: Path
) -> None:
    analysis = samples.analysis(complete=False)
    sentence = analysis.findings.coverage.sentence
    again = (*analysis.notices, replace(analysis.notices[0], code="partial", message=sentence))
    page, _ = page_of(replace(analysis, notices=again), tmp_path)
    assert page.text.count(sentence) == 1


def test_a_study_of_very_many_series_does_not_flood_the_page(samples: Any, tmp_path: Path) -> None:
    analysis = samples.analysis()
    many = tuple(f"series {n}: not axial" for n in range(500))
    series = replace(analysis.study.series, considered=many)
    page, _ = page_of(replace(analysis, study=replace(analysis.study, series=series)), tmp_path)
    assert page.text.count(": not axial") == 20
    assert "and 480 more series" in page.text


def agreement(confidence: Confidence, dice: float | None, sentence: str) -> Agreement:
    networks = tuple(
        NetworkVolume(model=name, version=1, lesion_volume_ml=ml, lesion_percent=ml / 40)
        for name, ml in (("nested_unet_covid", 123.0), ("hrnet_covid", 45.0))
    )
    return Agreement(
        confidence=confidence, dice=dice, networks=networks, sentence=sentence, method="By Dice."
    )


@pytest.mark.parametrize(
    ("confidence", "dice", "style", "heading"),
    [
        (Confidence.HIGH, 0.91, "note", "networks: high, Dice 0.91"),
        (Confidence.MODERATE, 0.7, "warning", "networks: moderate, Dice 0.70"),
        (Confidence.LOW, 0.31, "warning", "networks: low, Dice 0.31"),
        (Confidence.HIGH, None, "note", "networks: high"),
    ],
)
def test_the_agreement_of_two_networks_is_told_at_the_top_and_in_a_table(
    samples: Any,
    tmp_path: Path,
    confidence: Confidence,
    dice: float | None,
    style: str,
    heading: str,
) -> None:
    analysis = samples.analysis()
    told = agreement(confidence, dice, "They differ <somewhat>.")
    findings = analysis.findings.model_copy(update={"agreement": told})
    notices = (*analysis.notices, Notice("low_agreement", told.sentence))
    page, source = page_of(replace(analysis, findings=findings, notices=notices), tmp_path)
    summary = source[: source.index('id="images"')]
    top = f'<p class="{style}" role="note"><strong>Confidence {confidence.value}.</strong>'
    assert top in summary
    assert page.text.count("They differ <somewhat>.") == 1, "the notice is not told again"
    assert f"Agreement of the {heading}" in page.text
    for words in ("nested_unet_covid version 1 alone", "123 ml", "45 ml", "By Dice."):
        assert words in page.text
    assert "The two networks together marked" in page.text


def test_one_network_alone_says_that_nothing_confirms_it(samples: Any, tmp_path: Path) -> None:
    page, _ = page_of(samples.analysis(), tmp_path)
    assert "One network read this study" in page.text
    assert "Agreement of the networks" not in page.text


def test_the_time_of_the_networks_is_part_of_the_lesions_time(samples: Any, tmp_path: Path) -> None:
    analysis = samples.analysis()
    timings = {**analysis.timings_s, "inference": 11.5}
    page, _ = page_of(replace(analysis, timings_s=timings), tmp_path)
    assert "lesions 12.0 s (networks 11.5 s)" in page.text
    assert "together 16.7 s" in page.text


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7*7 }}&amp;'


@pytest.mark.parametrize("field", ["patient_name", "patient_id", "study_description"])
def test_markup_in_a_header_value_stays_text(field: str, samples: Any, tmp_path: Path) -> None:
    page, source = page_of(samples.with_subject(samples.analysis(), **{field: HOSTILE}), tmp_path)
    assert not page.all("script")
    assert all((img["src"] or "").startswith("data:") for img in page.all("img"))
    assert "<script>alert" not in source
    assert "<script>alert(1)</script>" in page.text


def test_markup_in_series_and_notices_stays_text(samples: Any, tmp_path: Path) -> None:
    analysis = samples.analysis()
    series = replace(analysis.study.series, description=HOSTILE, considered=(HOSTILE,))
    notices = (replace(analysis.notices[0], message=HOSTILE),)
    hostile = replace(analysis, study=replace(analysis.study, series=series), notices=notices)
    page, _ = page_of(hostile, tmp_path)
    assert not page.all("script")
    assert page.text.count("alert(1)") == 3


def test_bidi_controls_and_endless_text_are_cut_out(samples: Any, tmp_path: Path) -> None:
    planted = samples.with_subject(
        samples.analysis(),
        patient_name="Doe\u202egnp.exe\u2066^J\x00\x1b[31m\ud800",
        study_description="A" * 65536,
    )
    page, source = page_of(planted, tmp_path)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00\x1b]", source)
    assert "Doegnp.exe, J[31m" in page.text
    assert "A" * 300 not in source
    assert "A" * 199 + "…" in page.text
    assert "A" * 300 not in (tmp_path / "report.json").read_text("utf-8")
