"""The drawings: every study is there, none is named."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from some_pairs import pair

from appliance.canary.plot import STYLES, agreement_svgs, dice_plot, volume_plot

SVG = "{http://www.w3.org/2000/svg}"


def _pairs(count: int):
    return [
        pair(n, dice=n / count, volumes=(float(n), 2.0 * n), severities=(3, 3 + n % 2))
        for n in range(count)
    ]


def test_both_drawings_are_well_formed_and_hold_a_dot_a_study() -> None:
    svgs = agreement_svgs(_pairs(12))
    assert len(svgs) == 2
    for svg in svgs:
        root = ET.fromstring(svg.strip())
        assert root.tag == f"{SVG}svg"
        assert len(root.findall(f"{SVG}circle")) == 12
        styles = {each.get("class") for each in root.iter() if each.get("class")}
        assert styles <= set(STYLES)
        assert "job" not in svg
        assert "twin" not in svg


def test_height_is_dice_and_volumes_lie_on_both_axes() -> None:
    dots = dice_plot(_pairs(5)).dots
    assert [dot.x for dot in dots] == sorted(dot.x for dot in dots)
    assert [dot.y for dot in dots] == sorted((dot.y for dot in dots), reverse=True)
    assert [dot.style for dot in dots] == ["v1", "v2", "v1", "v2", "v1"]
    drawn = volume_plot([pair(0, volumes=(20.0, 20.0)), pair(1, volumes=(20.0, 40.0))])
    (line,) = (line for line in drawn.lines if line.style == "least")
    on, above = drawn.dots
    share = (on.x - line.x1) / (line.x2 - line.x1)
    assert abs(line.y1 + share * (line.y2 - line.y1) - on.y) < 1e-6
    assert above.x == on.x
    assert above.y < on.y


def test_nothing_compared_is_nothing_drawn_and_empty_lungs_are_drawn() -> None:
    assert agreement_svgs([]) == ()
    assert agreement_svgs([pair(0, errors=("", "Internal"))]) == ()
    assert len(agreement_svgs([pair(0, volumes=(0.0, 0.0))])) == 2


def test_release_names_are_escaped() -> None:
    svg = agreement_svgs([pair(0, releases=("<b>@1", "chest_ct@2"))])[1]
    assert "<b>" not in svg
    assert "&lt;b&gt;@1" in svg


def test_of_very_many_studies_the_newest_are_drawn() -> None:
    assert len(dice_plot(_pairs(500)).dots) == 200
