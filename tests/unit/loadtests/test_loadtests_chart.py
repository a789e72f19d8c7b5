"""The chart: well-formed SVG whose bars are as tall as their values."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from loadtests.bench.chart import Group, Panel, Series, axis_top, draw

SVG = "{http://www.w3.org/2000/svg}"
SERIES = (Series("stock", "#111111"), Series("ours", "#222222"))


def _bars(groups: tuple[Group, ...], colour: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(draw([Panel("t", SERIES, groups)]))
    rects = root.iter(f"{SVG}rect")
    return [r for r in rects if r.get("fill") == colour and r.get("width") != "12"]


def test_a_bar_is_as_tall_as_its_value() -> None:
    (stock,) = _bars((Group("net", (1.0, 4.0)),), "#111111")
    (ours,) = _bars((Group("net", (1.0, 4.0)),), "#222222")
    assert float(ours.get("height", 0)) == pytest.approx(
        4 * float(stock.get("height", 0)), rel=0.01
    )


def test_a_missing_value_draws_no_bar() -> None:
    assert not _bars((Group("published", (None, 3.02)),), "#111111")


def test_context_is_drawn_apart() -> None:
    (bar,) = _bars((Group("published", (None, 3.02), apart=True),), "#222222")
    assert bar.get("stroke-dasharray")


def test_text_is_escaped_and_shown() -> None:
    document = draw([Panel("a < b & c", SERIES, (Group("n", (1.0, 2.0)),))], ["<note>"])
    texts = [t.text for t in ElementTree.fromstring(document).iter(f"{SVG}text")]
    assert {"a < b & c", "<note>", "2.00"} <= set(texts)


@pytest.mark.parametrize(("tallest", "top"), [(1.0, 1.0), (10.4, 12.0), (2.89, 3.0), (33.0, 35.0)])
def test_the_axis_ends_at_a_round_number_above_the_tallest_bar(tallest: float, top: float) -> None:
    assert axis_top([None, tallest]) == top
