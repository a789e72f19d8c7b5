"""The registry's tables, beside those of the jobs in the same file."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from serving.jobs.database import Database


class RegistryBase(DeclarativeBase):
    """Registry of the tables."""


class VersionRow(RegistryBase):
    """One model version that the box knows."""

    __tablename__ = "model_versions"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    manifest_sha256: Mapped[str]
    folder: Mapped[str]
    origin: Mapped[str]
    servable: Mapped[bool]
    reason: Mapped[str] = mapped_column(default="")
    revision: Mapped[int] = mapped_column(default=1)
    changed_at_s: Mapped[float]


class SetRow(RegistryBase):
    """One set that served, or that a switch is about to commit (`activated_at_s` is None)."""

    __tablename__ = "model_sets"

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[str]
    """The set as JSON."""
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    activated_at_s: Mapped[float | None]


def make_tables(database: Database) -> None:
    """Makes those that are missing; safe to repeat, and from several processes."""
    with database.write() as session:
        RegistryBase.metadata.create_all(session.connection(), checkfirst=True)
