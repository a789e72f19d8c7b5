"""The result of looking at one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """`found` says what is there, `advice` what to do about it (empty where all is well)."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def judged(name: str, found: str, advice: str, *, fail: bool = False, warn: bool = False) -> Check:
    """A check with the worst verdict that applies; the advice only where one does."""
    verdict = Verdict.FAIL if fail else Verdict.WARN if warn else Verdict.OK
    return Check(name, verdict, found, "" if verdict is Verdict.OK else advice)
