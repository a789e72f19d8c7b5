"""The durable store of jobs: accepted, claimed by lease, finished once.

Twins of studies are hidden jobs: users neither see them, nor cancel them, nor get one as the
answer to an idempotency key; a method shows them where it takes `hidden` and it is true.

Several processes hold one each over the same file. Every change is one immediate transaction,
so whatever is read inside it cannot be changed by another process before it commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.orm import Session

from serving.domain.errors import IllegalTransition, JobNotFound
from serving.domain.job import Job, JobRequest, JobState
from serving.domain.lane import Lane
from serving.domain.model_set import Release
from serving.jobs.database import Database
from serving.jobs.lease import Beat, Lease, Recovery
from serving.jobs.owner import Owner
from serving.jobs.rows import new_row, to_job
from serving.jobs.tables import JobRow
from serving.jobs.transitions import Outcome, cancel, finish, requeue, requeue_after_crash, start

MAX_LISTED = 1000
ANY_KIND: tuple[str, ...] = ()
_STANDS = JobRow.state.not_in(
    (JobState.FAILED.value, JobState.CANCELLED.value)
) & JobRow.cancel_requested.is_(False)
_VISIBLE = JobRow.twin_of == ""
_HIDDEN = JobRow.twin_of != ""


class JobStore:
    """Jobs in SQLite. `clock` gives seconds since the epoch."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(path)
        self._clock = clock

    def close(self) -> None:
        self._database.close()

    # --- asking -----------------------------------------------------------------------------

    def get(self, job_id: str, hidden: bool = False) -> Job:
        """Raises JobNotFound."""
        with self._database.read() as session:
            return to_job(_row(session, job_id, hidden))

    def list(
        self, states: Collection[JobState] = (), limit: int = 50, hidden: bool = False
    ) -> Sequence[Job]:
        """Newest first; no states means all. At most `MAX_LISTED`."""
        query = select(JobRow).order_by(JobRow.seq.desc()).limit(min(limit, MAX_LISTED))
        query = query.where(_shown(hidden))
        if states:
            query = query.where(JobRow.state.in_([state.value for state in states]))
        with self._database.read() as session:
            return [to_job(row) for row in session.scalars(query)]

    def by_key(self, idempotency_key: str) -> Job | None:
        """The job that a repeated request is answered with."""
        with self._database.read() as session:
            row = _standing(session, idempotency_key, _VISIBLE)
            return None if row is None else to_job(row)

    def counts(self, hidden: bool = False) -> dict[JobState, int]:
        """Jobs in each state."""
        query = select(JobRow.state, func.count()).where(_shown(hidden)).group_by(JobRow.state)
        with self._database.read() as session:
            found = {JobState(state): count for state, count in session.execute(query)}
        return {state: found.get(state, 0) for state in JobState}

    def unknown(self, job_ids: Iterable[str]) -> set[str]:
        """Those of the ids that no job has."""
        wanted = set(job_ids)
        with self._database.read() as session:
            return wanted - set(session.scalars(select(JobRow.job_id)))

    def at_work(self, job_id: str, attempt: int) -> bool:
        """Whether that attempt at the job is the one running now."""
        query = select(JobRow.seq).where(
            JobRow.job_id == job_id,
            JobRow.attempt == attempt,
            JobRow.state == JobState.RUNNING.value,
        )
        with self._database.read() as session:
            return session.scalar(query) is not None

    def final_jobs(self) -> Sequence[Job]:
        """All final jobs, hidden ones too, the one that ended first first."""
        finals = [state.value for state in JobState if state.final]
        query = select(JobRow).where(JobRow.state.in_(finals)).order_by(JobRow.finished_at_s)
        with self._database.read() as session:
            return [to_job(row) for row in session.scalars(query)]

    def twins(self) -> Sequence[Job]:
        """All hidden jobs, in order of arrival."""
        query = select(JobRow).where(_HIDDEN).order_by(JobRow.seq)
        with self._database.read() as session:
            return [to_job(row) for row in session.scalars(query)]

    def waiting_twins(self) -> int:
        """Hidden jobs that are not final."""
        finals = [state.value for state in JobState if state.final]
        query = select(func.count()).where(_HIDDEN, JobRow.state.not_in(finals))
        with self._database.read() as session:
            return session.execute(query).scalar_one()

    def busy(self, kinds: Collection[str] = ANY_KIND) -> bool:
        """Whether a visible job of these kinds runs, or waits in a lane above batch to be run."""
        waits = (JobRow.state == JobState.QUEUED.value) & (JobRow.not_before_s <= self._clock())
        query = select(JobRow.seq).where(
            (JobRow.state == JobState.RUNNING.value) | waits,
            JobRow.lane < int(Lane.BATCH),
            _VISIBLE,
            _of_kinds(kinds),
        )
        with self._database.read() as session:
            return session.scalar(query.limit(1)) is not None

    # --- from outside -----------------------------------------------------------------------

    def create(self, job_id: str, request: JobRequest) -> tuple[Job, bool]:
        """The job that stands for the request's key, and whether it is this new one.

        Asked for again more urgently, a job that still waits moves to the more urgent lane.
        """
        with self._database.write() as session:
            row = _standing(session, request.idempotency_key, _of_sight(request.hidden))
            created = row is None
            if row is None:
                row = new_row(job_id, request, self._clock())
                session.add(row)
                session.flush()
            elif row.state == JobState.QUEUED.value:
                row.lane = min(row.lane, int(request.lane))
            return to_job(row), created

    def request_cancel(self, job_id: str) -> Job:
        """Cancels a queued job at once and asks a running one to stop; its twins too.

        Raises JobNotFound, and IllegalTransition where the job is final.
        """
        with self._database.write() as session:
            row = _row(session, job_id)
            state = JobState(row.state)
            if state.final:
                raise IllegalTransition(f"only a job that is not final can be cancelled: {state}")
            twins = session.scalars(select(JobRow).where(JobRow.twin_of == job_id)).all()
            for each in (row, *twins):
                cancel(each, self._clock())
            return to_job(row)

    def delete(self, job_ids: Collection[str]) -> int:
        """Forgets final jobs; others are left. Returns how many went."""
        finals = [state.value for state in JobState if state.final]
        query = delete(JobRow).where(JobRow.job_id.in_(job_ids), JobRow.state.in_(finals))
        with self._database.write() as session:
            return len(session.scalars(query.returning(JobRow.job_id)).all())

    # --- for workers ------------------------------------------------------------------------

    def claim(
        self,
        owner: str,
        lease_s: float,
        lanes: Collection[Lane] = tuple(Lane),
        kinds: Collection[str] = ANY_KIND,
        hidden: bool = False,
    ) -> Lease | None:
        """The most urgent queued job of these lanes and kinds, the oldest of its lane, or None.

        `hidden` claims twins in place of the jobs that users see.
        """
        if not self._anything_to_claim(lanes, kinds, hidden):
            return None  # asked without the write lock, since workers ask all the time
        with self._database.write() as session:
            now_s = self._clock()
            row = session.scalar(
                select(JobRow)
                .where(*_claimable(lanes, kinds, now_s), _of_sight(hidden))
                .order_by(JobRow.lane, JobRow.seq)
                .limit(1)
            )
            if row is None:
                return None
            start(row, owner, now_s, lease_s)
            return Lease(to_job(row), owner)

    def beat(
        self, lease: Lease, lease_s: float, progress: float | None = None, stage: str = ""
    ) -> Beat:
        """Renews the lease, and notes progress (0..1 over the whole job) where it is given."""
        with self._database.write() as session:
            row = _held(session, lease)
            if row is None:
                return Beat.LOST
            row.lease_expires_at_s = self._clock() + lease_s
            if progress is not None:
                row.progress = min(max(progress, 0.0), 1.0)
                row.stage = stage
            return Beat.CANCEL if row.cancel_requested else Beat.HELD

    def look(self, lease: Lease) -> Beat:
        """As `beat`, without renewing and without the write lock."""
        with self._database.read() as session:
            row = _held(session, lease)
            if row is None:
                return Beat.LOST
            return Beat.CANCEL if row.cancel_requested else Beat.HELD

    def move(self, lease: Lease, release: Release) -> bool:
        """Has the job run another release; False where the lease is lost, nothing changed."""
        with self._database.write() as session:
            row = _held(session, lease)
            if row is not None:
                row.release = release.reference
                row.models = dict(release.models)
                row.release_parameters = dict(release.parameters)
            return row is not None

    def finish(self, lease: Lease, outcome: Outcome) -> bool:
        """Ends the job; False where the lease is lost and nothing was changed."""
        with self._database.write() as session:
            row = _held(session, lease)
            if row is not None:
                finish(row, outcome, self._clock())
            return row is not None

    def release(self, lease: Lease) -> bool:
        """Hands the job back as if it had not been claimed; False where the lease is lost."""
        with self._database.write() as session:
            row = _held(session, lease)
            if row is not None:
                requeue(row, self._clock())
            return row is not None

    def set_back(self, lease: Lease, delay_s: float, failure: Outcome, max_setbacks: int) -> bool:
        """Hands the job back to be tried after `delay_s`; after too many times, `failure`."""
        with self._database.write() as session:
            row = _held(session, lease)
            if row is None:
                return False
            row.setbacks += 1
            if row.setbacks >= max_setbacks and not row.cancel_requested:
                finish(row, failure, self._clock())
            else:
                requeue(row, self._clock(), delay_s)
            return True

    def setbacks(self, lease: Lease) -> int:
        """How often the job was set back before."""
        with self._database.read() as session:
            return _row(session, lease.job_id, hidden=True).setbacks

    def recover(
        self,
        max_attempts: int,
        spare: Collection[str] = (),
        kinds: Collection[str] = ANY_KIND,
    ) -> Recovery:
        """Frees what dead workers held: at once where the process is gone, else on expiry.

        `spare` are jobs that the caller itself is at work on: a machine too busy to let it renew
        a lease in time is no reason to begin the job a second time beside the first.
        """
        with self._database.read() as session:
            if not _abandoned(session, self._clock(), spare, kinds):
                return Recovery()
        states: list[JobState] = []
        with self._database.write() as session:
            now_s = self._clock()
            for row in _abandoned(session, now_s, spare, kinds):
                states.append(requeue_after_crash(row, now_s, max_attempts))
        return Recovery(
            requeued=states.count(JobState.QUEUED),
            failed=states.count(JobState.FAILED),
            cancelled=states.count(JobState.CANCELLED),
        )

    def _anything_to_claim(
        self, lanes: Collection[Lane], kinds: Collection[str], hidden: bool
    ) -> bool:
        wanted = (*_claimable(lanes, kinds, self._clock()), _of_sight(hidden))
        with self._database.read() as session:
            return session.scalar(select(JobRow.seq).where(*wanted).limit(1)) is not None


def _row(session: Session, job_id: str, hidden: bool = False) -> JobRow:
    row = session.scalar(select(JobRow).where(JobRow.job_id == job_id, _shown(hidden)))
    if row is None:
        raise JobNotFound("there is no such job; `aibox jobs list` names those there are")
    return row


def _standing(
    session: Session, idempotency_key: str, of_sight: ColumnElement[bool]
) -> JobRow | None:
    return session.scalar(
        select(JobRow).where(JobRow.idempotency_key == idempotency_key, _STANDS, of_sight)
    )


def _shown(hidden: bool) -> ColumnElement[bool]:
    """All jobs, or those that users see."""
    return true() if hidden else _VISIBLE


def _of_sight(hidden: bool) -> ColumnElement[bool]:
    """Twins alone, or the jobs that users see alone."""
    return _HIDDEN if hidden else _VISIBLE


def _held(session: Session, lease: Lease) -> JobRow | None:
    return session.scalar(
        select(JobRow).where(
            JobRow.job_id == lease.job_id,
            JobRow.state == JobState.RUNNING.value,
            JobRow.owner == lease.owner,
            JobRow.attempt == lease.attempt,
        )
    )


def _of_kinds(kinds: Collection[str]) -> ColumnElement[bool]:
    return JobRow.kind.in_(kinds) if kinds else true()


def _claimable(
    lanes: Collection[Lane], kinds: Collection[str], now_s: float
) -> tuple[ColumnElement[bool], ...]:
    return (
        JobRow.state == JobState.QUEUED.value,
        JobRow.not_before_s <= now_s,
        JobRow.lane.in_([int(lane) for lane in lanes]),
        _of_kinds(kinds),
    )


def _abandoned(
    session: Session, now_s: float, spare: Collection[str], kinds: Collection[str]
) -> list[JobRow]:
    """Running jobs whose lease has expired or whose worker is certainly dead."""
    query = select(JobRow).where(JobRow.state == JobState.RUNNING.value, _of_kinds(kinds))
    running = session.scalars(query).all()
    return [row for row in running if row.job_id not in spare and _is_abandoned(row, now_s)]


def _is_abandoned(row: JobRow, now_s: float) -> bool:
    if row.owner is None or row.lease_expires_at_s is None or row.lease_expires_at_s <= now_s:
        return True
    return Owner.parse(row.owner).dead
