"""A cohort's run: what is done stays done, what is lost is tried once more and alone."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from serving.dicom.settings import DicomSettings
from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.cohort.case_run import run_case
from serving.radiomics.cohort.manifest import read_manifest
from serving.radiomics.job.case_ledger import CaseLedger
from serving.radiomics.job.case_pool import CaseEnd, CaseOrder, Loss
from serving.radiomics.job.cohort_run import CohortRun
from serving.radiomics.settings import ExtractionSettings
from tests.unit.radiomics.cohort_files import CohortFiles, write_cohort

SETTINGS = ExtractionSettings(families=("statistics",))


class PoolHere:
    """Computes cases in this thread, `slots` of them a wait; loses those that a test names."""

    def __init__(self, losses: dict[int, list[Loss]] | None = None, slots: int = 2) -> None:
        self._losses = losses or {}
        self._slots = slots
        self._orders: deque[CaseOrder] = deque()
        self.started: list[tuple[int, bool]] = []
        self.most_at_once = 0
        self.stopped = False

    def room(self) -> int:
        return self._slots - len(self._orders)

    def start(self, order: CaseOrder) -> None:
        assert not (order.whole and self._orders), "an order that is to be alone is not"
        self._orders.append(order)
        self.started.append((order.case.index, order.whole))
        self.most_at_once = max(self.most_at_once, len(self._orders))

    def wait(self, timeout_s: float) -> list[CaseEnd]:
        order = self._orders.popleft()
        losses = self._losses.get(order.case.index)
        if losses:
            return [CaseEnd(order, None, losses.pop(0))]
        result = run_case(order.case, order.root, order.settings, order.limits)
        return [CaseEnd(order, result)]

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> CohortFiles:
    return write_cohort(tmp_path_factory.mktemp("cohort"), good=6, broken=False)


@pytest.fixture
def orders(cohort: CohortFiles) -> list[CaseOrder]:
    cases = read_manifest(cohort.manifest).cases
    return [CaseOrder(case, cohort.root, SETTINGS, DicomSettings()) for case in cases]


def run(orders: list[CaseOrder], folder: Path, pool: PoolHere) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    ledger = CaseLedger(folder, SETTINGS)
    CohortRun(orders, ledger, pool, lambda share, stage: told.append((share, stage))).run()
    return told


def results(orders: list[CaseOrder], folder: Path) -> dict[int, CaseResult]:
    found = CaseLedger(folder, SETTINGS).results(tuple(order.case for order in orders))
    return {result.index: result for result in found}


def test_every_case_once_and_progress_by_cases(orders: list[CaseOrder], tmp_path: Path) -> None:
    pool = PoolHere()
    told = run(orders, tmp_path, pool)
    assert sorted(pool.started) == [(n, False) for n in range(1, 7)]
    assert pool.most_at_once == 2
    assert told[0] == (0.0, "case 0 of 6")
    assert told[-1] == (1.0, "case 6 of 6")
    assert told == sorted(told)
    assert {result.status for result in results(orders, tmp_path).values()} == {"ok"}


def test_it_goes_on_at_the_first_unfinished_case(orders: list[CaseOrder], tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop_after_three(share: float, stage: str) -> None:
        if share >= 0.5:
            raise Stop

    first = PoolHere()
    with pytest.raises(Stop):
        CohortRun(orders, CaseLedger(tmp_path, SETTINGS), first, stop_after_three).run()
    assert first.stopped
    kept = results(orders, tmp_path)
    assert sorted(kept) == [1, 2, 3]
    second = PoolHere()
    run(orders, tmp_path, second)
    assert sorted(second.started) == [(n, False) for n in (4, 5, 6)]
    assert {n: results(orders, tmp_path)[n] for n in kept} == kept


def test_a_case_that_kills_its_process_twice_is_a_failed_case(
    orders: list[CaseOrder], tmp_path: Path
) -> None:
    pool = PoolHere({2: [Loss.DIED], 3: [Loss.DIED, Loss.DIED]})
    run(orders, tmp_path, pool)
    found = results(orders, tmp_path)
    assert found[2].status == "ok"
    assert found[3].status == "failed"
    assert "broke down 2 times" in found[3].error
    assert sorted(pool.started[-2:]) == [(2, True), (3, True)]


def test_deaths_are_remembered_over_attempts(orders: list[CaseOrder], tmp_path: Path) -> None:
    ledger = CaseLedger(tmp_path, SETTINGS)
    assert ledger.note_death(orders[0].case) == 1
    pool = PoolHere({1: [Loss.DIED]})
    run(orders, tmp_path, pool)
    assert results(orders, tmp_path)[1].status == "failed"


def test_a_large_case_gets_all_the_memory_before_it_is_given_up(
    orders: list[CaseOrder], tmp_path: Path
) -> None:
    pool = PoolHere({1: [Loss.MEMORY], 2: [Loss.MEMORY, Loss.MEMORY], 4: [Loss.TIMEOUT]})
    run(orders, tmp_path, pool)
    found = results(orders, tmp_path)
    assert found[1].status == "ok"
    assert "radiomics.max_memory_gb" in found[2].error
    assert "radiomics.case_timeout_s" in found[4].error
    assert pool.started[-2:] == [(1, True), (2, True)]
    assert (4, True) not in pool.started
