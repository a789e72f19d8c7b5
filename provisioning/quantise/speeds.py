"""Times every variant of a version in one go, so that they can be compared."""

from __future__ import annotations

import math
from pathlib import Path

from provisioning.importer.speed import measure_speed
from provisioning.labelled_set import LabelledSet
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.stage import within
from serving.domain.manifest import Variant
from serving.domain.provenance import Speed
from serving.domain.slices import Progress
from serving.engine.runtime import ov


def element_shapes(model: Path, labelled: LabelledSet) -> dict[str, tuple[int, ...]]:
    """The shape of one element of the set, by the name of the model's input."""
    port = only_input(ov.Core().read_model(model))
    return {port.name: Elements(labelled, port).shape}


def with_speeds(
    folder: Path,
    variants: dict[str, Variant],
    shapes: dict[str, tuple[int, ...]],
    report: Progress,
) -> dict[str, Variant]:
    """The variants with their speeds on inputs of `shapes`, measured one after the other."""
    timed = {}
    for at, (name, variant) in enumerate(variants.items()):
        told = within(report, at / len(variants), (at + 1) / len(variants), f"{name}: ")
        path = folder / variant.model
        speed = measure_speed(path, variant.inference_precision, told, shapes)
        timed[name] = variant.model_copy(update={"speed": speed})
    return timed


def fastest(variants: dict[str, Variant]) -> str:
    """The promotable variant of the least median latency."""
    allowed = {name: v.speed for name, v in variants.items() if v.promotable}
    return min(allowed, key=lambda name: _median_ms(allowed[name]))


def _median_ms(speed: Speed | None) -> float:
    return math.inf if speed is None else speed.median_ms
