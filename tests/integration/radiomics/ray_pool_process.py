"""RayCasePool over a Ray of its own, in a process of its own: `ray_pool_process.py COHORT`.

Case 2 of the cohort is large and slow. The cohort is run three times, and something happens to
that case: `memory` gives it too little of that, `time` too little time, `kill` ends the process
that works on it. Prints a JSON line for each: cases by index, and the orders that were started.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

os.environ |= {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
}

import ray

from serving.dicom.settings import DicomSettings
from serving.graph.ray_case_pool import PoolLimits, RayCasePool
from serving.graph.resources import BATCH_RESOURCE, BOX_RESOURCE
from serving.radiomics.cohort.manifest import read_manifest
from serving.radiomics.job.case_ledger import CaseLedger
from serving.radiomics.job.case_pool import CaseOrder
from serving.radiomics.job.cohort_run import CohortRun
from serving.radiomics.settings import ExtractionSettings

FAST = ExtractionSettings(families=("statistics",))
SLOW = ExtractionSettings(
    families=("statistics",), filters=("gabor_sigma8mm_lambda4mm_gamma1_step10deg_ortho",)
)
"""On the large image of case 2 it takes minutes."""
SLOW_CASE = 2
MIB = 1 << 20
REGISTER = Path(tempfile.mkdtemp(prefix="aibox-batch-"))
LARGE_BYTES = 600 * MIB
"""The large image alone takes 512 MiB, a whole worker with a small one some 250."""
LIMITS = {
    "memory": PoolLimits((0,), 2, 700 * MIB, timeout_s=120.0, register=REGISTER),
    "time": PoolLimits((0,), 2, 8192 * MIB, timeout_s=2.0, register=REGISTER),
    "kill": PoolLimits((0,), 2, 8192 * MIB, timeout_s=120.0, register=REGISTER),
}


class CountingPool(RayCasePool):
    """Notes what was started; with `kill` ends whoever is at work on the slow case."""

    def __init__(self, limits: PoolLimits, kill: bool) -> None:
        super().__init__(limits)
        self.started: list[tuple[int, bool]] = []
        self._kill = kill

    def start(self, order: CaseOrder) -> None:
        self.started.append((order.case.index, order.whole))
        super().start(order)
        if self._kill and order.case.index == SLOW_CASE:
            threading.Thread(target=_kill_whoever_holds_much, daemon=True).start()


def main(cohort: Path) -> None:
    ray.init(
        num_cpus=2,
        resources={BOX_RESOURCE: 1.0, BATCH_RESOURCE: 2.0},
        include_dashboard=False,
        object_store_memory=128 * MIB,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    for way, limits in LIMITS.items():
        print(json.dumps({"way": way, **run(cohort, way, limits)}), flush=True)  # noqa: T201


def run(cohort: Path, way: str, limits: PoolLimits) -> dict[str, object]:
    cases = read_manifest(cohort / "manifest.csv").cases
    orders = [
        CaseOrder(
            case,
            cohort,
            SLOW if case.index == SLOW_CASE and way != "memory" else FAST,
            DicomSettings(),
        )
        for case in cases
    ]
    ledger = CaseLedger(cohort / f"records-{way}", FAST)
    pool = CountingPool(limits, way == "kill")
    CohortRun(orders, ledger, pool, lambda share, stage: None).run()
    found = {result.index: (result.status, result.error) for result in ledger.results(cases)}
    return {"cases": found, "started": pool.started}


def _kill_whoever_holds_much() -> None:
    """Whoever has the large image in memory works on the slow case, however loaded the machine."""
    while True:
        large = [process for process in _workers() if _resident_bytes(process) > LARGE_BYTES]
        for process in large:
            os.kill(process.pid, signal.SIGKILL)
        if large:
            return
        time.sleep(0.1)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _workers() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "run_case_task" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
