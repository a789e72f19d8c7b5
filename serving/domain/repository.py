"""The model repository as a client of the Open Inference Protocol sees and changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from serving.domain.access import Caller


@dataclass(frozen=True, slots=True)
class RepositoryEntry:
    """A version that the box knows; `reason` says why it is not ready."""

    name: str
    version: int
    ready: bool
    reason: str = ""


class ModelRepository(Protocol):
    """The box's registry, from inside a replica. `caller` was checked and goes into the audit."""

    async def index(self) -> Sequence[RepositoryEntry]:
        """Every version, served or not. Raises ModelNotReady where the registry is away."""
        ...

    async def load(self, name: str, caller: Caller) -> None:
        """Serves the versions that the policy wants. Raises AiboxError."""
        ...

    async def unload(self, name: str, caller: Caller) -> None:
        """Serves no version of the model any more. Raises AiboxError."""
        ...
