"""What a version's folder says of itself: `metrics.json`, `model.toml`, the card's figures."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from provisioning.zoo.metrics import Metrics

CARD_BEGIN, CARD_END = "<!-- figures: begin -->", "<!-- figures: end -->"

MANIFEST = """\
# Written by `python -m provisioning.zoo.export`; see MODEL_CARD.md for what it means.
name = "nested_unet_covid"
version = 1
task = "segmentation of pneumonia lesions in axial chest CT slices"
architecture = "Nested U-Net (UNet++, Zhou et al. 2018), channels 16,32,64,128,256"
intended_use = "Research and demonstration of the box. No clinical use."
disclaimer = "Not a medical device."
default_variant = "fp32"

[[inputs]]
name = "hu"
datatype = "INT16"
shape = [-1, 1, 256, 256]
meaning = "axial CT slices at true Hounsfield units, whole field of view, not clipped"
units = "HU"

[[outputs]]
name = "probability"
datatype = "FP32"
shape = [-1, 1, 256, 256]
meaning = "probability that a pixel belongs to a pneumonia lesion; called a lesion above 0.5"
units = "1"

[preprocessing]
orientation = "LPS"
rows = 256
columns = 256
units = "HU"
window_hu = [-1250.0, 250.0]

# Code of SNOMED CT: 233604007 |Pneumonia (disorder)|.
[[labels]]
value = 1
meaning = "Pneumonia"
scheme = "SCT"
code = "233604007"

[training]
data = "COVID-19 CT Lung and Infection Segmentation Dataset (Ma et al.), coronacases 001-008, \
doi 10.5281/zenodo.3757476; Medical Physics 2021, doi 10.1002/mp.14676"
licence = "CC BY 4.0 (attribution: Ma Jun et al.)"
split = "by patient: train coronacases 001-006, validate 007, test 008; slices whose \
soft-tissue peak is at grey value 87..128"
recipe = "provisioning/zoo/train.py: seed {seed}, one-cycle AdamW to step {steps} on 6 crops \
of 160x192, BCE + Dice with deep supervision, averaged weights of step {step}, best by pooled \
Dice on 007; the exact commands are in MODEL_CARD.md"
trained = true
"""

VARIANT = """
# {comment}
[variants.{name}]
model = "fp32/model.xml"
inference_precision = "{hint}"
files = [
{files}
]

[variants.{name}.metrics]
{metrics}
"""

FILES = ("fp32/model.bin", "fp32/model.xml")

COMMENTS = {
    "fp32": "Weights are stored as FP16 and computed with as float32.",
    "bf16": "The same files, computed in bfloat16: about the same figures, less time.",
}


def write_metrics(metrics: Metrics, folder: Path) -> str:
    """Write `metrics.json` into `folder`; returns its text."""
    text = json.dumps(asdict(metrics), indent=1) + "\n"
    (folder / "metrics.json").write_text(text, "utf-8")
    return text


def write_manifest(metrics: Metrics, folder: Path) -> None:
    """Write `model.toml` with the digests of the files that lie in `folder` now."""
    text = MANIFEST.format(**asdict(metrics.run))
    for name, hint in (("fp32", "f32"), ("bf16", "bf16")):
        text += VARIANT.format(
            comment=COMMENTS[name],
            name=name,
            hint=hint,
            files="\n".join(_file_line(folder, path) for path in FILES),
            metrics="\n".join(_metric_lines(metrics, hint)),
        )
    (folder / "model.toml").write_text(text, "utf-8")


def write_card_figures(metrics: Metrics, folder: Path) -> None:
    """Replace what stands between the two marks of `MODEL_CARD.md` by the measured table."""
    card = folder / "MODEL_CARD.md"
    before, rest = card.read_text("utf-8").split(CARD_BEGIN)
    after = rest.split(CARD_END)[1]
    card.write_text(f"{before}{CARD_BEGIN}\n{figures_table(metrics)}\n{CARD_END}{after}", "utf-8")


def figures_table(metrics: Metrics) -> str:
    """One Markdown row a patient: slices, lesion voxels, Dice and volume error twice."""
    lines = [
        "| patient | role | slices | lesion voxels | Dice FP32 | Dice BF16 | "
        "volume error FP32 | volume error BF16 |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    scores = {(p.patient, p.precision): p for p in metrics.patients}
    for name in dict.fromkeys(p.patient for p in metrics.patients):
        full, half = scores[name, "f32"], scores[name, "bf16"]
        lines.append(
            f"| {name} | {full.role} | {full.slices} | {full.lesion_voxels} | {full.dice:.3f} | "
            f"{half.dice:.3f} | {full.volume_error:+.1%} | {half.volume_error:+.1%} |"
        )
    return "\n".join(lines)


def _file_line(folder: Path, path: str) -> str:
    digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
    return f'  {{ path = "{path}", sha256 = "{digest}" }},'


def _metric_lines(metrics: Metrics, hint: str) -> list[str]:
    lines = [f"dice_train_mean = {metrics.mean_dice('train', hint):.4f}"]
    for p in metrics.patients:
        if p.precision == hint:
            number = p.patient[-3:]
            lines.append(f"dice_{p.role}_{number} = {p.dice}")
            lines.append(f"volume_error_{p.role}_{number} = {p.volume_error}")
    return lines
