"""What a self-test asks: given arrays, else seeded ones of the smallest size that is declared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provisioning.importer.inputs import generate, given
from provisioning.importer.port import Port
from provisioning.importer.shapes import run_shapes
from serving.domain.manifest import ModelManifest, Variant
from serving.domain.tensor import AnyArray, TensorSpec
from serving.engine.frames import Frames


def make_inputs(
    manifest: ModelManifest, variant: Variant, path: Path | None
) -> dict[str, AnyArray]:
    """One array for each input by its name. Raises InvalidRequest where given ones do not fit."""
    ports = tuple(
        Port(name=entry.name, datatype=entry.datatype, shape=entry.shape)
        for entry in manifest.inputs
    )
    if path is None:
        arrays = generate(ports, smallest_shapes(manifest, variant, ports))
    else:
        arrays = given(path, ports)
    return {port.name: array for port, array in zip(ports, arrays, strict=True)}


def smallest_shapes(
    manifest: ModelManifest, variant: Variant, ports: Sequence[Port]
) -> dict[str, tuple[int, ...]]:
    """By input name: the smallest frame, else the shape that the variant was timed in."""
    timed = {} if variant.speed is None else variant.speed.shapes
    shapes = run_shapes(ports, timed, manifest.preprocessing)
    frames = Frames.of(manifest)
    for port in ports:
        sizes = frames.shapes(TensorSpec(port.name, port.datatype, port.shape))
        if len(sizes) > 1:
            shapes[port.name] = sizes[-1]
    return shapes
