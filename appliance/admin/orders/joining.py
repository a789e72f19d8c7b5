"""Versions that join the set because something asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliance.registry.newcomers import PipelineNeeds, join
from appliance.registry.record import Key
from appliance.registry.version_store import VersionStore
from serving.domain.model_set import ModelSet


@dataclass(frozen=True, slots=True)
class Joining:
    """Knows every registered version, and the pipelines that may be waiting for one."""

    versions: VersionStore
    pipelines: Sequence[PipelineNeeds]

    def with_versions(self, current: ModelSet, keys: Iterable[Key]) -> ModelSet:
        """The set with all of those; `stable` moves only where a model did not serve.

        Raises ModelNotFound where a version is not registered.
        """
        missing = sorted(set(keys) - current.keys)
        return join(current, (self.versions.get(*key).served for key in missing), self.pipelines)
