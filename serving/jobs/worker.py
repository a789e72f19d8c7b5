"""Claims jobs and runs them, several at once, until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from functools import partial

from serving.domain.lane import Lane
from serving.jobs.attempt import Attempt, Workshop
from serving.jobs.failure import place
from serving.jobs.owner import Owner
from serving.jobs.retention import Retention

_ALL_LANES = tuple(Lane)
_STAT_ONLY = (Lane.STAT,)
_AFTER_ERROR_S = 1.0

_log = logging.getLogger(__name__)


class JobWorker:
    """Threads that take jobs from the store; several workers may share one store.

    `concurrency` threads take any lane and `stat_concurrency` more take STAT only, so that a
    STAT study begins at once however many routine studies are running. Twins of studies have
    `twin_concurrency` places of their own, where the shop runs them.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._owner = Owner.of_this_process().token
        self._retention = Retention(shop.store, shop.spool, shop.results, shop.settings.retention)
        self._stopping = threading.Event()
        self._work = threading.Condition()
        self._attempts: dict[str, Attempt] = {}
        self._lock = threading.Lock()

    @property
    def running_job_ids(self) -> list[str]:
        """Jobs at work now."""
        with self._lock:
            return list(self._attempts)

    def wake(self) -> None:
        """Says that there may be work, which would else be found within `poll_s`."""
        with self._work:
            self._work.notify_all()

    def run_one(self, lanes: Collection[Lane] = _ALL_LANES) -> bool:
        """Claims and runs one job in the caller's thread; False where there was none."""
        return self._run(lanes, hidden=False)

    def run_twin(self) -> bool:
        """As `run_one`, one twin of a study; none while a study that somebody waits for is there.

        One that has begun goes on beside studies that come, as idle work (`twin_runner`); without
        a runner it stands aside for them: see `Heart`.
        """
        if self._shop.store.busy(self._shop.kinds):
            return False
        return self._run(_ALL_LANES, hidden=True)

    def _run(self, lanes: Collection[Lane], hidden: bool) -> bool:
        shop = self._shop
        lease = shop.store.claim(self._owner, shop.settings.lease_s, lanes, shop.kinds, hidden)
        if lease is None:
            return False
        attempt = Attempt(self._shop, lease, self._stopping)
        with self._lock:
            self._attempts[lease.job_id] = attempt
        try:
            attempt.run()
        finally:
            with self._lock:
                self._attempts.pop(lease.job_id, None)
        return True

    def recover(self) -> None:
        """Frees the jobs of dead workers."""
        shop = self._shop
        found = shop.store.recover(shop.settings.max_attempts, self.running_job_ids, shop.kinds)
        if found.requeued or found.failed or found.cancelled:
            _log.warning(
                "recovered jobs of a dead worker: %d queued again, %d failed, %d cancelled",
                *(found.requeued, found.failed, found.cancelled),
            )
            self.wake()

    def run_forever(self, stop: threading.Event) -> None:
        """Works until `stop` is set; then hands unfinished jobs back within `stop_grace_s`."""
        settings = self._shop.settings
        threads = [
            threading.Thread(target=self._take_jobs, args=(take,), name=f"job-{i}", daemon=True)
            for i, take in enumerate(self._places())
        ]
        self._guarded(self.recover)
        for thread in threads:
            thread.start()
        sweep_at_s = time.monotonic()
        while not stop.wait(settings.heartbeat_s):
            self._guarded(self.recover)
            if time.monotonic() >= sweep_at_s:
                self._guarded(self._retention.sweep)
                sweep_at_s = time.monotonic() + settings.retention.sweep_s
        self._stop(threads)

    def _places(self) -> list[Callable[[], bool]]:
        """What each thread does again and again."""
        settings = self._shop.settings
        return [
            *[partial(self.run_one, _ALL_LANES)] * settings.concurrency,
            *[partial(self.run_one, _STAT_ONLY)] * settings.stat_concurrency,
            *[self.run_twin] * (settings.twin_concurrency if self._shop.twins else 0),
        ]

    def _take_jobs(self, take: Callable[[], bool]) -> None:
        while not self._stopping.is_set():
            if not self._guarded(take):
                with self._work:
                    self._work.wait(self._shop.settings.poll_s)

    def _stop(self, threads: list[threading.Thread]) -> None:
        self._stopping.set()
        self.wake()
        deadline_s = time.monotonic() + self._shop.settings.stop_grace_s
        for thread in threads:
            thread.join(max(deadline_s - time.monotonic(), 0.0))
        with self._lock:
            left = list(self._attempts.values())
        for attempt in left:
            # Its thread may go on for a moment; without the lease it changes nothing any more.
            self._guarded(partial(self._shop.store.release, attempt.lease))

    def _guarded(self, action: Callable[[], object]) -> bool:
        """Does it; an error, of the database or the disk, costs a moment and never the thread."""
        try:
            return bool(action())
        except Exception as error:  # its text is never logged: it could quote what it worked on
            _log.error("%s", place(error))
            self._stopping.wait(_AFTER_ERROR_S)
            return False
