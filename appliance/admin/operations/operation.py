"""A change that was asked for, as it stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OperationState(StrEnum):
    """QUEUED -> RUNNING -> DONE | FAILED."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (OperationState.DONE, OperationState.FAILED)


class OperationError(_Part):
    """Why nothing changed."""

    kind: str
    """As in the `type` of a problem, after `urn:aibox:problem:`."""
    message: str
    """One sentence for a person."""
    status: int
    """HTTP status of a request that waited for it."""


class Operation(_Part):
    """One change; it shows no patient data."""

    id: str
    action: str
    """What was asked for, in the audit's words: `model.promote`."""
    subject: str
    """Of what: `unet 2`, `chest_ct@3`."""
    actor: str
    """Name of the caller's token."""
    role: str
    state: OperationState
    stage: str = ""
    """What is being done now, or was when it failed."""
    progress: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the stage that is done."""
    error: OperationError | None = None
    """Only of a failed one."""
    generation: int | None = None
    """Of the model set that serves since; None where the change is not one of the set."""
    result: str = ""
    """What came of it besides: the reference of a new release, the versions found."""
    created_at: AwareDatetime
    finished_at: AwareDatetime | None = None
