"""The pairs that were compared, kept beside the jobs and longer than those."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select

from appliance.canary.pair import Pair, Side
from appliance.canary.tables import PairBase, PairRow
from serving.domain.agreement import FindingsAgreement
from serving.domain.job import TwinRole
from serving.jobs.database import Database

MOST = 10_000
"""Pairs that are given back at most."""


class PairStore:
    """Pairs in the database of the jobs at `path`; several processes may hold one each."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        with self._database.write() as session:
            PairBase.metadata.create_all(session.connection())

    def close(self) -> None:
        self._database.close()

    def add(self, pair: Pair) -> bool:
        """Keeps a pair, durably; False where that twin is in one already."""
        with self._database.write() as session:
            known = session.scalar(select(PairRow.seq).where(PairRow.twin_id == pair.twin_id))
            if known is None:
                session.add(_to_row(pair))
            return known is None

    def has(self, twin_id: str) -> bool:
        """Whether that twin is in a pair."""
        with self._database.read() as session:
            query = select(PairRow.seq).where(PairRow.twin_id == twin_id)
            return session.scalar(query) is not None

    def pairs(
        self,
        baseline: str | None = None,
        candidate: str | None = None,
        since: datetime | None = None,
        limit: int = MOST,
    ) -> Sequence[Pair]:
        """The newest `limit` pairs of these releases (None: any) that ended since then, oldest
        first."""
        query = select(PairRow).order_by(PairRow.seq.desc()).limit(min(limit, MOST))
        if baseline is not None:
            query = query.where(PairRow.baseline == baseline)
        if candidate is not None:
            query = query.where(PairRow.candidate == candidate)
        if since is not None:
            query = query.where(PairRow.finished_at_s >= since.timestamp())
        with self._database.read() as session:
            return [_to_pair(row) for row in reversed(session.scalars(query).all())]

    def forget(self, before: datetime) -> int:
        """Removes pairs that ended before that; returns how many."""
        query = delete(PairRow).where(PairRow.finished_at_s < before.timestamp())
        with self._database.write() as session:
            return len(session.scalars(query.returning(PairRow.seq)).all())


def _to_row(pair: Pair) -> PairRow:
    found = pair.agreement
    return PairRow(
        twin_id=pair.twin_id,
        job_id=pair.job_id,
        role=pair.role.value,
        baseline=pair.baseline.release,
        candidate=pair.candidate.release,
        baseline_seconds=pair.baseline.seconds,
        candidate_seconds=pair.candidate.seconds,
        baseline_error=pair.baseline.error_kind,
        candidate_error=pair.candidate.error_kind,
        finished_at_s=pair.finished_at.timestamp(),
        dice=found.dice if found else None,
        baseline_volume_ml=found.volume_a_ml if found else None,
        candidate_volume_ml=found.volume_b_ml if found else None,
        baseline_severity=found.severity_a if found else None,
        candidate_severity=found.severity_b if found else None,
    )


def _to_pair(row: PairRow) -> Pair:
    return Pair(
        job_id=row.job_id,
        twin_id=row.twin_id,
        role=TwinRole(row.role),
        baseline=Side(row.baseline, row.baseline_seconds, row.baseline_error),
        candidate=Side(row.candidate, row.candidate_seconds, row.candidate_error),
        finished_at=datetime.fromtimestamp(row.finished_at_s, UTC),
        agreement=_agreement(row),
    )


def _agreement(row: PairRow) -> FindingsAgreement | None:
    if row.dice is None:
        return None
    return FindingsAgreement(
        dice=row.dice,
        volume_a_ml=row.baseline_volume_ml or 0.0,
        volume_b_ml=row.candidate_volume_ml or 0.0,
        severity_a=row.baseline_severity or 0,
        severity_b=row.candidate_severity or 0,
    )
