"""Puts what was described and what was measured into one manifest."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.description import ModelDescription, TensorMeaning
from provisioning.importer.convert import Converted
from provisioning.importer.port import Port
from provisioning.importer.request import ImportRequest
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, Preprocessing, TensorEntry, Variant
from serving.domain.provenance import Source

_UNSTATED = TensorMeaning(meaning="not stated")


def make_manifest(
    request: ImportRequest,
    version: int,
    converted: Converted,
    source: Source,
    variants: dict[str, Variant],
) -> ModelManifest:
    """The manifest with FP32 as the default. Raises InvalidRequest for a described tensor that
    the model lacks.
    """
    described = request.description
    ports = (*converted.inputs, *converted.outputs)
    if unknown := sorted(described.tensors.keys() - {port.name for port in ports}):
        known = ", ".join(port.name for port in ports)
        raise InvalidRequest(f"the description names {unknown[0]}; the model has {known}")
    return ModelManifest(
        name=request.name,
        version=version,
        task=described.task,
        architecture=described.architecture,
        intended_use=described.intended_use,
        disclaimer=described.disclaimer,
        inputs=_entries(converted.inputs, described),
        outputs=_entries(converted.outputs, described),
        preprocessing=_preprocessing(request),
        labels=described.labels,
        training=described.training,
        source=source,
        default_variant="fp32",
        variants=variants,
    )


def _entries(ports: Sequence[Port], described: ModelDescription) -> tuple[TensorEntry, ...]:
    found = []
    for port in ports:
        said = described.tensors.get(port.name, _UNSTATED)
        found.append(
            TensorEntry(
                name=port.name,
                datatype=port.datatype,
                shape=port.shape,
                meaning=said.meaning,
                units=said.units,
            )
        )
    return tuple(found)


def _preprocessing(request: ImportRequest) -> Preprocessing | None:
    """As described; a window that was built in is part of it."""
    described = request.description.preprocessing
    if described is None or request.embed is None or request.embed.window_hu is None:
        return described
    return described.model_copy(update={"window_hu": request.embed.window_hu})
