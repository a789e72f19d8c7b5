"""Keeps a lease alive beside a pipeline, and carries progress out and wishes to stop in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from serving.jobs.interruption import CancelWanted, LeaseLost, WorkerStopping
from serving.jobs.lease import Beat, Lease
from serving.jobs.settings import JobSettings
from serving.jobs.store import ANY_KIND, JobStore

_log = logging.getLogger(__name__)


class Heart:
    """A thread of its own while it is entered.

    The pipeline's own thread only touches memory here: it never waits for the database, however
    often it tells its progress. The pipeline of a twin is held there while a study of `kinds` that
    somebody waits for runs or is about to.
    """

    def __init__(
        self,
        store: JobStore,
        lease: Lease,
        settings: JobSettings,
        stopping: threading.Event,
        kinds: Collection[str] = ANY_KIND,
    ) -> None:
        self._store = store
        self._lease = lease
        self._settings = settings
        self._stopping = stopping
        self._kinds = kinds
        self._aside = False
        self._paused_s = 0.0
        self._stopped = threading.Event()
        self._beat = Beat.HELD
        self._latest: tuple[float, str] = (0.0, "starting")
        self._written = self._latest
        self._renewed_at_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="job-heart", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def paused_s(self) -> float:
        """How long the pipeline was held."""
        return self._paused_s

    def note(self, share: float, stage: str) -> None:
        """The pipeline's `progress`: raises an Interruption where it is to stop."""
        self.tell(share, stage)
        if self._aside:
            self._stand_aside()

    def tell(self, share: float, stage: str) -> None:
        """As `note`, for a twin whose process is held by others."""
        self.check()
        self._latest = (share, stage)

    def was_held(self, seconds: float) -> None:
        """By others, for so long."""
        self._paused_s += seconds

    def check(self) -> None:
        """Raises an Interruption where the attempt is to stop."""
        if self._beat is Beat.LOST:
            raise LeaseLost
        if self._beat is Beat.CANCEL:
            raise CancelWanted
        if self._stopping.is_set():
            raise WorkerStopping

    def renew(self) -> None:
        """Renews the lease now, in the caller's thread; raises as `check` does."""
        self._beat = self._store.beat(self._lease, self._settings.lease_s)
        self.check()

    def _stand_aside(self) -> None:
        began_s = time.monotonic()
        try:
            while self._aside:
                time.sleep(self._settings.progress_s)
                self.check()
        finally:
            self._paused_s += time.monotonic() - began_s

    def _run(self) -> None:
        while not self._stopped.wait(self._settings.progress_s):
            try:
                self._beat = self._once()
                self._aside = self._lease.job.request.hidden and self._store.busy(self._kinds)
            except SQLAlchemyError as error:
                # The next one may succeed; whether the lease still holds is asked again at the end.
                _log.warning("heartbeat failed: %s", type(error).__name__)
            if self._beat is Beat.LOST:
                return

    def _once(self) -> Beat:
        latest, now_s = self._latest, time.monotonic()
        due = now_s - self._renewed_at_s >= self._settings.heartbeat_s
        if not due and latest == self._written:
            return self._store.look(self._lease)
        beat = self._store.beat(self._lease, self._settings.lease_s, *latest)
        self._written, self._renewed_at_s = latest, now_s
        return beat
