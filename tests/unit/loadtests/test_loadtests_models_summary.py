"""Bars and rows of `make bench-models`, from rounds with known ratios."""

from __future__ import annotations

import pytest

from loadtests.bench.contenders.sides import BF16, FP32, INT8, ONNX, SIDES, STOCK, TUNED
from loadtests.bench.models_summary import chart, summarise
from loadtests.bench.network_rounds import NetworkResult, SideResult
from loadtests.bench.output_check import Difference

SECONDS = {STOCK: 1.0, TUNED: 0.5, ONNX: 0.6, FP32: 0.25, BF16: 0.16, INT8: 0.099}


def _result(network: str = "hrnet_w18", int8_share: float = 0.2) -> NetworkResult:
    sides = {}
    for name in SIDES:
        share = int8_share if name == INT8 else 0.0
        facts = {"threads": 2, "runtime": "any 1.0", "gmacs": 10.0}
        side = SideResult(name, facts, Difference(share, share))
        for slow in (1.0, 1.5, 1.0):
            side.median_s.append(slow * SECONDS[name])
            side.in_flight_per_s.append(0.5 / (slow * SECONDS[name]))
        side.minimum_s = SECONDS[name]
        sides[name] = side
    return NetworkResult(network, sides, 3.0, 0.0, {}, {"FP32": 50.0, "BF16": 100.0, "INT8": 200.0})


def _holding(result: NetworkResult) -> dict[str, bool]:
    return {bar.bar: bar.holds for bar in summarise([result]).bars}


def test_every_bar_of_a_network_is_judged() -> None:
    found = _holding(_result())
    assert len(found) == 9
    assert found["hrnet_w18: OpenVINO INT8 over torch eager (bound 8 x 0.95)"]
    assert found["hrnet_w18: OpenVINO INT8 over torch eager, tuned (bound 5 x 0.95)"]
    assert all(found.values())


def test_a_ratio_that_falls_short_is_reported_as_such() -> None:
    result = _result("nested_unet_512")
    result.sides[INT8].median_s = [0.11, 0.165, 0.11]
    (bar,) = (b for b in summarise([result]).bars if "INT8 over torch eager (" in b.bar)
    assert bar.value == pytest.approx(1 / 0.11)
    assert not bar.holds


def test_being_wrong_is_a_bar_that_does_not_hold() -> None:
    found = _holding(_result(int8_share=0.9))
    assert [bar for bar, holds in found.items() if not holds] == [
        "hrnet_w18: OpenVINO INT8, relative difference to torch eager"
    ]


def test_throughput_is_the_better_way_of_a_side() -> None:
    (row,) = (r for r in summarise([_result()]).rows if r["side"] == FP32)
    assert row["per_s"] == pytest.approx(4.0)
    assert row["rate_x_stock"] == pytest.approx(4.0)


def test_a_side_stands_beside_the_arithmetic_that_the_machine_can_do() -> None:
    outcome = summarise([_result()])
    (row,) = (r for r in outcome.rows if r["side"] == FP32)
    assert row["of_peak"] == "0.80"
    (note,) = (n for n in outcome.notes if "GMAC;" in n)
    assert "FP32 50 GMAC/s, so at most 5.0x and 2.5x" in note


def test_the_chart_shows_the_published_figures_as_context() -> None:
    document = chart([_result()], "a CPU")
    assert "8.24" in document
    assert "not like for like" in document
