"""Which release a study runs, and with which it is compared out of sight."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from serving.domain.job import TwinRole
from serving.domain.model_set import ModelSet, Route

_WHOLE = 2**64


class ModelSets(Protocol):
    """Where the committed model set is asked for."""

    def current(self) -> ModelSet | None:
        """The set that serves now; None where the box has none. Raises CorruptModel."""
        ...


@dataclass(frozen=True, slots=True)
class Twin:
    """A second analysis of a study: the reference of its release, and what it is for."""

    release: str
    role: TwinRole


@dataclass(frozen=True, slots=True)
class Choice:
    """The reference of the release that answers, and the analyses that nobody sees."""

    release: str
    twins: tuple[Twin, ...] = ()


def choose(route: Route, study_uid: str, caller: str = "") -> Choice:
    """The releases of a study; the same study under the same route is always answered alike.

    A study in a canary of some share is in every larger one too. `caller` is the name under which
    the sender is known to the box, empty where it is not.
    """
    release = route.canary if _in_canary(route, study_uid, caller) else None
    twins = []
    if release:
        twins.append(Twin(route.stable, TwinRole.COMPARISON))
    if route.shadow:
        twins.append(Twin(route.shadow, TwinRole.SHADOW))
    answers = release or route.stable
    return Choice(answers, tuple(twin for twin in twins if twin.release != answers))


def _in_canary(route: Route, study_uid: str, caller: str) -> bool:
    if not route.canary:
        return False
    if caller and caller in route.callers:
        return True
    return _place(route.canary, study_uid) < int(route.share * _WHOLE)


def _place(reference: str, study_uid: str) -> int:
    """Where a study falls, 0 to 2**64 - 1: another place for each canary, so that it is not the
    same studies that meet every new version."""
    digest = hashlib.sha256(f"{reference}\n{study_uid}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
