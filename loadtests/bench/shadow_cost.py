"""`make bench-shadow`: what a shadow release costs those who wait for answers.

Rounds with and without a shadow take turns on one box, each second pair the other way round. In
each, studies are sent at a steady rate, STAT and routine ones in turn, beside single requests: STAT
ones, and routine ones at a share of the box's capacity. The shadow's network differs from the
stable one in a single bit, so it does the same work. It is drained before a round without it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.client.admin import AdminClient
from loadtests.bench.open_loop import percentile
from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.overload import MODEL, STAT_PER_S, closed_client, finish, open_client
from loadtests.bench.study_stream import LANES, StudyLatency, StudyStream
from loadtests.bench.switching_versions import write_versions
from loadtests.box import OwnBox
from provisioning.phantom import small_spec, write_study
from serving.domain.lane import Lane

PIPELINE, OTHER_MODEL = "chest_ct", "hrnet_covid"
PRODUCT = Path("model_repo")
SHARE = 0.25
"""Of the box's capacity that routine requests take up."""
PERIOD_S = 10.0
"""Between two studies: a shadow is read in what their own reading leaves of it."""
BOUND = 1.05
QUIET, SHADOW = "quiet", "shadow"
_DRAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One stretch of load."""

    studies: Sequence[StudyLatency]
    requests: dict[Lane, dict[str, Any]]
    shadowed: int
    """Studies that the shadow had read by the end of the stretch, of those sent in it."""

    def seconds(self, lane: Lane) -> list[float]:
        return [study.seconds for study in self.studies if study.lane is lane]


@dataclass(frozen=True, slots=True)
class Bench:
    """A box with both releases, and the load to put on it."""

    box: OwnBox
    admin: AdminClient
    images: Path
    shadow: str
    rate: float
    """Routine requests a second."""
    seconds: float

    def round(self, number: int) -> dict[str, Measured]:
        """Both stretches, every second time the other way round."""
        order = (QUIET, SHADOW) if number % 2 == 0 else (SHADOW, QUIET)
        return {name: self._shadowed() if name == SHADOW else self._load() for name in order}

    def _shadowed(self) -> Measured:
        self.admin.wait(self.admin.start_shadow(PIPELINE, self.shadow))
        before = self._read()
        measured = self._load()
        shadowed = self._read() - before
        self._drain(before + len(measured.studies))
        self.admin.wait(self.admin.stop_shadow(PIPELINE))
        return Measured(measured.studies, measured.requests, shadowed)

    def _load(self) -> Measured:
        address, seconds = self.box.address, self.seconds
        studies = StudyStream(address, self.images, PERIOD_S).start(seconds)
        routine = open_client(address, self.rate, seconds, priority=2, connections=2)
        stat = open_client(address, STAT_PER_S, seconds, priority=1, connections=1)
        requests = {Lane.STAT: finish(stat), Lane.ROUTINE: finish(routine)}
        return Measured(studies.finish(), requests, 0)

    def _read(self) -> int:
        """Studies that the shadow has read since the box was made."""
        found = self.admin.comparisons(PIPELINE)
        return found[0].summary.studies if found else 0

    def _drain(self, wanted: int) -> None:
        """Until no shadow is at work any more; one that was dropped is not waited for for ever."""
        deadline_s = time.monotonic() + _DRAIN_S
        while self._read() < wanted and time.monotonic() < deadline_s:
            time.sleep(0.5)


def main(quick: Annotated[bool, typer.Option(help="Under three minutes of load.")] = False) -> None:
    """Runs the benchmark, prints its table and writes bench/shadow_cost.json."""
    rounds, seconds = (2, 40.0) if quick else (6, 80.0)
    with tempfile.TemporaryDirectory(prefix="aibox-shadow-") as scratch:
        images, models = Path(scratch) / "study", Path(scratch) / "models"
        write_study(small_spec(), images)
        write_versions(PRODUCT / MODEL / "1", models, 2)
        with OwnBox(_settings(models)) as box, AdminClient(box.admin_url) as admin:
            bench = _prepare(box, admin, images, seconds)
            found = [bench.round(number) for number in range(rounds)]
    outcome = summarise(found, bench.rate)
    outcome.show()
    outcome.save()


def _settings(models: Path) -> dict[str, str]:
    """The highest version is stable; the product's own folder adds the other network."""
    repositories = [str(models), str(PRODUCT.absolute())]
    return {
        "AIBOX__ENGINE__REPOSITORIES": json.dumps(repositories),
        "AIBOX__CANARY__COLLECT_S": "1",
    }


def _prepare(box: OwnBox, admin: AdminClient, images: Path, seconds: float) -> Bench:
    """Makes the release that is to be the shadow, warms up, measures the capacity."""
    made = admin.wait(admin.create_release(PIPELINE, {MODEL: 1, OTHER_MODEL: 1}))
    StudyStream(box.address, images, 0.5).start(2.0).finish()
    finish(closed_client(box.address, 4, 5.0))
    closed = finish(closed_client(box.address, 4, max(5.0, seconds / 4)))
    rate = SHARE * closed["requests"] / closed["elapsed_s"]
    return Bench(box, admin, images, made.result, rate, seconds)


def summarise(found: Sequence[dict[str, Measured]], rate: float) -> Outcome:
    """A row a round and lane; a bar for each lane of studies and of single requests.

    Both are p95 over all rounds: of one round's STAT requests it is the fourth from the top.
    """
    bars = [_study_bar(found, lane) for lane in LANES]
    bars += [_request_bar(found, lane) for lane in LANES]
    by_round = ", ".join(f"{lane.label} {_median_of_rounds(found, lane):.3f}" for lane in LANES)
    notes = [
        f"A study each {PERIOD_S:g} s, in turn STAT and routine; routine requests at {rate:.1f}/s "
        f"({SHARE:.0%} of capacity), STAT ones at {STAT_PER_S:g}/s.",
        "shadowed: share of a round's studies that the shadow had read by its end.",
        f"Requests, median over rounds of the two p95's ratio: {by_round}.",
    ]
    rows = [_row(n, each, lane) for n, each in enumerate(found, start=1) for lane in LANES]
    return Outcome("shadow_cost", rows, bars, notes)


def _study_bar(found: Sequence[dict[str, Measured]], lane: Lane) -> Bar:
    quiet, shadow = (
        percentile([s for each in found for s in each[when].seconds(lane)], 0.95)
        for when in (QUIET, SHADOW)
    )
    what = f"{lane.name} studies, p95 accepted to done: with a shadow / without"
    return Bar(what, shadow / quiet, BOUND, at_most=True)


def _request_bar(found: Sequence[dict[str, Measured]], lane: Lane) -> Bar:
    quiet, shadow = (
        percentile([ms for each in found for ms in each[when].requests[lane]["done_ms"]], 0.95)
        for when in (QUIET, SHADOW)
    )
    what = f"{lane.name} requests, p95: with a shadow / without"
    return Bar(what, shadow / quiet, BOUND, at_most=True)


def _median_of_rounds(found: Sequence[dict[str, Measured]], lane: Lane) -> float:
    return median([_p95_ms(each[SHADOW], lane) / _p95_ms(each[QUIET], lane) for each in found])


def _p95_ms(measured: Measured, lane: Lane) -> float:
    return float(measured.requests[lane]["done_p95_ms"])


def _row(number: int, each: dict[str, Measured], lane: Lane) -> dict[str, str | float]:
    row: dict[str, str | float] = {"round": str(number), "lane": lane.label}
    for when, measured in sorted(each.items()):
        row[f"{when}_study_s"] = median(measured.seconds(lane))
        row[f"{when}_p50_ms"] = float(measured.requests[lane]["done_p50_ms"])
        row[f"{when}_p95_ms"] = _p95_ms(measured, lane)
        row[f"{when}_failed"] = float(_failed(measured, lane))
    row["shadowed"] = each[SHADOW].shadowed / len(each[SHADOW].studies)
    return row


def _failed(measured: Measured, lane: Lane) -> int:
    told = measured.requests[lane]
    return int(told["sent"]) - int(told["codes"].get("OK", 0))


if __name__ == "__main__":
    typer.run(main)
