"""The SQLite file behind the jobs: durable, shared by several processes, versioned."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from serving.domain.errors import IllegalTransition
from serving.jobs.tables import SCHEMA_VERSION, TO_SCHEMA_2, Base

_BUSY_TIMEOUT_S = 30.0


class Database:
    """Opens the file, creating or migrating it under a lock.

    Raises IllegalTransition where a newer box has written it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = _engine(path)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        with _held(path.with_name(path.name + ".lock")):
            # SQLite gives its -wal and -shm files the mode of the database.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            _set_write_ahead_log(self._engine)
            with self._writing.begin() as connection:
                _migrate(connection)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view; never waits for a writer."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that no other writer, of any process, overlaps; durable once left."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # Python's sqlite3 would begin transactions at moments of its own choosing.
        connection.isolation_level = None
        # FULL: the log is on the disk before a commit returns, so an accepted job survives a
        # power cut; NORMAL, usual with a write-ahead log, would only survive a crash.
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _set_write_ahead_log(engine: Engine) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _migrate(connection: Connection) -> None:
    found = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if found > SCHEMA_VERSION:
        raise IllegalTransition(
            f"the job database has schema {found} and this version of the box reads up to "
            f"{SCHEMA_VERSION}; start the newer version, or give this one another state directory"
        )
    if found == SCHEMA_VERSION:
        return
    if found == 0:
        Base.metadata.create_all(connection)
    else:
        for statement in TO_SCHEMA_2:
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Switching to a write-ahead log and migrating are no business of two processes at once."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
