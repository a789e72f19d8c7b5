"""`make bench-switching`: a hundred switches of a model's version under constant load.

An open loop sends requests at 70 % of the box's capacity. Rounds of quiet and of switches take
turns on one box; a request counts to a switch where it overlaps one, in time. The same with one
replica of two CPUs and with two of one CPU each. The versions outnumber what the attic keeps, so
promotions load for themselves, unless a rollback has just brought theirs back; rollbacks find the
version in memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer

from loadtests.bench.open_loop import percentile
from loadtests.bench.outcome import Bar, Outcome
from loadtests.bench.overload import MODEL, PAYLOAD, closed_client, finish
from loadtests.bench.switching_versions import write_versions
from loadtests.box import OwnBox

SOURCE = Path("model_repo") / MODEL / "1"
VERSIONS = 4
"""That take turns; one above them serves beside whichever it is, as the latest by its number."""
SHARE = 0.7
KEPT_GB = "0.2"
"""The attic holds one version of the network, the one before: every promotion loads."""
NODES = {"one replica": None, "two replicas": '[{"cpus": [0]}, {"cpus": [1]}]'}
ROUND_SWITCHES = 10
QUIET_S = 12.0
BETWEEN_S = 0.5
SWITCH_TIMEOUT_S = 600


@dataclass(slots=True)
class Run:
    """What was seen: intervals of switches (CLOCK_MONOTONIC seconds), memory after each."""

    intervals: list[tuple[float, float]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    rss_mib: list[float] = field(default_factory=list)
    told: list[list[Any]] = field(default_factory=list)


def main(
    quick: Annotated[bool, typer.Option(help="Ten switches and two rollbacks.")] = False,
) -> None:
    """Runs the benchmark, prints its table and writes bench/switching.json."""
    switches, rollbacks = (10, 2) if quick else (100, 20)
    rows, bars = [], []
    for name, nodes in NODES.items():
        run = _measure(nodes, switches, rollbacks)
        rows.append(_row(name, run))
        bars += _bars(name, rows[-1])
    note = f"{MODEL} ({PAYLOAD}) at {SHARE:.0%} of capacity; {VERSIONS} versions take turns."
    outcome = Outcome("switching", rows, bars, [note])
    outcome.show()
    outcome.save()


def _measure(nodes: str | None, switches: int, rollbacks: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="aibox-versions-") as repository:
        versions = write_versions(SOURCE, Path(repository), VERSIONS + 1)[:VERSIONS]
        settings = {
            "AIBOX__ENGINE__REPOSITORIES": json.dumps([repository]),
            "AIBOX__ENGINE__MAX_RETIRED_GB": KEPT_GB,
            "AIBOX__REGISTRY__DEFAULT_POLICY": '{"latest": {"num_versions": 1}}',
        } | ({"AIBOX__ENGINE__NODES": nodes} if nodes else {})
        with OwnBox(settings) as box:
            finish(closed_client(box.address, 4, 5.0))
            closed = finish(closed_client(box.address, 4, 10.0))
            rate = SHARE * closed["requests"] / closed["elapsed_s"]
            return _under_load(box, rate, versions, switches, rollbacks)


def _under_load(
    box: OwnBox, rate: float, versions: list[int], switches: int, rollbacks: int
) -> Run:
    run = Run()
    command = [sys.executable, "-m", "loadtests.bench.switching_load", box.address, MODEL, PAYLOAD]
    with subprocess.Popen(
        [*command, str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        every = max(1, switches // rollbacks)
        for number in range(switches):
            if number % ROUND_SWITCHES == 0:
                time.sleep(QUIET_S)
            version = versions[number % len(versions)]
            _switch(box, run, "promote", f"/v1/models/{MODEL}/versions/{version}/promote")
            if number % every == every - 1:
                _switch(box, run, "rollback", "/v1/rollback")
        time.sleep(QUIET_S)
        printed, _ = load.communicate(timeout=120)
    run.told = json.loads(printed)
    return run


def _switch(box: OwnBox, run: Run, kind: str, path: str) -> None:
    begun_s = time.monotonic()
    answer = httpx.post(
        box.admin_url + path,
        headers={"prefer": f"wait={SWITCH_TIMEOUT_S}"},
        timeout=SWITCH_TIMEOUT_S + 10,
    )
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    run.intervals.append((begun_s, time.monotonic()))
    run.kinds.append(kind)
    time.sleep(BETWEEN_S)
    pids = box.replica_pids
    run.rss_mib.append(sum(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20)


def _row(name: str, run: Run) -> dict[str, str | float]:
    during, quiet = [], []
    for planned_s, ended_s, code, _ in run.told:
        if code == "OK":
            overlaps = any(b <= ended_s and planned_s <= e for b, e in run.intervals)
            (during if overlaps else quiet).append(1e3 * (ended_s - planned_s))
    promotes = _seconds(run, "promote")
    return {
        "box": name,
        "switches": float(len(promotes)),
        "rollbacks": float(run.kinds.count("rollback")),
        "requests": float(len(run.told)),
        "failed": float(sum(code != "OK" for _, _, code, _ in run.told)),
        "quiet_p50_ms": percentile(quiet, 0.5),
        "quiet_p99_ms": percentile(quiet, 0.99),
        "switch_p50_ms": percentile(during, 0.5),
        "switch_p99_ms": percentile(during, 0.99),
        "promote_p50_s": percentile(promotes, 0.5),
        "rollback_p50_s": percentile(_seconds(run, "rollback"), 0.5),
        "rss_third_mib": run.rss_mib[2],
        "rss_last_mib": run.rss_mib[-1],
    }


def _seconds(run: Run, kind: str) -> list[float]:
    pairs = zip(run.intervals, run.kinds, strict=True)
    return [ended_s - begun_s for (begun_s, ended_s), each in pairs if each == kind]


def _bars(name: str, row: dict[str, str | float]) -> list[Bar]:
    ratio = float(row["switch_p99_ms"]) / float(row["quiet_p99_ms"])
    growth = float(row["rss_last_mib"]) / float(row["rss_third_mib"])
    bound = 1.3 if psutil.cpu_count(logical=False) not in (1, 2) else 2.0
    return [
        Bar(f"{name}: failed requests", float(row["failed"]), 0.0, at_most=True),
        Bar(f"{name}: p99 during a switch / steady", ratio, bound, at_most=True),
        Bar(f"{name}: RSS after the last / after the third", growth, 1.05, at_most=True),
    ]


if __name__ == "__main__":
    typer.run(main)
