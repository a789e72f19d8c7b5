"""A copy of a model version for smaller slices: the same weights and layers, less time each."""

from __future__ import annotations

import hashlib
from pathlib import Path

import openvino as ov


def write_small_version(source: Path, target: Path, side: int) -> Path:
    """Writes variant fp32 of a one-input slice network for `side` x `side` pixels.

    Its manifest is the source's own without other variants; returns the new version's folder.
    """
    model = ov.Core().read_model(source / "fp32" / "model.xml")
    model.reshape({0: [1, 1, side, side]})
    folder = target / source.parent.name / source.name
    (folder / "fp32").mkdir(parents=True)
    ov.save_model(model, folder / "fp32" / "model.xml")
    ports = [("inputs", model.input(0), "INT16"), ("outputs", model.output(0), "FP32")]
    text = (
        f'name = "{source.parent.name}"\nversion = {source.name}\ntask = "benchmark"\n'
        'architecture = "as the source"\nintended_use = "Benchmarks only."\n'
        'default_variant = "fp32"\n'
    )
    for kind, port, datatype in ports:
        text += f'[[{kind}]]\nname = "{port.any_name}"\ndatatype = "{datatype}"\n'
        text += f'shape = [1, 1, {side}, {side}]\nmeaning = "slice"\n'
    text += '[variants.fp32]\nmodel = "fp32/model.xml"\ninference_precision = "f32"\n'
    for path in sorted((folder / "fp32").iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        text += f'[[variants.fp32.files]]\npath = "fp32/{path.name}"\nsha256 = "{digest}"\n'
    (folder / "model.toml").write_text(text, "utf-8")
    return folder
