"""A copy of a shipped model whose graph takes crops."""

from __future__ import annotations

from pathlib import Path

import openvino as ov

from provisioning.manifest_file import model_file, write_manifest
from serving.domain.manifest import ModelManifest, read_manifest

FRAMES = ((128, 192), (128, 256), (160, 192), (160, 256), (192, 256), (224, 256))
"""Six shapes that spare most of P001 and volume 008; multiples of 32."""


def with_crops(version: Path, repository: Path) -> str:
    """Writes `version` with dynamic rows and columns into `repository`; returns its name."""
    manifest = read_manifest(version)
    folder = repository / manifest.name / str(manifest.version)
    (folder / "fp32").mkdir(parents=True)
    graph = ov.Core().read_model(version / manifest.variants["fp32"].model)
    graph.reshape({graph.input(0).any_name: [-1, 1, -1, -1]})
    ov.save_model(graph, folder / "fp32/model.xml", compress_to_fp16=False)
    write_manifest(_described(manifest, folder), folder)
    return manifest.name


def _described(manifest: ModelManifest, folder: Path) -> ModelManifest:
    assert manifest.preprocessing is not None
    files = tuple(model_file(folder, f"fp32/model.{kind}") for kind in ("bin", "xml"))
    variant = manifest.variants["fp32"].model_copy(
        update={"model": "fp32/model.xml", "files": files, "inference_precision": "f32"}
    )
    open_shape = (-1, 1, -1, -1)
    return manifest.model_copy(
        update={
            "preprocessing": manifest.preprocessing.model_copy(update={"frames": FRAMES}),
            "inputs": tuple(e.model_copy(update={"shape": open_shape}) for e in manifest.inputs),
            "outputs": tuple(e.model_copy(update={"shape": open_shape}) for e in manifest.outputs),
            "variants": {"fp32": variant},
            "default_variant": "fp32",
        }
    )
