"""Builds preprocessing into a graph."""

from __future__ import annotations

from typing import Any

from provisioning.importer.embedding import Embedding
from serving.domain.errors import InvalidRequest
from serving.engine.datatypes import to_openvino
from serving.engine.runtime import ov


def embed(model: Any, embedding: Embedding) -> Any:
    """The model, whose ports have one name each, with `embedding` in front of an input.

    Raises InvalidRequest where it does not fit.
    """
    index = embedding.index_in([port.get_any_name() for port in model.inputs])
    if not model.inputs[index].get_element_type().is_real():
        raise InvalidRequest("preprocessing can be built in before float inputs only")
    processor = ov.preprocess.PrePostProcessor(model)
    chosen = processor.input(index)
    if embedding.datatype is not None:
        chosen.tensor().set_element_type(to_openvino(embedding.datatype))
    if embedding.sent is not None:
        chosen.tensor().set_layout(ov.Layout(embedding.sent))
    if embedding.sent is not None or len(embedding.shift) > 1 or len(embedding.divisor) > 1:
        chosen.model().set_layout(ov.Layout(embedding.taken))
    _add_steps(chosen.preprocess(), embedding, model.inputs[index].get_element_type())
    try:
        return processor.build()
    except RuntimeError:
        raise InvalidRequest(
            "the preprocessing does not fit the model's input: check layout, mean and scale"
        ) from None


def _add_steps(steps: Any, embedding: Embedding, kind: Any) -> None:
    steps.convert_element_type(ov.Type.f32)
    if embedding.clip is not None:
        low, high = embedding.clip
        steps.custom(lambda output: ov.opset13.clamp(output, low, high).output(0))
    if embedding.shift:
        steps.mean(_one_or_all(embedding.shift))
    if embedding.divisor:
        steps.scale(_one_or_all(embedding.divisor))
    if kind != ov.Type.f32:
        steps.convert_element_type(kind)


def _one_or_all(values: tuple[float, ...]) -> Any:
    return values[0] if len(values) == 1 else list(values)
