"""Operations in the box's database, so that a restart forgets none."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from appliance.admin.operations.operation import Operation, OperationError, OperationState
from appliance.admin.operations.tables import OperationBase, OperationRow
from appliance.admin.operations.ticket import Done, Ticket
from serving.domain.audit import NOT_KNOWN
from serving.domain.errors import InvalidRequest, JobNotFound
from serving.jobs.database import Database

INTERRUPTED = OperationError(
    kind="internal",
    message="the box stopped while this was under way; look at the model set in force",
    status=500,
)
NOT_BEGUN = OperationError(
    kind="model-not-ready",
    message="the box stopped before this was begun, and nothing changed; ask for it again",
    status=503,
)
_NOT_FOUND = "model-not-found"
"""What was named is the caller's own word and may be anybody's name: it is not kept."""
_FINAL = tuple(state.value for state in OperationState if state.final)


class OperationStore:
    """At most `keep` final operations. `clock` gives seconds since the epoch."""

    def __init__(
        self, database: Database, keep: int = 1000, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock
        with database.write() as session:
            OperationBase.metadata.create_all(session.connection(), checkfirst=True)

    def known(self, ticket: Ticket) -> Operation | None:
        """The operation of the ticket's key. Raises InvalidRequest where it is another request's.

        Keys of different callers have nothing to do with one another.
        """
        if not ticket.key:
            return None
        mine = (OperationRow.actor == ticket.actor) & (OperationRow.key == ticket.key)
        with self._database.read() as session:
            row = session.scalar(select(OperationRow).where(mine))
            if row is None:
                return None
            if row.fingerprint != ticket.fingerprint:
                raise InvalidRequest(
                    "this idempotency key was used for another request; take a new key"
                )
            return _operation(row)

    def add(self, ticket: Ticket) -> Operation:
        """Notes what is asked for; the oldest final operations make room."""
        row = OperationRow(
            operation_id=uuid.uuid4().hex,
            action=ticket.action,
            subject=ticket.subject,
            actor=ticket.actor,
            role=ticket.role,
            key=ticket.key,
            fingerprint=ticket.fingerprint,
            state=OperationState.QUEUED.value,
            created_at_s=self._clock(),
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            self._forget_oldest(session)
            return _operation(row)

    def get(self, operation_id: str) -> Operation:
        """Raises JobNotFound."""
        with self._database.read() as session:
            return _operation(_row(session, operation_id))

    def list(self, limit: int) -> tuple[Operation, ...]:
        """Newest first."""
        query = select(OperationRow).order_by(OperationRow.seq.desc()).limit(limit)
        with self._database.read() as session:
            return tuple(_operation(row) for row in session.scalars(query))

    def begin(self, operation_id: str) -> None:
        """QUEUED -> RUNNING."""
        with self._database.write() as session:
            _row(session, operation_id).state = OperationState.RUNNING.value

    def succeed(self, operation_id: str, done: Done) -> None:
        """RUNNING -> DONE."""
        with self._database.write() as session:
            row = _row(session, operation_id)
            row.state = OperationState.DONE.value
            row.generation = done.generation
            row.result = done.result
            row.finished_at_s = self._clock()

    def fail(self, operation_id: str, error: OperationError, stage: str = "") -> None:
        """-> FAILED, in that stage."""
        with self._database.write() as session:
            self._fail(_row(session, operation_id), error, stage)

    def end_interrupted(self) -> None:
        """What an earlier process of the box has left is failed."""
        left = select(OperationRow).where(OperationRow.state.not_in(_FINAL))
        with self._database.write() as session:
            for row in session.scalars(left):
                running = row.state == OperationState.RUNNING.value
                self._fail(row, INTERRUPTED if running else NOT_BEGUN, "")

    def _fail(self, row: OperationRow, error: OperationError, stage: str) -> None:
        row.state = OperationState.FAILED.value
        row.stage = stage
        if error.kind == _NOT_FOUND:
            row.subject = NOT_KNOWN
        row.error_kind = error.kind
        row.error_message = error.message
        row.error_status = error.status
        row.finished_at_s = self._clock()

    def _forget_oldest(self, session: Session) -> None:
        final = OperationRow.state.in_(_FINAL)
        newest = select(OperationRow.seq).where(final).order_by(OperationRow.seq.desc())
        oldest = newest.offset(self._keep).scalar_subquery()
        session.execute(delete(OperationRow).where(OperationRow.seq.in_(oldest)))


def _row(session: Session, operation_id: str) -> OperationRow:
    row = session.scalar(select(OperationRow).where(OperationRow.operation_id == operation_id))
    if row is None:
        raise JobNotFound(
            "there is no such operation; `aibox operations list` names those there are"
        )
    return row


def _operation(row: OperationRow) -> Operation:
    error = None
    if row.error_kind:
        error = OperationError(
            kind=row.error_kind, message=row.error_message, status=row.error_status
        )
    state = OperationState(row.state)
    return Operation(
        id=row.operation_id,
        action=row.action,
        subject=row.subject,
        actor=row.actor,
        role=row.role,
        state=state,
        stage=row.stage,
        progress=1.0 if state is OperationState.DONE else 0.0,
        error=error,
        generation=row.generation,
        result=row.result,
        created_at=datetime.fromtimestamp(row.created_at_s, UTC),
        finished_at=_time(row.finished_at_s),
    )


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
