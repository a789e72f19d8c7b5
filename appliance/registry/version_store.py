"""The registered versions in the box's database; each change names the revision it is based on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.registry.record import FoundVersion, Key, Origin, VersionRecord
from appliance.registry.tables import VersionRow
from appliance.registry.version_state import VersionState, check_transition
from serving.domain.errors import IllegalTransition, ModelNotFound, VersionExists
from serving.domain.model_set import ModelSet
from serving.jobs.database import Database


class VersionStore:
    """Versions by name and number. `clock` gives seconds since the epoch."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def list(self, name: str | None = None) -> tuple[VersionRecord, ...]:
        """By name and number; all models unless one is named."""
        query = select(VersionRow).order_by(VersionRow.name, VersionRow.version)
        if name is not None:
            query = query.where(VersionRow.name == name)
        with self._database.read() as session:
            return tuple(_record(row) for row in session.scalars(query))

    def get(self, name: str, version: int) -> VersionRecord:
        """Raises ModelNotFound."""
        with self._database.read() as session:
            return _record(_row(session, (name, version)))

    def add(self, found: FoundVersion) -> VersionRecord:
        """Registers a version as imported. Raises VersionExists."""
        with self._database.write() as session:
            if session.get(VersionRow, found.key) is not None:
                raise VersionExists(f"{found.name} version {found.version} is registered already")
            row = VersionRow(
                name=found.name,
                version=found.version,
                state=VersionState.IMPORTED.value,
                reason="",
                revision=1,
                changed_at_s=self._clock(),
                **_facts(found),
            )
            session.add(row)
            return _record(row)

    def move(
        self, name: str, version: int, to: VersionState, expected_revision: int, reason: str = ""
    ) -> VersionRecord:
        """Raises ModelNotFound, and IllegalTransition also where the revision is no longer that."""
        values = {"state": to, "reason": reason}
        return self._change((name, version), expected_revision, values)

    def set_back(self, record: VersionRecord, to: VersionState, reason: str) -> VersionRecord:
        """As `move`, and where it stands there already, only the reason is noted."""
        return self._change(record.key, record.revision, {"state": to, "reason": reason})

    def renew(
        self, found: FoundVersion, expected_revision: int, to: VersionState, reason: str
    ) -> VersionRecord:
        """Takes the facts as they lie on the disk now. Raises as `move` does."""
        values = _facts(found) | {"state": to, "reason": reason}
        return self._change(found.key, expected_revision, values)

    def follow(self, committed: ModelSet) -> None:
        """What is in the committed set is active, what was and is no longer is retired.

        The set serves already, so this asks for no revision and no allowed transition.
        """
        pinned = {version.key: version.manifest_sha256 for version in committed.versions}
        with self._database.write() as session:
            for row in session.scalars(select(VersionRow)):
                self._follow(row, pinned.get((row.name, row.version)))

    def _follow(self, row: VersionRow, pinned: str | None) -> None:
        if pinned is None:
            left = {VersionState.ACTIVE: VersionState.RETIRED}
            # What was staged for a switch that a crash or a refusal ended is only verified.
            left[VersionState.STAGED] = VersionState.VERIFIED
            state = left.get(VersionState(row.state))
            if state is not None:
                self._write(row, {"state": state})
        elif (row.state, row.manifest_sha256) != (VersionState.ACTIVE, pinned):
            values = {"state": VersionState.ACTIVE, "manifest_sha256": pinned, "reason": ""}
            self._write(row, values)

    def _change(self, key: Key, expected_revision: int, values: dict[str, Any]) -> VersionRecord:
        with self._database.write() as session:
            row = _row(session, key)
            if row.revision != expected_revision:
                raise IllegalTransition(
                    f"{row.name} version {row.version} was changed meanwhile; look again"
                )
            if row.state != values["state"]:
                check_transition(VersionState(row.state), values["state"])
            self._write(row, values)
            return _record(row)

    def _write(self, row: VersionRow, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(row, name, value.value if isinstance(value, VersionState) else value)
        row.revision += 1
        row.changed_at_s = self._clock()


def _row(session: Session, key: Key) -> VersionRow:
    row = session.get(VersionRow, key)
    if row is None:
        raise ModelNotFound(f"no version {key[1]} of a model {key[0]} is registered on this box")
    return row


def _facts(found: FoundVersion) -> dict[str, Any]:
    return {
        "manifest_sha256": found.manifest_sha256,
        "folder": str(found.folder),
        "origin": found.origin.value,
        "servable": found.servable,
    }


def _record(row: VersionRow) -> VersionRecord:
    return VersionRecord(
        name=row.name,
        version=row.version,
        state=VersionState(row.state),
        manifest_sha256=row.manifest_sha256,
        folder=Path(row.folder),
        origin=Origin(row.origin),
        servable=row.servable,
        reason=row.reason,
        revision=row.revision,
        changed_at_s=row.changed_at_s,
    )
