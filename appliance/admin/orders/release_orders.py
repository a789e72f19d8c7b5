"""Releases: a pipeline with exact model versions, made, promoted, removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.admin.operations.ticket import Done
from appliance.admin.orders.joining import Joining
from appliance.registry.actor import Actor
from appliance.registry.set_releases import promote_release, remove_release, with_new_release
from appliance.registry.set_versions import Wanted, retire_replaced
from appliance.registry.switcher import Switcher
from serving.domain.errors import InvalidRequest
from serving.domain.model_set import ModelSet


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What a release is asked to be; its number comes with it."""

    name: str
    pipeline: str
    models: Mapping[str, int]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReleaseOrders:
    """As VersionOrders."""

    switcher: Switcher
    joining: Joining
    wanted: Wanted

    def create(self, actor: Actor, wanted: NewRelease) -> Done:
        """Its versions are loaded where they are not, and nothing runs it yet.

        Raises InvalidRequest where the pipeline has other models, ModelNotFound.
        """
        made = ""

        def change(current: ModelSet) -> ModelSet:
            nonlocal made
            self._check(current, wanted)
            joined = self.joining.with_versions(current, wanted.models.items())
            following, release = with_new_release(
                joined, wanted.name, wanted.pipeline, wanted.models, wanted.parameters
            )
            made = release.reference
            return following

        served = self.switcher.switch(change, actor, "release.create", wanted.name)
        return Done(served.generation, made)

    def promote(self, actor: Actor, reference: str) -> Done:
        """Studies of its pipeline run it from now on. Raises ModelNotFound."""

        def change(current: ModelSet) -> ModelSet:
            return retire_replaced(current, promote_release(current, reference), self.wanted)

        return Done(self.switcher.switch(change, actor, "release.promote", reference).generation)

    def remove(self, actor: Actor, reference: str) -> Done:
        """Raises ModelNotFound, and IllegalTransition where a route uses it."""

        def change(current: ModelSet) -> ModelSet:
            return remove_release(current, reference)

        return Done(self.switcher.switch(change, actor, "release.remove", reference).generation)

    def _check(self, current: ModelSet, wanted: NewRelease) -> None:
        found = next((p for p in self.joining.pipelines if p.name == wanted.pipeline), None)
        if found is None:
            there = ", ".join(each.name for each in self.joining.pipelines) or "none"
            raise InvalidRequest(f"there is no pipeline {wanted.pipeline}; there are: {there}")
        if set(wanted.models) != set(found.models):
            needed = ", ".join(sorted(found.models))
            raise InvalidRequest(
                f"a release of {found.name} names a version of each of its models and of no "
                f"other: {needed}"
            )
        for release in current.releases:
            if release.name == wanted.name and release.pipeline != wanted.pipeline:
                raise InvalidRequest(
                    f"releases called {wanted.name} are of {release.pipeline}; take another name"
                )
