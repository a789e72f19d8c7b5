"""The sets that served, newest last, and the one that a switch is about to commit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import delete, false, select

from appliance.registry.actor import THE_BOX, Actor, NamedActor
from appliance.registry.tables import SetRow
from serving.domain.errors import CorruptModel
from serving.domain.model_set import ModelSet
from serving.jobs.database import Database

RECOVERED = "models.recover"


@dataclass(frozen=True, slots=True)
class SetEntry:
    """One set of the history, and who made it serve; None as time: it never did."""

    model_set: ModelSet
    actor: NamedActor
    action: str
    subject: str
    activated_at_s: float | None


class SetHistory:
    """At most `keep` sets. `clock` gives seconds since the epoch."""

    def __init__(
        self, database: Database, keep: int = 50, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock

    def plan(self, model_set: ModelSet, actor: Actor, action: str, subject: str) -> None:
        """Notes what is about to be committed, so that a restart knows whose change it was."""
        with self._database.write() as session:
            session.merge(_row(model_set, actor, action, subject, None))

    def drop(self, generation: int) -> None:
        """Forgets a plan that was given up."""
        with self._database.write() as session:
            session.execute(
                delete(SetRow).where(
                    SetRow.generation == generation, SetRow.activated_at_s.is_(None)
                )
            )

    def remember(self, model_set: ModelSet, actor: Actor, action: str, subject: str = "-") -> None:
        """The set serves from now on; the oldest beyond `keep` are forgotten."""
        oldest = select(SetRow.generation).order_by(SetRow.generation.desc()).offset(self._keep)
        with self._database.write() as session:
            session.merge(_row(model_set, actor, action, subject, self._clock()))
            session.flush()
            session.execute(delete(SetRow).where(SetRow.generation.in_(oldest.scalar_subquery())))

    def settle(self, committed: ModelSet | None) -> tuple[SetEntry, ...]:
        """After a restart: the committed set is remembered; returns the plans that came to nothing.

        Sets above it are forgotten too: somebody put an older file over theirs.
        """
        if committed is not None:
            self._remember_committed(committed)
        plans = SetRow.activated_at_s.is_(None)
        with self._database.write() as session:
            given_up = tuple(_entry(row) for row in session.scalars(select(SetRow).where(plans)))
            above = SetRow.generation > committed.generation if committed else false()
            session.execute(delete(SetRow).where(plans | above))
        return given_up

    def _remember_committed(self, committed: ModelSet) -> None:
        with self._database.read() as session:
            row = session.get(SetRow, committed.generation)
            known = None if row is None else _entry(row)
        if known is None or known.model_set != committed:
            self.remember(committed, THE_BOX, RECOVERED)
        elif known.activated_at_s is None:
            self.remember(committed, known.actor, known.action, known.subject)

    def list(self, limit: int = 50) -> tuple[SetEntry, ...]:
        """Sets that served, newest first."""
        return self._before(None, limit)

    def previous(self, generation: int) -> tuple[ModelSet, ...]:
        """Sets that served before that one, newest first."""
        return tuple(entry.model_set for entry in self._before(generation, self._keep))

    def _before(self, generation: int | None, limit: int) -> tuple[SetEntry, ...]:
        query = select(SetRow).where(SetRow.activated_at_s.is_not(None))
        if generation is not None:
            query = query.where(SetRow.generation < generation)
        query = query.order_by(SetRow.generation.desc()).limit(limit)
        with self._database.read() as session:
            return tuple(_entry(row) for row in session.scalars(query))


def _row(
    model_set: ModelSet, actor: Actor, action: str, subject: str, at_s: float | None
) -> SetRow:
    return SetRow(
        generation=model_set.generation,
        content=model_set.model_dump_json(),
        actor=actor.name,
        role=str(actor.role),
        action=action,
        subject=subject,
        activated_at_s=at_s,
    )


def _entry(row: SetRow) -> SetEntry:
    try:
        model_set = ModelSet.model_validate_json(row.content)
    except ValidationError:
        raise CorruptModel(
            f"the model set of generation {row.generation} in the history cannot be read"
        ) from None
    actor = NamedActor(row.actor, row.role)
    return SetEntry(model_set, actor, row.action, row.subject, row.activated_at_s)
