"""The points between the steps of a switch, in order, for tests that end the process there."""

from __future__ import annotations

BEGUN = "begun"
READ = "read"
COMPUTED = "computed"
ADMITTING = "admitting"
VERIFIED = "verified"
TRIED = "tried"
STAGED = "staged"
PLANNED = "planned"
PREPARED = "prepared"
AUDITED = "audited"
COMMITTED = "committed"
FOLLOWED = "followed"
ACTIVATED = "activated"
REMEMBERED = "remembered"

STEPS = (
    BEGUN,
    READ,
    COMPUTED,
    ADMITTING,
    VERIFIED,
    TRIED,
    STAGED,
    PLANNED,
    PREPARED,
    AUDITED,
    COMMITTED,
    FOLLOWED,
    ACTIVATED,
    REMEMBERED,
)
"""ADMITTING to STAGED once for each version that is new to the set."""
FIRST_AFTER_COMMIT = STEPS.index(COMMITTED)
"""Killed at this step or a later one, the box starts with the new set."""
