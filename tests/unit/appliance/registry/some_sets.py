"""Sets as the tests of their changes begin with."""

from __future__ import annotations

from appliance.registry.newcomers import PipelineNeeds, join
from appliance.registry.policy import Latest, VersionPolicy
from appliance.registry.set_versions import (
    add_version,
)
from appliance.registry.settings import RegistrySettings
from serving.domain.model_set import ModelSet, ServedVersion

NEEDS = (PipelineNeeds("chest", ("a", "b"), {"p": "1"}), PipelineNeeds("breast", ("b",)))
LATEST = RegistrySettings(default_policy=VersionPolicy(latest=Latest()))


def version_of(name: str, version: int) -> ServedVersion:
    return ServedVersion(name=name, version=version, manifest_sha256="0" * 64)


def set_of(*keys: tuple[str, int]) -> ModelSet:
    return join(ModelSet(generation=0), (version_of(*key) for key in keys), NEEDS)


def two_versions() -> ModelSet:
    """a and b at 1, and a newer a that nobody runs yet."""
    return add_version(set_of(("a", 1), ("b", 1)), version_of("a", 2))
