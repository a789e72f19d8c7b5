"""What a benchmark leaves behind: a table for people, `bench/<name>.json` for programs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

PACKAGES = (
    "aibox", "grpcio", "openvino", "onnxruntime", "nncf", "torch", "ray", "numpy", "protobuf",
)  # fmt: skip
LOW_PRECISION_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""What INT8 and BF16 kernels gain depends on these."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise and how it stands; `at_most` says which side of the bound is good."""

    bar: str
    value: float
    bound: float
    at_most: bool

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound


@dataclass(frozen=True, slots=True)
class Outcome:
    """One benchmark's rows and bars with the environment that they were measured in."""

    name: str
    rows: Sequence[dict[str, str | float]]
    bars: Sequence[Bar]
    notes: Sequence[str] = ()
    unshown: frozenset[str] = frozenset()
    """Columns that go to the file alone: the table has to fit a terminal."""

    def save(self, folder: Path = Path("bench")) -> Path:
        """Writes `<folder>/<name>.json` and returns its path."""
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.json"
        body = {
            "environment": environment(),
            "rows": list(self.rows),
            "bars": [asdict(bar) | {"holds": bar.holds} for bar in self.bars],
            "notes": list(self.notes),
        }
        path.write_text(json.dumps(body, indent=2) + "\n", "utf-8")
        return path

    def show(self) -> None:
        """Prints the rows, the bars and the notes."""
        console = Console(width=140)
        table = Table(title=self.name)
        shown = [column for column in self.rows[0] if column not in self.unshown]
        for column in shown:
            table.add_column(column, justify="right")
        for row in self.rows:
            table.add_row(*(_cell(row[column]) for column in shown))
        console.print(table)
        for bar in self.bars:
            sign = "<=" if bar.at_most else ">="
            verdict = "holds" if bar.holds else "DOES NOT HOLD"
            console.print(f"{bar.bar}: {bar.value:.3f} ({sign} {bar.bound:g}) {verdict}")
        for note in self.notes:
            console.print(note)


def environment() -> dict[str, object]:
    """The machine, its load now, and the versions in use."""
    flags = _cpu_field("flags").split()
    return {
        "cpu": _cpu_field("model name") or platform.processor(),
        "cpu_flags": {flag: flag in flags for flag in LOW_PRECISION_FLAGS},
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def median(values: Sequence[float]) -> float:
    """The median, or NaN of nothing."""
    return statistics.median(values) if values else float("nan")


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.3f}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _cpu_field(key: str) -> str:
    """Of the first CPU in /proc/cpuinfo; empty where it has none such."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""
