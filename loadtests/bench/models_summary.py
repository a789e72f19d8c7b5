"""Rows, bars and the chart of `make bench-models`, from the rounds of all networks."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.bench.chart import Group, Panel, Series, draw
from loadtests.bench.contenders.sides import BF16, FP32, INT8, ONNX, SIDES, STOCK, TUNED
from loadtests.bench.network_rounds import NetworkResult, SideResult
from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.ratios import median_ratio, ratio_bar

AGAINST_STOCK = {
    FP32: {"nested_unet_512": 2.89, "hrnet_w18": 2.7, "retinanet_r50": 1.8},
    INT8: {
        "nested_unet_512": 10.0,
        "hrnet_w18": 8.0,
        "inception_v4": 8.0,
        "retinanet_r50": 7.0,
        "inception_resnet_v2": 6.5,
    },
}
AGAINST_TUNED = {FP32: 1.3, INT8: 5.0}
DIFFERENCE_BOUNDS = {TUNED: 1e-3, ONNX: 1e-3, FP32: 1e-3}
"""Largest |a - b| / max(1, |b|) of sides that compute in float32."""
SHARE_BOUNDS = {BF16: 0.1, INT8: 0.5}
"""Relative difference (detections: boxes not found) of sides that compute in less."""

COLOURS = {
    STOCK: "#9aa5b1",
    TUNED: "#616e7c",
    ONNX: "#c99700",
    FP32: "#7cc4fa",
    BF16: "#2186eb",
    INT8: "#03449e",
}
PRECISION = dict.fromkeys((STOCK, TUNED, ONNX, FP32), "FP32") | {BF16: "BF16", INT8: "INT8"}
"""What a side multiplies in."""
PUBLISHED = (
    Group("RetinaNet", (None, None, None, 3.02, None, 8.24), "as published", apart=True),
    Group("whole study", (None, None, None, 2.89, None, None), "as published", apart=True),
)
"""The case study's figures (two-socket Xeons): context, not like for like."""

UNSHOWN = frozenset({"least_ms", "rate_x_tuned", "int8_macs", "threads", "runtime"})
NOTES = (
    "Latency: one inference at a time, all threads. Throughput: as many inferences in flight as "
    "CPUs, one thread each (OpenVINO: streams), or one at a time where that is more.",
    "Ratios: of the medians within each round, then the median over the rounds. Bars on latency.",
    "Tuned: MALLOC_MMAP_MAX_=0, MALLOC_TRIM_THRESHOLD_=4294967296, MALLOC_TOP_PAD_=268435456 and "
    "channels_last. Weights are random; a kernel's time does not depend on them.",
    "of_peak: multiply-accumulates a second at the least latency, as a share of what a dense 3x3 "
    "convolution reaches in the same precision (loadtests.bench.arithmetic_peak).",
    "The case study's 3.02x and 8.24x (RetinaNet) and 2.89x (study) are from another machine "
    "against that time's software: context, not like for like.",
)


def summarise(results: Sequence[NetworkResult]) -> Outcome:
    """A row for each network and side, the bars, and what was seen of the machine."""
    rows = [_row(result, result.sides[side]) for result in results for side in SIDES]
    bars = [bar for result in results for bar in _speed_bars(result)]
    bars += [bar for result in results for bar in _equality_bars(result)]
    notes = [*NOTES, *map(_machine_note, results), *map(_peak_note, results)]
    return Outcome("models", rows, bars, notes, UNSHOWN)


def _row(result: NetworkResult, side: SideResult) -> dict[str, str | float]:
    stock, tuned = result.sides[STOCK], result.sides[TUNED]
    return {
        "network": result.network,
        "side": side.name,
        "latency_ms": 1e3 * median(side.median_s),
        "least_ms": 1e3 * side.minimum_s,
        "x_stock": median_ratio(stock.median_s, side.median_s),
        "x_tuned": median_ratio(tuned.median_s, side.median_s),
        "per_s": median(side.best_per_s),
        "rate_x_stock": median_ratio(side.best_per_s, stock.best_per_s),
        "rate_x_tuned": median_ratio(side.best_per_s, tuned.best_per_s),
        "int8": _count(side, "int8_layers"),
        "float": _count(side, "float_layers"),
        "int8_macs": _share(side),
        "of_peak": _of_peak(result, side),
        "difference": f"{side.difference.largest:.1e}",
        "share": f"{side.difference.share:.1e}",
        "threads": str(side.facts["threads"]),
        "runtime": str(side.facts["runtime"]),
    }


def _count(side: SideResult, key: str) -> str:
    return str(side.facts.get(key, "-"))


def _share(side: SideResult) -> str:
    share = side.facts.get("int8_share_of_macs")
    return "-" if share is None else f"{share:.3f}"


def _of_peak(result: NetworkResult, side: SideResult) -> str:
    """Share of the machine's best pace in the side's own precision, at its least latency."""
    pace = result.sides[FP32].facts["gmacs"] / side.minimum_s
    return f"{pace / result.peaks[PRECISION[side.name]]:.2f}"


def _peak_note(result: NetworkResult) -> str:
    """The most that any runtime could gain over torch here, however good its kernels."""
    gmacs = result.sides[FP32].facts["gmacs"]
    parts = []
    for precision, peak in result.peaks.items():
        stock, tuned = (result.sides[side].minimum_s * peak / gmacs for side in (STOCK, TUNED))
        parts.append(f"{precision} {peak:.0f} GMAC/s, so at most {stock:.1f}x and {tuned:.1f}x")
    reached = "; ".join(parts)
    return f"{result.network}: {gmacs:.1f} GMAC; a dense 3x3 convolution reaches {reached}"


def _speed_bars(result: NetworkResult) -> list[Bar]:
    bars = []
    for side in (FP32, INT8):
        ours = result.sides[side].median_s
        bound = AGAINST_STOCK[side].get(result.network)
        for baseline, least in ((STOCK, bound), (TUNED, AGAINST_TUNED[side])):
            if least is not None:
                value = median_ratio(result.sides[baseline].median_s, ours)
                bars.append(ratio_bar(f"{result.network}: {side} over {baseline}", value, least))
    return bars


def _equality_bars(result: NetworkResult) -> list[Bar]:
    """Of each side against torch eager as it comes, on the same input."""
    bars = []
    for side, bound in DIFFERENCE_BOUNDS.items():
        what = f"{result.network}: {side}, largest difference to torch eager"
        bars.append(Bar(what, result.sides[side].difference.largest, bound, at_most=True))
    for side, bound in SHARE_BOUNDS.items():
        what = f"{result.network}: {side}, relative difference to torch eager"
        bars.append(Bar(what, result.sides[side].difference.share, bound, at_most=True))
    return bars


def _machine_note(result: NetworkResult) -> str:
    return (
        f"{result.network}: all sides together {result.memory_gib:.1f} GiB resident; sides that "
        f"waited used {100 * result.idle_cpu_share:.2f} % of the CPU time."
    )


def chart(results: Sequence[NetworkResult], cpu: str) -> str:
    """The bar chart of both loads as SVG; see `loadtests.bench.chart`."""
    series = [Series(name, COLOURS[name]) for name in SIDES]
    latency = [_group(result, rate=False) for result in results]
    rate = [_group(result, rate=True) for result in results]
    panels = (
        Panel("Latency: times faster than torch eager as it comes", series, [*latency, *PUBLISHED]),
        Panel("Throughput: times that of torch eager as it comes", series, rate),
    )
    threads = results[0].sides[STOCK].facts["threads"]
    notes = (
        f"{cpu}, {threads} threads, batch 1. Medians of interleaved rounds; taller is better.",
        "Dashed: the case study's published figures, two-socket Xeons. Context, not like for like.",
    )
    return draw(panels, notes)


def _group(result: NetworkResult, *, rate: bool) -> Group:
    stock = result.sides[STOCK]
    if rate:
        values = [median_ratio(result.sides[side].best_per_s, stock.best_per_s) for side in SIDES]
    else:
        values = [median_ratio(stock.median_s, result.sides[side].median_s) for side in SIDES]
    size = stock.facts.get("image", "")
    return Group(result.network, values, str(size))
