"""Model versions: found, checked, loaded, promoted, labelled, unloaded, rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.admin.operations.ticket import Done
from appliance.admin.orders.joining import Joining
from appliance.registry.actor import Actor
from appliance.registry.admission import Admission
from appliance.registry.discover import Discovery, discover
from appliance.registry.registry_store import RegistryStore
from appliance.registry.set_versions import (
    Wanted,
    evict_version,
    promote_version,
    remove_label,
    retire_replaced,
    set_label,
)
from appliance.registry.switch_audit import Order, SwitchAudit
from appliance.registry.switcher import Change, Switcher
from serving.domain.errors import IllegalTransition, ModelNotFound
from serving.domain.model_set import STABLE, ModelSet
from serving.engine.catalog import scan


@dataclass(frozen=True, slots=True)
class VersionOrders:
    """Each order blocks until all replicas follow, and is told to the audit.

    They raise what `Switcher.switch` raises; then nothing changed.
    """

    store: RegistryStore
    switcher: Switcher
    admission: Admission
    audit: SwitchAudit
    joining: Joining
    wanted: Wanted
    """The policy of the settings."""
    repositories: Sequence[Path]
    imported: Path
    """The one of the repositories that holds what did not come with the product."""

    def promote(self, actor: Actor, name: str, version: int) -> Done:
        """It answers where a request names no version; it is loaded first where it has to be."""

        def change(current: ModelSet) -> ModelSet:
            joined = self.joining.with_versions(current, [(name, version)])
            return retire_replaced(current, promote_version(joined, name, version), self.wanted)

        return self._switch(change, actor, "model.promote", f"{name} {version}")

    def load(self, actor: Actor, name: str, version: int) -> Done:
        """It serves beside the others of its model."""

        def change(current: ModelSet) -> ModelSet:
            return self.joining.with_versions(current, [(name, version)])

        return self._switch(change, actor, "model.load", f"{name} {version}")

    def unload(self, actor: Actor, name: str, version: int) -> Done:
        """It serves no longer. Raises IllegalTransition where a label or a route needs it."""

        def change(current: ModelSet) -> ModelSet:
            return evict_version(current, name, version)

        return self._switch(change, actor, "model.unload", f"{name} {version}")

    def load_model(self, actor: Actor, name: str) -> Done:
        """Looks for new versions; those that the policy serves join (KServe's load)."""
        self._discover()

        def change(current: ModelSet) -> ModelSet:
            numbers = {r.version for r in self.store.versions.list(name) if r.servable}
            if not numbers:
                raise ModelNotFound(
                    f"no version of a model {name} that the engine can run is on this box"
                )
            chosen = self.wanted(name, frozenset(numbers))
            return self.joining.with_versions(current, ((name, number) for number in chosen))

        return self._switch(change, actor, "model.load", name)

    def unload_model(self, actor: Actor, name: str) -> Done:
        """No version of it serves. Raises IllegalTransition where a release in a route needs it."""
        return self._switch(lambda current: without(current, name), actor, "model.unload", name)

    def label(self, actor: Actor, name: str, label: str, version: int) -> Done:
        """The label points at that version, which serves. Raises IllegalTransition for `stable`."""

        def change(current: ModelSet) -> ModelSet:
            return set_label(current, name, label, version)

        return self._switch(change, actor, "model.label", f"{name} {version} {label}")

    def unlabel(self, actor: Actor, name: str, label: str) -> Done:
        """Raises IllegalTransition for `stable`."""

        def change(current: ModelSet) -> ModelSet:
            return remove_label(current, name, label)

        return self._switch(change, actor, "model.unlabel", f"{name} {label}")

    def verify(self, actor: Actor, name: str, version: int) -> Done:
        """Holds every file against its digest. Raises CorruptModel, kept as its reason."""
        order = Order(actor, "model.verify", f"{name} {version}")
        try:
            record = self.admission.check((name, version))
        except Exception as error:
            self.audit.ended(order, error)
            raise
        self.audit.done(order, "every file has the digest of its manifest")
        return Done(result=f"{name} {version} is {record.state}: every file is as it was listed")

    def refresh(self, actor: Actor) -> Done:
        """Registers what lies in the repositories now; what serves stays as it is."""
        order = Order(actor, "models.refresh", "-")
        try:
            told = _sentence(self._discover())
        except Exception as error:
            self.audit.ended(order, error)
            raise
        self.audit.done(order, told)
        return Done(result=told)

    def rollback(self, actor: Actor) -> Done:
        """Labels and routes as before their last change. Raises IllegalTransition at the first."""
        return Done(self.switcher.rollback(actor).generation)

    def _discover(self) -> Discovery:
        serving = self.switcher.committed.keys
        return discover(self.store.versions, scan(self.repositories), self.imported, serving)

    def _switch(self, change: Change, actor: Actor, action: str, subject: str) -> Done:
        return Done(self.switcher.switch(change, actor, action, subject).generation)


def without(current: ModelSet, name: str) -> ModelSet:
    """The set without that model. Raises ModelNotFound, IllegalTransition."""
    stable = current.stable(name)
    if stable is None:
        raise ModelNotFound(f"no version of a model {name} is in service")
    _refuse_routed(current, name)
    for label in current.labels[name].keys() - {STABLE}:
        current = remove_label(current, name, label)
    numbers = (version for key, version in current.keys if key == name)
    for number in sorted(numbers, key=lambda each: each == stable):
        # The stable one last: until then its label is needed.
        current = evict_version(current, name, number)
    return current


def _refuse_routed(current: ModelSet, name: str) -> None:
    for route in current.routes:
        for reference in route.references:
            release = current.release(reference)
            if release is not None and name in release.models:
                raise IllegalTransition(
                    f"the studies of {route.pipeline} run {reference}, which needs {name}; "
                    "a model that a pipeline uses cannot be unloaded"
                )


def _sentence(found: Discovery) -> str:
    groups = {"new": found.added, "changed": found.changed, "gone": found.gone}
    told = [
        f"{what}: {', '.join(f'{name} {number}' for name, number in keys)}"
        for what, keys in groups.items()
        if keys
    ]
    return "; ".join(told) or "nothing new"
