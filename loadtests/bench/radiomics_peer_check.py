"""`python -m loadtests.bench.radiomics_peer_check`: are our features pyradiomics-bhklab's own?

Compares every feature of every small case, and of the IBSI CT phantom where it lies beside the
checkout, originals, wavelets and LoG. `--write FILE` keeps what the peer gives for the first case.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from loadtests.bench.radiomics_extraction_cases import ExtractionCase, cases
from loadtests.bench.radiomics_extraction_side import BHKLAB, PYRADIOMICS, started
from loadtests.bench.radiomics_peer_cases import SPACING_MM, peer_cases

TOLERANCE, MCC_TOLERANCE = 1e-6, 1e-5
"""docs/radiomics-conventions.md gives the reason for the second, and why a LoG of one intensity,
which is rounding noise around zero, is not compared."""
KEPT = ("original_", "wavelet-LLH_", "wavelet-LLL_", "log-sigma-3-0-mm-3D_")
"""Images whose features go to the file: each family and each filter, without all sub-bands."""


def main(
    write: Annotated[Path | None, typer.Option(help="Where the peer's numbers go.")] = None,
    phantom: Annotated[bool, typer.Option(help="The CT phantom too.")] = True,
) -> None:
    """Prints what differs by more than 1e-6, relative, and exits with 1 where anything does."""
    differing = 0
    with tempfile.TemporaryDirectory(prefix="aibox-bench-") as scratch:
        for number, case in enumerate(_all_cases(Path(scratch), phantom)):
            ours, peer = _both(case)
            if write and number == 0:
                _write(write, peer)
            differing += _report(case.name, ours, peer)
    sys.exit(1 if differing else 0)


def _all_cases(folder: Path, phantom: bool) -> Iterator[ExtractionCase]:
    for case in peer_cases():
        path = folder / "case.npz"
        np.savez(path, image=case.image, mask=case.mask, spacing_mm=np.array(SPACING_MM))
        yield ExtractionCase(case.name, path, int(case.mask.sum()))
    if phantom:
        yield from (case for case in cases(folder) if "phantom" in case.name)


def _both(case: ExtractionCase) -> tuple[dict[str, float], dict[str, float]]:
    with started(case, filtered=True) as sides:
        values = {side.name: side.values() for side in sides if side.name in (BHKLAB, PYRADIOMICS)}
    if BHKLAB not in values:
        sys.exit("radiomics-peer-check: run make install-radiomics-peers first")
    return values[PYRADIOMICS], values[BHKLAB]


def _report(name: str, ours: dict[str, float], peer: dict[str, float]) -> int:
    differing = {
        tag: (ours.get(tag), peer.get(tag))
        for tag in sorted(set(ours) | set(peer))
        if not _equal(ours.get(tag), peer.get(tag), MCC_TOLERANCE if "MCC" in tag else TOLERANCE)
        and not (name == "one intensity" and tag.startswith("log-sigma"))
    }
    print(f"{name}: {len(peer)} features, {len(differing)} differ")
    for tag, (own, other) in differing.items():
        print(f"  {tag}: aibox {own}, pyradiomics-bhklab {other}")
    return len(differing)


def _equal(own: float | None, other: float | None, tolerance: float) -> bool:
    if own is None or other is None:
        return False
    if math.isnan(own) or math.isnan(other):
        return math.isnan(own) and math.isnan(other)
    return abs(own - other) <= tolerance * abs(other) + 1e-12


def _write(path: Path, peer: dict[str, float]) -> None:
    rows = [f"{tag};{value!r}" for tag, value in peer.items() if tag.startswith(KEPT)]
    head = (
        "# What pyradiomics-bhklab 3.1.4 gives for the case `lumpy` of "
        "loadtests/bench/radiomics_peer_cases.py: bin width 25,\n"
        "# wavelets and LoG on. Made by `python -m loadtests.bench.radiomics_peer_check --write`.\n"
    )
    path.write_text(head + "\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
