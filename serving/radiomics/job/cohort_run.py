"""A cohort, case by case: what is done is never done again, what is broken stops nobody else."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from serving.domain.slices import Progress
from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.job.case_ledger import CaseLedger
from serving.radiomics.job.case_pool import CaseEnd, CaseOrder, CasePool, Loss

MAX_DEATHS = 2
_WAIT_S = 0.5


class CohortRun:
    """Runs the orders that the ledger has no result of.

    An order that was lost to a death or for want of memory is tried once more, alone and with all
    the memory there is, when every other one is done.
    """

    def __init__(
        self, orders: Sequence[CaseOrder], ledger: CaseLedger, pool: CasePool, progress: Progress
    ) -> None:
        left = {case.index for case in ledger.unfinished(tuple(o.case for o in orders))}
        self._total = len(orders)
        self._pending = deque(order for order in orders if order.case.index in left)
        self._alone: deque[CaseOrder] = deque()
        self._at_work = 0
        self._ledger = ledger
        self._pool = pool
        self._progress = progress

    def run(self) -> None:
        """Until every order has a result. Whatever `progress` raises ends it, and the pool."""
        try:
            self._tell()
            while self._pending or self._alone or self._at_work:
                self._start()
                for end in self._pool.wait(_WAIT_S):
                    self._at_work -= 1
                    self._settle(end)
                self._tell()
        finally:
            self._pool.stop()

    def _start(self) -> None:
        while self._pending and self._pool.room() > 0:
            self._send(self._pending.popleft())
        if not self._at_work and self._alone:
            self._send(self._alone.popleft())

    def _send(self, order: CaseOrder) -> None:
        self._at_work += 1
        self._pool.start(order)

    def _settle(self, end: CaseEnd) -> None:
        if end.result is not None:
            self._ledger.keep(end.order.case, end.result)
        elif self._deserves_another(end):
            self._alone.append(replace(end.order, whole=True))
        else:
            self._ledger.keep(end.order.case, lost(end))

    def _deserves_another(self, end: CaseEnd) -> bool:
        if end.loss is Loss.DIED:
            return self._ledger.note_death(end.order.case) < MAX_DEATHS
        return end.loss is Loss.MEMORY and not end.order.whole

    def _tell(self) -> None:
        done = self._total - len(self._pending) - len(self._alone) - self._at_work
        self._progress(done / max(self._total, 1), f"case {done} of {self._total}")


_SENTENCES = {
    Loss.DIED: (
        f"the process that computed this case broke down {MAX_DEATHS} times; look at its image "
        "and mask, and tell support if both are sound"
    ),
    Loss.TIMEOUT: (
        "the case took longer than radiomics.case_timeout_s allows; raise it, or interpolate to "
        "a coarser grid"
    ),
    Loss.MEMORY: (
        "the case needs more memory than radiomics.max_memory_gb allows; raise it, or interpolate "
        "to a coarser grid"
    ),
}


def lost(end: CaseEnd) -> CaseResult:
    """The failed result of an order that has none of its own."""
    assert end.loss is not None, "an end without a result has a loss"
    return CaseResult.failed(end.order.case, _SENTENCES[end.loss])
