"""What the registry knows of versions, whether or not the box runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.registry.record import Key
from appliance.registry.registry_store import RegistryStore
from appliance.state_dir import StateDir
from serving.domain.model_set import MODEL_SET_NAME, ModelSet, read_model_set

_DATABASE = "jobs.sqlite"


@dataclass(frozen=True, slots=True)
class Registered:
    """State and labels of one version."""

    state: str
    reason: str
    labels: tuple[str, ...]


def registered(place: StateDir) -> dict[Key, Registered]:
    """All registered versions; none where no box ever started. Raises CorruptModel."""
    database = place.root / _DATABASE
    if not database.exists():
        return {}
    current = read_model_set(place.root / MODEL_SET_NAME) or ModelSet(generation=0)
    store = RegistryStore.open(database)
    try:
        return {
            record.key: Registered(record.state, record.reason, tuple(_labels(current, record.key)))
            for record in store.versions.list()
        }
    finally:
        store.close()


def _labels(current: ModelSet, key: Key) -> Iterator[str]:
    found = current.labels.get(key[0], {})
    yield from sorted(label for label, number in found.items() if number == key[1])
