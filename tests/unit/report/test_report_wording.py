"""Numbers and names as they are read."""

from __future__ import annotations

import pytest

from serving.pipelines.report import wording
from serving.pipelines.report.plain_text import plain


def flat(text: str) -> str:
    return text.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 ml"),
        (0.001, "< 0.01 ml"),
        (0.12, "0.12 ml"),
        (0.996, "1.0 ml"),
        (4.24, "4.2 ml"),
        (9.96, "10 ml"),
        (3350.4, "3 350 ml"),
    ],
)
def test_millilitres(value: float, text: str) -> None:
    assert flat(wording.millilitres(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.004, "< 0.01 %"),
        (0.04, "0.04 %"),
        (0.098, "0.1 %"),
        (12.34, "12.3 %"),
        (99.96, "100 %"),
    ],
)
def test_percent(value: float | None, text: str) -> None:
    assert flat(wording.percent(value)) == text


def test_hounsfield_units_have_a_true_minus_and_no_negative_nought() -> None:
    assert flat(wording.hounsfield(-612.4)) == "−612 HU"
    assert flat(wording.hounsfield(-0.3)) == "0 HU"


def test_millimetres_hold_no_needless_noughts() -> None:
    assert [flat(wording.millimetres(v)) for v in (5.0, 1.25, 0.703125, 10.0)] == [
        "5 mm",
        "1.25 mm",
        "0.7 mm",
        "10 mm",
    ]


def test_a_patient_point_is_told_by_letters() -> None:
    assert flat(wording.patient_point((-45.2, 12.0, -560.31))) == "R 45.2 · P 12.0 · F 560.3 mm"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Doe^Jane^M^Dr", "Doe, Jane M Dr"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou (山田, 太郎)"),
        ("", "–"),
        ("^^", "–"),
        ("One", "One"),
    ],
)
def test_person_names(value: str, text: str) -> None:
    assert wording.person_name(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("20200301", "2020-03-01"), ("2020.03.01", "2020-03-01"), ("", "–"), ("soon", "soon")],
)
def test_dates(value: str, text: str) -> None:
    assert wording.dicom_date(value) == text


def test_plain_text_keeps_letters_of_every_script_and_drops_controls() -> None:
    assert plain("  שלום\r\n王\u200f小\u202e明\t!", 50) == "שלום 王小明 !"


@pytest.mark.parametrize("length", [0, 9, 10, 11, 65536])
def test_plain_text_never_exceeds_its_limit(length: int) -> None:
    text = plain("x" * length, 10)
    assert len(text) == min(length, 10)
    assert text.endswith("…") == (length > 10)
