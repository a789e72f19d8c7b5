"""The bar chart of lesion per cent by zone, right lung on the viewer's left."""

from __future__ import annotations

from dataclasses import dataclass

from serving.domain.finding import Region, Side, Zone
from serving.pipelines.report.wording import percent

WIDTH = 640
_MIDDLE = 90
"""Width of the column of zone names between the two lungs."""
_LONGEST = 205
_ROW = 38
_BAR = 22
_TOP = 44
_CEILINGS = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One zone of one lung, in the chart's user units."""

    label: str
    text: str
    x: float
    y: float
    width: float
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class ZoneName:
    text: str
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class ZoneChart:
    """All that the SVG needs; `description` says the same in words."""

    width: int
    height: int
    top: int
    bottom: int
    bar_height: int
    right_x: float
    """Where the bars of the right lung start, growing to the viewer's left."""
    left_x: float
    bars: tuple[Bar, ...]
    names: tuple[ZoneName, ...]
    ticks: tuple[Tick, ...]
    description: str


def zone_chart(zones: tuple[Region, ...]) -> ZoneChart:
    """The chart of the zones' `lesion_percent`, on one scale for both lungs."""
    right_x, left_x = (WIDTH - _MIDDLE) / 2, (WIDTH + _MIDDLE) / 2
    ceiling = _ceiling(zones)
    rows = {zone: _TOP + number * _ROW for number, zone in enumerate(Zone)}
    bars = tuple(_bar(region, rows, ceiling) for region in zones if region.side and region.zone)
    bottom = _TOP + _ROW * len(rows)
    return ZoneChart(
        WIDTH,
        bottom + 30,
        _TOP,
        bottom,
        _BAR,
        right_x,
        left_x,
        bars,
        tuple(ZoneName(zone.value, y + _BAR * 0.72) for zone, y in rows.items()),
        _ticks(right_x, left_x, ceiling),
        "; ".join(bar.label for bar in bars),
    )


def _ceiling(zones: tuple[Region, ...]) -> float:
    highest = max((region.lesion_percent or 0.0 for region in zones), default=0.0)
    return next((ceiling for ceiling in _CEILINGS if highest <= ceiling), 100.0)


def _bar(region: Region, rows: dict[Zone, int], ceiling: float) -> Bar:
    side, zone = region.side, region.zone
    if side is None or zone is None:
        raise ValueError("a bar is one zone of one lung")
    length = min(1.0, (region.lesion_percent or 0.0) / ceiling) * _LONGEST
    on_left = side is Side.RIGHT
    start = (WIDTH - _MIDDLE) / 2 if on_left else (WIDTH + _MIDDLE) / 2
    text = "no lung" if region.lesion_percent is None else percent(region.lesion_percent)
    return Bar(
        f"{side.value} {zone.value}: {text}",
        text,
        start - length if on_left else start,
        rows[zone],
        length,
        start - length - 6 if on_left else start + length + 6,
        rows[zone] + _BAR * 0.72,
        "end" if on_left else "start",
    )


def _ticks(right_x: float, left_x: float, ceiling: float) -> tuple[Tick, ...]:
    shares = (0.0, 0.5, 1.0)
    texts = [f"{ceiling * share:g}\u202f%" for share in shares]
    rightwards = [Tick(left_x + s * _LONGEST, t) for s, t in zip(shares, texts, strict=True)]
    leftwards = [Tick(right_x - s * _LONGEST, t) for s, t in zip(shares, texts, strict=True)]
    return (*leftwards, *rightwards)
