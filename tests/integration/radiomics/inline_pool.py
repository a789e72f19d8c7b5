"""Cases computed in the thread that waits for them: a pool for tests without Ray."""

from __future__ import annotations

import threading
from collections import deque

from serving.radiomics.cohort.case_run import run_case
from serving.radiomics.job.case_pool import CaseEnd, CaseOrder


class InlinePool:
    """A CasePool of one place; `hold` keeps its cases from ending."""

    def __init__(self) -> None:
        self._orders: deque[CaseOrder] = deque()
        self._held = threading.Event()
        self.stopped = False

    def hold(self) -> None:
        self._held.set()

    def room(self) -> int:
        return 1 - len(self._orders)

    def start(self, order: CaseOrder) -> None:
        self._orders.append(order)

    def wait(self, timeout_s: float) -> list[CaseEnd]:
        if self._held.is_set():
            threading.Event().wait(0.05)
            return []
        order = self._orders.popleft()
        result = run_case(order.case, order.root, order.settings, order.limits)
        return [CaseEnd(order, result)]

    def stop(self) -> None:
        self.stopped = True
        self._orders.clear()
