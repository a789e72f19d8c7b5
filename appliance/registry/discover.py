"""Brings the registered versions up to what lies in the repositories."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from appliance.registry.record import FoundVersion, Key, Origin, VersionRecord
from appliance.registry.version_state import VersionState
from appliance.registry.version_store import VersionStore
from serving.engine.catalog import Catalog, ModelVersion

GONE = "its folder is gone or its manifest cannot be read; import the model again"
CHANGED = "its manifest has changed since it was registered"
CHANGED_WHILE_SERVING = (
    "its manifest has changed on the disk: what was loaded serves on, and the next start drops it"
)
_OF_THE_DISK = frozenset({GONE, CHANGED_WHILE_SERVING})


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look at the repositories changed."""

    added: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    gone: tuple[Key, ...] = ()


def discover(
    versions: VersionStore, catalog: Catalog, imported: Path, serving: Set[Key] = frozenset()
) -> Discovery:
    """Registers what is new; what changed or is gone goes back to `imported` with the reason.

    `imported` is the folder of the models that did not come with the product. Versions in
    `serving` are loaded: they keep their state, and the reason is noted.
    """
    found = {v.key: FoundVersion.of(v, _origin(v, imported)) for v in catalog.versions}
    known = {record.key: record for record in versions.list()}
    added = tuple(key for key in found if key not in known)
    for key in added:
        versions.add(found[key])
    gone = tuple(key for key in known if key not in found)
    for key in gone:
        _set_back(versions, known[key], GONE, key in serving)
    changed = []
    for key in (key for key in known if key in found):
        if found[key].manifest_sha256 != known[key].manifest_sha256:
            changed.append(key)
            _take_changed(versions, known[key], found[key], key in serving)
        else:
            _take_unchanged(versions, known[key], found[key])
    return Discovery(added, tuple(changed), gone)


def _origin(version: ModelVersion, imported: Path) -> Origin:
    return Origin.IMPORTED if version.folder.is_relative_to(imported) else Origin.PRODUCT


def _take_changed(
    versions: VersionStore, record: VersionRecord, found: FoundVersion, serving: bool
) -> None:
    if serving:
        _set_back(versions, record, CHANGED_WHILE_SERVING, serving)
    else:
        versions.renew(found, record.revision, VersionState.IMPORTED, CHANGED)


def _take_unchanged(versions: VersionStore, record: VersionRecord, found: FoundVersion) -> None:
    """The same version, perhaps in another folder, or back where it was."""
    moved = (record.folder, record.origin) != (found.folder, found.origin)
    if moved or record.reason in _OF_THE_DISK:
        reason = "" if record.reason in _OF_THE_DISK else record.reason
        versions.renew(found, record.revision, record.state, reason)


def _set_back(versions: VersionStore, record: VersionRecord, reason: str, serving: bool) -> None:
    if record.reason != reason:
        versions.set_back(record, record.state if serving else VersionState.IMPORTED, reason)
