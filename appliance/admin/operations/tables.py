"""The table of operations, in the file of the jobs."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class OperationBase(DeclarativeBase):
    """Registry of the tables."""


class OperationRow(OperationBase):
    """One operation. Times are seconds since the epoch; `seq` is the order of arrival."""

    __tablename__ = "operations"
    __table_args__ = (
        Index("one_operation_per_key", "actor", "key", unique=True, sqlite_where=text("key != ''")),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    operation_id: Mapped[str] = mapped_column(unique=True)
    action: Mapped[str]
    subject: Mapped[str]
    actor: Mapped[str]
    role: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    state: Mapped[str]
    stage: Mapped[str] = mapped_column(default="")
    error_kind: Mapped[str] = mapped_column(default="")
    """Empty unless failed."""
    error_message: Mapped[str] = mapped_column(default="")
    error_status: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int | None]
    result: Mapped[str] = mapped_column(default="")
    created_at_s: Mapped[float]
    finished_at_s: Mapped[float | None]
