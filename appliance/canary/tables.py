"""The table of pairs, in the file of the jobs."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class PairBase(DeclarativeBase):
    """Registry of the tables of canaries."""


class PairRow(PairBase):
    """One study under two releases; numbers are None where there is nothing to compare."""

    __tablename__ = "pairs"
    __table_args__ = (
        Index("pairs_by_release", "baseline", "candidate", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    twin_id: Mapped[str] = mapped_column(unique=True)
    job_id: Mapped[str]
    role: Mapped[str]
    baseline: Mapped[str]
    candidate: Mapped[str]
    baseline_seconds: Mapped[float | None]
    candidate_seconds: Mapped[float | None]
    baseline_error: Mapped[str]
    candidate_error: Mapped[str]
    finished_at_s: Mapped[float]
    """When the later of the two ended, seconds since the epoch."""
    dice: Mapped[float | None]
    baseline_volume_ml: Mapped[float | None]
    candidate_volume_ml: Mapped[float | None]
    baseline_severity: Mapped[int | None]
    candidate_severity: Mapped[int | None]
