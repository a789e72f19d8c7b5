"""The life of a model version on this box, and the only ways through it."""

from __future__ import annotations

from enum import StrEnum

from serving.domain.errors import IllegalTransition


class VersionState(StrEnum):
    """Where a version stands; `active` means that it is in the committed set."""

    IMPORTED = "imported"
    """Its folder is known and nothing of it was checked."""
    VERIFIED = "verified"
    """Every file has the digest of the manifest, the manifest the registered one."""
    STAGED = "staged"
    """It ran in a process of its own and may be loaded beside what serves."""
    ACTIVE = "active"
    RETIRED = "retired"
    """It served; its files are kept for a rollback."""


_IMPORTED, _VERIFIED, _STAGED, _ACTIVE, _RETIRED = VersionState
_ALLOWED: dict[VersionState, frozenset[VersionState]] = {
    _IMPORTED: frozenset({_VERIFIED}),
    _VERIFIED: frozenset({_STAGED, _IMPORTED}),
    _STAGED: frozenset({_ACTIVE, _VERIFIED, _IMPORTED}),
    _ACTIVE: frozenset({_RETIRED, _IMPORTED}),
    _RETIRED: frozenset({_STAGED, _IMPORTED}),
}
"""To imported: its files are not what they were. Staged to verified: its switch was refused."""


def check_transition(start: VersionState, to: VersionState) -> None:
    """Raises IllegalTransition, naming what is possible."""
    if to not in _ALLOWED[start]:
        possible = " or ".join(sorted(_ALLOWED[start]))
        raise IllegalTransition(
            f"a version that is {start} cannot become {to}; it can become {possible}"
        )
