"""`make bench-radiomics` (selection): LassoCV against scikit-learn, its Intel patch and Celer.

Sides live in children of their own and block between turns; in each round they take turns on the
same cohort. scikit-learn has iterations enough to converge; the tolerance is the same on all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.radiomics_lasso_data import KINDS
from loadtests.bench.ratios import median_ratio, ratio_bar, rotated

SHAPES = ((200, 1000), (400, 1700), (1000, 1000), (1000, 5000))
PEERS = Path(".venv-radiomics/bin/python")
SETTINGS_LEFT_OUT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""They would pin numpy to kernels that this CPU's own outdo."""
OURS, RIVAL = "aibox", "sklearn"
BESIDE = ("sklearnex", "celer")
SETTLE_S = 0.5
"""Before each turn: threads of a side's linear algebra spin for a tenth of a second after its own,
and took a core from whoever came next."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One fit of one side."""

    seconds: float
    alpha: float
    coef: np.ndarray[Any, np.dtype[np.float64]]
    converged: bool


class Side:
    """A child that fits on request."""

    def __init__(self, name: str) -> None:
        self.name = name
        python = str(PEERS) if name == "celer" else sys.executable
        self._child = subprocess.Popen(
            [python, "-m", "loadtests.bench.radiomics_lasso_side", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={key: val for key, val in os.environ.items() if key not in SETTINGS_LEFT_OUT},
        )
        self.blas: list[str] = self._read()["blas"]

    def fit(self, **ask: str | int) -> Fit:
        """Asks for one fit, once the side before has settled, and waits for it."""
        time.sleep(SETTLE_S)
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(ask) + "\n")
        self._child.stdin.flush()
        found = self._read()
        return Fit(
            found["seconds"], found["alpha"], np.array(found["coef"]), bool(found["converged"])
        )

    def close(self) -> None:
        """Ends the child."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=60)

    def _read(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the side {self.name} ended; run it alone to see why")
        found: dict[str, Any] = json.loads(line)
        return found


def main(
    quick: Annotated[bool, typer.Option(help="Two small shapes, two seeds; no verdict.")] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Cohorts of each shape and kind.")] = 5,
    only: Annotated[str, typer.Option(help="One shape, such as 1000x5000.")] = "",
    beside: Annotated[
        str, typer.Option(help="Rivals beside scikit-learn; the bars need none of them.")
    ] = ",".join(BESIDE),
) -> None:
    """Runs the benchmark, prints the table and writes bench/radiomics-lasso.json."""
    shapes = [shape for shape in SHAPES if not only or only == f"{shape[0]}x{shape[1]}"]
    shapes = shapes[:2] if quick else shapes
    count = min(seeds, 2) if quick else seeds
    names = [OURS, RIVAL, *_beside(beside)]
    sides = []
    try:
        sides += [Side(name) for name in names]
        rows = []
        for threads in sorted({1, os.cpu_count() or 1}):
            for shape in shapes:
                for kind in KINDS:
                    rows.append(_compare(sides, "lasso", shape, kind, threads, count))
            for shape in shapes[:2]:
                rows.append(_compare(sides[:2], "pca", shape, "blocks", threads, count))
        kernels = f"BLAS kernels: {', '.join(sorted({str(k) for s in sides for k in s.blas}))}."
    except RuntimeError as error:
        sys.exit(f"bench-radiomics: {error}")
    finally:
        for side in sides:
            side.close()
    notes = [kernels, "celer has one thread in every row: its path has no jobs."]
    notes += ["QUICK: no basis for a verdict."] if quick else []
    outcome = Outcome("radiomics-lasso", rows, _bars(rows), notes)
    outcome.show()
    outcome.save()


def _beside(given: str) -> list[str]:
    """Those of the rivals asked for that are installed."""
    names = [name for name in given.split(",") if name]
    if unknown := set(names) - set(BESIDE):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: no rival; {', '.join(BESIDE)} are")
    return [name for name in names if name != "celer" or PEERS.exists()]


def _compare(
    sides: Sequence[Side], task: str, shape: tuple[int, int], kind: str, threads: int, seeds: int
) -> dict[str, str | float]:
    """A row: seconds of each side, ratios over the same cohorts, and whether results agree."""
    label = f"{task} {shape[0]}x{shape[1]} {kind}, threads {threads}"
    print(label, file=sys.stderr, flush=True)
    fits: dict[str, list[Fit]] = {side.name: [] for side in sides}
    for seed in range(seeds):
        for side in rotated(sides, seed):
            fits[side.name].append(
                side.fit(
                    task=task,
                    samples=shape[0],
                    features=shape[1],
                    kind=kind,
                    seed=seed,
                    threads=threads,
                )
            )
    row: dict[str, str | float] = {
        "task": task,
        "shape": f"{shape[0]}x{shape[1]}",
        "kind": kind,
        "threads": str(threads),
    }
    for name in (OURS, RIVAL, "sklearnex", "celer"):
        row[f"{name}_s"] = median([fit.seconds for fit in fits.get(name, [])])
    ours = [fit.seconds for fit in fits[OURS]]
    row["x_sklearn"] = median_ratio([fit.seconds for fit in fits[RIVAL]], ours)
    pairs = list(zip(fits[OURS], fits[RIVAL], strict=True))
    row["same_alpha"] = _share([np.isclose(a.alpha, b.alpha, rtol=1e-12, atol=0) for a, b in pairs])
    row["same_support"] = _share([np.array_equal(a.coef != 0, b.coef != 0) for a, b in pairs])
    row["coef_diff"] = f"{max(_difference(a.coef, b.coef) for a, b in pairs):.1e}"
    row["converged"] = _share([a.converged and b.converged for a, b in pairs])
    return row


def _difference(first: Any, second: Any) -> float:
    return float(np.abs(first - second).max()) if first.shape == second.shape else float("nan")


def _share(held: Sequence[Any]) -> str:
    return f"{sum(bool(one) for one in held)}/{len(held)}"


def _bars(rows: Sequence[dict[str, str | float]]) -> list[Bar]:
    bars = []
    for row in rows:
        samples, features = (int(part) for part in str(row["shape"]).split("x"))
        bound = 2.08 if row["task"] == "pca" else 8.0 if samples < features else 4.0
        what = f"{row['task']} {row['shape']} {row['kind']}, threads {row['threads']}, x sklearn"
        bars.append(ratio_bar(what, float(row["x_sklearn"]), bound))
    for column in ("same_alpha", "same_support", "converged"):
        held = [str(row[column]).split("/") for row in rows]
        share = sum(int(part) for part, _ in held) / sum(int(whole) for _, whole in held)
        bars.append(Bar(f"{column} on every seed", share, 1.0, at_most=False))
    return bars


if __name__ == "__main__":
    typer.run(main)
