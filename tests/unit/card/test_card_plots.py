"""The card's plots say what the figures say."""

from __future__ import annotations

from pathlib import Path

import pytest
from card_example import example, gate, scores, version_folder

from provisioning.card.axis import Axis, axis_over
from provisioning.card.dice_plot import dice_plot
from provisioning.card.drop_plot import Judged, drop_plot
from provisioning.card.latency_plot import latency_plot
from provisioning.card.variant_facts import variant_facts


def test_an_axis_places_values_in_proportion_and_holds_the_rest_inside() -> None:
    axis = Axis(0.0, 10.0, 100.0, 200.0)
    assert [axis.at(v) for v in (0, 5, 10, 99, -3)] == [100, 150, 200, 200, 100]


@pytest.mark.parametrize("values", [[0.0], [-0.2, 0.4], [1e-6], [3e5], [-5.0]])
def test_ticks_are_round_inside_the_axis_and_show_zero(values: list[float]) -> None:
    axis = axis_over(values, 0.0, 100.0)
    assert 0.0 in axis.ticks()
    assert 2 <= len(axis.ticks()) <= 12
    assert all(axis.low - 1e-9 <= tick <= axis.high + 1e-9 for tick in axis.ticks())


def test_the_bound_of_a_variant_that_holds_ends_before_the_limit() -> None:
    drawn = drop_plot([Judged("good", gate("dice_pooled", 0.02, 0.1)),
                       Judged("bad", gate("dice_pooled", 0.1, 0.3))])  # fmt: skip
    assert drawn is not None
    limit = next(line.x1 for line in drawn.lines if line.style == "limit")
    ends = {line.style: line.x2 for line in drawn.lines if line.style in ("holds", "refused")}
    assert ends["holds"] < limit < ends["refused"]
    assert "bound 0.30" in drawn.description


def test_a_ruined_variant_does_not_squash_the_others() -> None:
    drawn = drop_plot([Judged("good", gate("dice_pooled", 0.02, 0.1)),
                       Judged("ruined", gate("dice_pooled", 60.0, 70.0))])  # fmt: skip
    assert drawn is not None
    good, ruined = (dot.x for dot in drawn.dots)
    zero = next(line.x1 for line in drawn.lines if line.style == "zero")
    assert good - zero > 5
    assert ruined < drawn.width


def test_bars_are_as_long_as_the_medians(tmp_path: Path) -> None:
    folder = version_folder(tmp_path)
    drawn = latency_plot(variant_facts(folder, example(folder)))
    assert drawn is not None
    longest, *others = (box.width for box in drawn.boxes)
    assert [each / longest for each in others] == pytest.approx([17.9 / 41.5, 10.4 / 41.5])


def test_every_patient_has_a_bar_for_every_variant() -> None:
    drawn = dice_plot(scores(), ["fp32", "bf16", "int8"])
    assert drawn is not None
    bars = [box for box in drawn.boxes if box.height < 10]
    assert len(bars) == 8 * 3
    assert bars[-3].width / bars[0].width == pytest.approx(0.86 / 0.72)


def test_nothing_to_draw_gives_no_plot() -> None:
    assert drop_plot([]) is None
    assert latency_plot(()) is None
    assert dice_plot(scores(), ["another"]) is None
