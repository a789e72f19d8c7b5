"""Which versions of a model serve by their number, in OpenVINO Model Server's words.

Source: OVMS, `model_version_policy`: `latest` (`num_versions`), `all`, `specific` (`versions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Number = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Latest(_Part):
    """The highest numbers."""

    num_versions: Number = 1


class Every(_Part):
    """Whatever there is."""


class Specific(_Part):
    """Exactly these, where they are there."""

    versions: Annotated[tuple[Number, ...], Field(min_length=1)]


class VersionPolicy(_Part):
    """One of the three: `{latest = {num_versions = 2}}`, `{all = {}}`, `{specific = ...}`."""

    latest: Latest | None = None
    all: Every | None = None
    specific: Specific | None = None

    @model_validator(mode="after")
    def _one(self) -> VersionPolicy:
        given = [policy for policy in (self.latest, self.all, self.specific) if policy is not None]
        if len(given) != 1:
            raise ValueError("a version policy is one of latest, all and specific")
        return self

    def wanted(self, available: Iterable[int]) -> frozenset[int]:
        """Those of the available numbers that serve."""
        if self.specific is not None:
            return frozenset(available) & frozenset(self.specific.versions)
        if self.latest is not None:
            return frozenset(sorted(set(available))[-self.latest.num_versions :])
        return frozenset(available)
