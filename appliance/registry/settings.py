"""What an operator can set of the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from appliance.registry.policy import Latest, VersionPolicy


class RegistrySettings(BaseModel):
    """The registry's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policies: dict[str, VersionPolicy] = Field(default_factory=dict)
    """Model name to the policy for its versions."""
    default_policy: VersionPolicy = VersionPolicy(latest=Latest())
    keep_sets: Annotated[int, Field(ge=2, le=10_000)] = 50
    """Sets that the history keeps, for rolling back."""

    def wanted(self, name: str, available: Iterable[int]) -> frozenset[int]:
        """The versions of a model that its policy serves."""
        return self.policies.get(name, self.default_policy).wanted(available)
