"""Models and their versions, as the registry, the set in force and the disk tell of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime

from appliance.admin.views.part import Part
from appliance.registry.record import Origin, VersionRecord
from appliance.registry.version_state import VersionState
from provisioning.bundle.origin import read_origin
from serving.domain.model_set import ModelSet


class VersionView(Part):
    """One registered version."""

    name: str
    version: int
    state: VersionState
    reason: str
    """Why it is not further than it is; empty where nothing went wrong."""
    serving: bool
    """Whether it is in the set in force."""
    labels: tuple[str, ...]
    """As `stable`: it answers where a request names no version."""
    releases: tuple[str, ...]
    """References of the releases that pin it."""
    manifest_sha256: str
    """Of `model.toml`, which holds the digest of each file."""
    origin: Origin
    signed_by: str | None
    """Whom the operator calls the key that signed its bundle; None where nobody signed it."""
    servable: bool
    changed_at: AwareDatetime


class ModelView(Part):
    """One model: `stable` is None where no version of it serves."""

    name: str
    stable: int | None
    labels: dict[str, int]
    versions: tuple[VersionView, ...]


def model_views(
    records: Iterable[VersionRecord], current: ModelSet, state_root: Path
) -> tuple[ModelView, ...]:
    """By name."""
    versions: dict[str, list[VersionView]] = {}
    for record in records:
        found = version_view(record, current, state_root)
        versions.setdefault(record.name, []).append(found)
    return tuple(
        ModelView(
            name=name,
            stable=current.stable(name),
            labels=current.labels.get(name, {}),
            versions=tuple(versions[name]),
        )
        for name in sorted(versions)
    )


def version_view(record: VersionRecord, current: ModelSet, state_root: Path) -> VersionView:
    """One version, without what only its manifest tells."""
    labels = current.labels.get(record.name, {})
    pinned = (r for r in current.releases if r.models.get(record.name) == record.version)
    return VersionView(
        name=record.name,
        version=record.version,
        state=record.state,
        reason=record.reason,
        serving=record.key in current.keys,
        labels=tuple(sorted(label for label, n in labels.items() if n == record.version)),
        releases=tuple(release.reference for release in pinned),
        manifest_sha256=record.manifest_sha256,
        origin=record.origin,
        signed_by=_signer(record, state_root),
        servable=record.servable,
        changed_at=datetime.fromtimestamp(record.changed_at_s, UTC),
    )


def _signer(record: VersionRecord, state_root: Path) -> str | None:
    if record.origin is not Origin.IMPORTED:
        return None
    found = read_origin(state_root, *record.key)
    if found is None or found.manifest_sha256 != record.manifest_sha256:
        return None
    return found.signer
