"""Pairs as a test wants them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from appliance.canary.pair import Pair, Side
from serving.domain.agreement import FindingsAgreement
from serving.domain.job import TwinRole

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def pair(number: int = 0, **changes: object) -> Pair:
    """A good pair: both done, fully agreed. `dice`, `volumes`, `severities`, `seconds`, `errors`,
    `releases` change it; an error leaves that side without seconds and nothing to compare."""
    ours: tuple[str, str] = changes.get("errors", ("", ""))  # type: ignore[assignment]
    seconds = changes.get("seconds", (10.0, 10.0))
    volumes = changes.get("volumes", (50.0, 50.0))
    severities = changes.get("severities", (3, 3))
    names = changes.get("releases", ("chest_ct@1", "chest_ct@2"))
    sides = [
        Side(name, None if error else took, error)
        for name, took, error in zip(names, seconds, ours, strict=True)  # type: ignore[call-overload]
    ]
    agreement = FindingsAgreement(changes.get("dice", 1.0), *volumes, *severities)  # type: ignore[misc, arg-type]
    return Pair(
        job_id=f"job{number}",
        twin_id=f"twin{number}",
        role=TwinRole.SHADOW,
        baseline=sides[0],
        candidate=sides[1],
        finished_at=NOON + timedelta(minutes=number),
        agreement=None if any(ours) else agreement,
    )
