"""`make bench-study`: a whole chest CT through two networks: torch against the box.

Nested U-Net 32..512 and HRNet-W18 at 512x512, untrained, as in the case study's pipeline. The
sides run one at a time and interleaved; a box is started, warmed up with a thinned-out study,
timed and stopped.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from loadtests.bench.study_input import count_slices, prepare_study, thin_out
from loadtests.bench.study_sides import StudyBench, StudyRun
from loadtests.bench.study_summary import schedule, summarise
from loadtests.bench.zoo_models import find_or_build, repository
from serving.domain.errors import AiboxError

NETWORKS = ("nested_unet_512", "hrnet_w18")
THINNED = 8


def main(
    study: Annotated[Path | None, typer.Option(help="Folder; else a synthetic study.")] = None,
    quick: Annotated[bool, typer.Option(help="Every 8th slice, one round; no verdict.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Studies on each box.")] = 3,
    torch_rounds: Annotated[int, typer.Option(min=0, help="Studies on torch as it comes.")] = 1,
    tuned_rounds: Annotated[int, typer.Option(min=1, help="Studies on tuned torch.")] = 2,
    rebuild: Annotated[bool, typer.Option(help="Build the networks anew.")] = False,
) -> None:
    """Runs the benchmark, prints time by stage and writes bench/study.json."""
    counts = (1, 1, 1) if quick else (rounds, torch_rounds, tuned_rounds)
    with tempfile.TemporaryDirectory(prefix="aibox-bench-") as scratch:
        try:
            for name in NETWORKS:
                find_or_build(name, rebuild=rebuild)
            bench = _prepare(study, Path(scratch), quick)
            runs = _run(bench, schedule(*counts))
        except (RuntimeError, AiboxError) as error:
            sys.exit(f"bench-study: {error}")
        slices = count_slices(bench.study)
    kind = "the folder given" if study else "synthetic phantom"
    note = [f"QUICK: every {THINNED}th slice only; no basis for a verdict."] if quick else []
    outcome = summarise(runs, f"{kind}, {slices} slices", note)
    outcome.show()
    outcome.save()


def _prepare(study: Path | None, scratch: Path, quick: bool) -> StudyBench:
    whole = prepare_study(study, scratch)
    thin = thin_out(whole, THINNED, scratch / "thin")
    return StudyBench(thin if quick else whole, thin, NETWORKS, repository())


def _run(bench: StudyBench, order: Sequence[str]) -> list[StudyRun]:
    runs = []
    for index, side in enumerate(order):
        print(f"run {index + 1} of {len(order)}: {side}", file=sys.stderr, flush=True)
        runs.append(bench.run(side))
    return runs


if __name__ == "__main__":
    typer.run(main)
