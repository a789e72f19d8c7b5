"""The database follows the committed set, never the other way round."""

from __future__ import annotations

from appliance.registry.registry_store import RegistryStore
from appliance.registry.switch_audit import Order, SwitchAudit
from serving.domain.model_set import ModelSet

INTERRUPTED = "the box stopped before the change was committed; what served before serves on"


def reconcile(store: RegistryStore, committed: ModelSet | None, audit: SwitchAudit) -> None:
    """Brings versions and history to the committed set, after a crash or a lost database.

    A change that was planned and never committed is told to the audit as failed.
    """
    store.versions.follow(committed or ModelSet(generation=0))
    for plan in store.history.settle(committed):
        audit.came_to_nothing(Order(plan.actor, plan.action, plan.subject), INTERRUPTED)
