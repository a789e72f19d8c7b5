"""The tables of the job database, schema 2."""

from __future__ import annotations

from sqlalchemy import JSON, Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 2
"""Kept in SQLite's `user_version`."""

TO_SCHEMA_2 = (
    "ALTER TABLE jobs ADD COLUMN release VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN models JSON NOT NULL DEFAULT '{}'",
    "ALTER TABLE jobs ADD COLUMN release_parameters JSON NOT NULL DEFAULT '{}'",
    "ALTER TABLE jobs ADD COLUMN twin_of VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN twin_role VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN study_key VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN paused_s DOUBLE NOT NULL DEFAULT 0",
    "CREATE INDEX twins_of_jobs ON jobs (twin_of) WHERE twin_of != ''",
)
"""What makes a table of schema 1 one of schema 2; its jobs are of no release and nobody's twin."""

CLAIMS_KEY = "state NOT IN ('failed', 'cancelled') AND cancel_requested = 0"
"""Jobs that a repeated request is answered with; one per idempotency key.

A job that was asked to stop no longer stands for its study, even while it still runs.
"""


class Base(DeclarativeBase):
    """Registry of the tables."""


class JobRow(Base):
    """One job. Times are seconds since the epoch; `seq` is the order of arrival."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("one_job_per_key", "idempotency_key", unique=True, sqlite_where=text(CLAIMS_KEY)),
        Index("jobs_to_claim", "state", "lane", "seq"),
        Index("twins_of_jobs", "twin_of", sqlite_where=text("twin_of != ''")),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    pipeline: Mapped[str]
    pipeline_version: Mapped[str]
    lane: Mapped[int]
    idempotency_key: Mapped[str]
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)
    state: Mapped[str]
    stage: Mapped[str]
    progress: Mapped[float] = mapped_column(default=0.0)
    created_at_s: Mapped[float]
    started_at_s: Mapped[float | None]
    finished_at_s: Mapped[float | None]
    attempt: Mapped[int] = mapped_column(default=0)
    """Claims so far; with the owner it names one lease."""
    crashes: Mapped[int] = mapped_column(default=0)
    """Leases that ended because their worker died."""
    setbacks: Mapped[int] = mapped_column(default=0)
    """Attempts given up because the box around the worker was not ready."""
    not_before_s: Mapped[float] = mapped_column(default=0.0)
    owner: Mapped[str | None]
    lease_expires_at_s: Mapped[float | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error_kind: Mapped[str] = mapped_column(default="")
    error_message: Mapped[str] = mapped_column(default="")
    files: Mapped[list[dict[str, str | int]]] = mapped_column(JSON, default=list)
    release: Mapped[str] = mapped_column(default="", server_default="")
    models: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, server_default="{}")
    release_parameters: Mapped[dict[str, str]] = mapped_column(
        JSON, default=dict, server_default="{}"
    )
    twin_of: Mapped[str] = mapped_column(default="", server_default="")
    """Not empty: the job is hidden from users."""
    twin_role: Mapped[str] = mapped_column(default="", server_default="")
    study_key: Mapped[str] = mapped_column(default="", server_default="")
    paused_s: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
