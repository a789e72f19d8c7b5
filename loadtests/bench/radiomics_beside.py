"""`make bench-radiomics-beside`: STAT and routine requests beside a batch job that fills the box.

Rounds with and without the job alternate on one box. An open loop sends routine requests at a
share of the box's capacity and a few STAT ones; their p95 beside the job is held against their
p95 without it. The job's cases run under SCHED_IDLE on the batch cores.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.client import AiboxClient
from appliance.client.radiomics_calls import JobOptions
from loadtests.bench.cohort_input import write_cohort
from loadtests.bench.open_loop import percentile
from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.overload import STAT_PER_S, closed_client, finish, open_client
from loadtests.box import OwnBox
from serving.domain.job import JobState

CASES = 20_000
"""More than the rounds can finish: the job is cancelled after each."""
SHARE = 0.25
"""Of the box's capacity that routine requests take up."""
BOUND = 1.2
_SETTLE_S = 15.0
"""Until every batch core has its worker process."""


def main(quick: Annotated[bool, typer.Option(help="About two minutes of load.")] = False) -> None:
    """Runs the benchmark, prints its table and writes bench/radiomics_beside.json."""
    rounds, round_s = (3, 20.0) if quick else (5, 60.0)
    with tempfile.TemporaryDirectory(prefix="aibox-cohort-") as folder:
        manifest = write_cohort(Path(folder), CASES)
        allowed = json.dumps([folder])
        with OwnBox({"AIBOX__RADIOMICS__DATA_FOLDERS": allowed}) as box:
            finish(closed_client(box.address, 4, 5.0))  # warm up
            closed = finish(closed_client(box.address, 4, round_s / 4))
            rate = SHARE * closed["requests"] / closed["elapsed_s"]
            found = []
            for number in range(rounds):
                quiet = _measure(box.address, rate, round_s)
                found.append({"quiet": quiet} | _beside(box, manifest, rate, round_s, number))
    outcome = summarise(found, rate)
    outcome.show()
    outcome.save()


def _beside(
    box: OwnBox, manifest: Path, rate: float, round_s: float, number: int
) -> dict[str, Any]:
    """One round beside a job of its own, which must run from before to after it."""
    with AiboxClient(box.address) as client:
        options = JobOptions(idempotency_key=f"round {number}")
        job = client.radiomics.extract(manifest, in_place=True, options=options)
        deadline_s = time.monotonic() + 120
        while client.job(job.job_id).progress == 0.0 and time.monotonic() < deadline_s:
            time.sleep(0.5)
        time.sleep(_SETTLE_S)
        before = client.job(job.job_id)
        measured = _measure(box.address, rate, round_s)
        after = client.job(job.job_id)
        if after.state is not JobState.RUNNING or after.progress <= before.progress:
            raise RuntimeError(f"the job did not run beside the requests: {after}")
        client.cancel(job.job_id)
        client.wait(job.job_id)
    cases_per_s = (after.progress - before.progress) * CASES / round_s
    return {"beside": measured, "cases_per_s": cases_per_s}


def _measure(address: str, rate: float, seconds: float) -> dict[str, Any]:
    routine = open_client(address, rate, seconds, priority=2, connections=2)
    stat = open_client(address, STAT_PER_S, seconds, priority=1, connections=1)
    return {"stat": finish(stat), "routine": finish(routine)}


def summarise(found: list[dict[str, Any]], rate: float) -> Outcome:
    """A row a round; each bar holds a lane's p95 over all rounds with the job against without.

    Of one round's STAT requests p95 is among the few slowest, so rounds alone say little.
    """
    rows, ratios = [], {"stat": list[float](), "routine": list[float]()}
    for one in found:
        row: dict[str, str | float] = {"cases_per_s": one["cases_per_s"]}
        for lane in ("stat", "routine"):
            quiet, beside = (one[when][lane]["done_p95_ms"] for when in ("quiet", "beside"))
            row |= {f"{lane}_p95_quiet_ms": quiet, f"{lane}_p95_beside_ms": beside}
            row[f"{lane}_p50_quiet_ms"] = one["quiet"][lane]["done_p50_ms"]
            row[f"{lane}_p50_beside_ms"] = one["beside"][lane]["done_p50_ms"]
            ratios[lane].append(beside / quiet)
        rows.append(row)
    bars = [
        Bar(f"{lane} p95 beside the job / without it", _ratio(found, lane), BOUND, at_most=True)
        for lane in ratios
    ]
    by_round = ", ".join(f"{lane} {median(ratios[lane]):.3f}" for lane in ratios)
    note = f"Routine at {rate:.1f} requests/s ({SHARE:.0%} of capacity), STAT at {STAT_PER_S:g}/s."
    return Outcome(
        "radiomics_beside",
        rows,
        bars,
        [note, f"Median over rounds of the two p95's ratio: {by_round}."],
    )


def _ratio(found: list[dict[str, Any]], lane: str) -> float:
    quiet, beside = (
        percentile([ms for one in found for ms in one[when][lane]["done_ms"]], 0.95)
        for when in ("quiet", "beside")
    )
    return beside / quiet


if __name__ == "__main__":
    typer.run(main)
