"""A version with what its manifest says and how the replicas run it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.admin.views.part import Part
from appliance.admin.views.version_view import VersionView, version_view
from appliance.registry.record import VersionRecord
from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelManifest, read_manifest
from serving.domain.model_set import ModelSet
from serving.domain.node_report import NodeReport
from serving.domain.provenance import AccuracyGate, Speed


class VariantView(Part):
    """One precision: how exact and how fast it was measured to be."""

    name: str
    default: bool
    """Whether it serves unless a request asks otherwise."""
    inference_precision: str
    digest: str
    """Over its files, as results name it."""
    promotable: bool
    """Whether no gate of accuracy refused it."""
    metrics: dict[str, float]
    gates: tuple[AccuracyGate, ...]
    speed: Speed | None


class LoadedView(Part):
    """The version as one replica has compiled it."""

    node: int
    precision: str
    effective_precision: str
    streams: int
    threads: int


class VersionDetail(Part):
    """Everything about one version."""

    version: VersionView
    manifest_error: str
    """Why the manifest cannot be read; empty where it can."""
    task: str
    architecture: str
    intended_use: str
    disclaimer: str
    variants: tuple[VariantView, ...]
    loaded: tuple[LoadedView, ...]


def version_detail(
    record: VersionRecord, current: ModelSet, state_root: Path, nodes: Iterable[NodeReport]
) -> VersionDetail:
    """Reads the manifest; one that is gone or broken is told and raises nothing."""
    manifest: ModelManifest | None = None
    error = ""
    try:
        manifest = read_manifest(record.folder)
    except CorruptModel as found:
        error = found.message
    return VersionDetail(
        version=version_view(record, current, state_root),
        manifest_error=error,
        task=manifest.task if manifest else "",
        architecture=manifest.architecture if manifest else "",
        intended_use=manifest.intended_use if manifest else "",
        disclaimer=manifest.disclaimer if manifest else "",
        variants=tuple(_variants(manifest)) if manifest else (),
        loaded=tuple(_loaded(record, nodes)),
    )


def _variants(manifest: ModelManifest) -> Iterator[VariantView]:
    for name, variant in manifest.variants.items():
        yield VariantView(
            name=name,
            default=name == manifest.default_variant,
            inference_precision=variant.inference_precision,
            digest=manifest.digest(name),
            promotable=variant.promotable,
            # What could not be measured has no number in JSON.
            metrics={key: v for key, v in variant.metrics.items() if math.isfinite(v)},
            gates=variant.gates,
            speed=variant.speed,
        )


def _loaded(record: VersionRecord, nodes: Iterable[NodeReport]) -> Iterator[LoadedView]:
    for node in nodes:
        for model in node.models:
            if (model.name, model.version) == record.key:
                yield LoadedView(
                    node=node.node,
                    precision=model.precision,
                    effective_precision=model.effective_precision,
                    streams=model.streams,
                    threads=model.threads,
                )
