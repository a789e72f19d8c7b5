"""A sound network with one bias changed: it loads, answers its own self-test, and is of no use."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from appliance.box_config import product_models
from provisioning.manifest_file import model_file, write_manifest
from provisioning.self_test.existing import record_existing
from serving.domain.manifest import read_manifest
from serving.engine.runtime import ov

MODEL = "nested_unet_covid"
_VARIANT = "fp32"
_SURE = 50.0
"""Added before the sigmoid: every pixel becomes a lesion."""


def write_damaged(repository: Path, version: int) -> Path:
    """The network that comes with the box, as that version, calling everything a lesion."""
    source = product_models() / MODEL / "1"
    folder = repository / MODEL / str(version)
    (folder / _VARIANT).mkdir(parents=True)
    manifest = read_manifest(source)
    variant = manifest.variants[_VARIANT]
    ov.save_model(_damaged(source / variant.model), str(folder / variant.model))
    files = tuple(model_file(folder, file.path) for file in variant.files)
    changes = {
        "version": version,
        "default_variant": _VARIANT,
        "variants": {_VARIANT: variant.model_copy(update={"files": files})},
        "self_test": None,
    }
    write_manifest(manifest.model_copy(update=changes), folder)
    inputs = shutil.copy(source / "self_test" / "inputs.npz", repository / "inputs.npz")
    recorded = record_existing(folder, Path(inputs), lambda _share, _stage: None)
    assert recorded.self_test is not None, recorded.reason
    return folder


def _damaged(path: Path) -> ov.Model:
    model = ov.Core().read_model(path)
    sigmoid = model.outputs[0].node.input_value(0).get_node()
    assert sigmoid.get_type_name() == "Sigmoid"
    sure = ov.opset13.constant(np.float32(_SURE))
    shifted = ov.opset13.add(sigmoid.input_value(0), sure)
    sigmoid.input(0).replace_source_output(shifted.output(0))
    model.validate_nodes_and_infer_types()
    return model
