"""Numbers of the page in words; None is a dash."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

NOTHING = "–"
_MINUTE_S = 60.0


def seconds(value: float | None) -> str:
    """`1.2 ms`, `340 ms`, `2.5 s`; `over 30 s` where the histogram ends below it."""
    if value is None:
        return NOTHING
    if math.isinf(value):
        return "over 30 s"
    if value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.1f} s"


def period(value: float | None) -> str:
    """What latencies are about: `over the last 40 s`, `... 5 min`, or all of it."""
    if value is None:
        return "since the box started"
    if value < 2 * _MINUTE_S:
        return f"over the last {value:.0f} s"
    return f"over the last {value / _MINUTE_S:.0f} min"


def cpus(numbers: Iterable[int]) -> str:
    """`0–3, 8`."""
    runs: list[list[int]] = []
    for cpu in sorted(numbers):
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}–{r[-1]}" for r in runs) or NOTHING


def percent(share: float | None) -> str:
    """`12 %`, `0.5 %`."""
    return NOTHING if share is None else f"{share * 100:.3g} %"


def number(value: float | None, digits: int = 2) -> str:
    """With so many decimals."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def signed(value: float | None) -> str:
    """With its sign: a difference."""
    return NOTHING if value is None else f"{value:+.1f}"


def clock(value: datetime | str) -> str:
    """UTC to the second, for who has no script: it shows local time."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def iso(value: datetime | str) -> str:
    """For a `<time>`; audit entries hold text already."""
    return value if isinstance(value, str) else value.isoformat()
