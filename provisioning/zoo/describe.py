"""What the two trained chest CT networks say of themselves: their `description.toml`."""

from dataclasses import dataclass
from pathlib import Path

import tomli_w

from provisioning.description import ModelDescription, TensorMeaning
from provisioning.zoo.hounsfield import HU_HIGH, HU_LOW
from serving.domain.manifest import CodedLabel, Preprocessing, Training

SIDE = 256
"""Rows and columns of the slices of the training data."""

FRAMES = ((128, 192), (128, 256), (160, 192), (160, 256), (192, 256), (224, 256))
"""Rows and columns of the crops that a box may send in place of whole slices."""

ARCHITECTURES = {
    "nested_unet": "Nested U-Net (UNet++, Zhou et al. 2018, arXiv 1807.10165), channels "
    "16,32,64,128,256, batch norm, bilinear upsampling, 2.29 million parameters",
    "hrnet": "HRNetV2-W18-Small-v1 for segmentation (Wang et al. 2020, arXiv 1908.07919), "
    "width 16, stem of strides 2 and 1 in place of 2 and 2, 1.54 million parameters",
}

LOSSES = {"nested_unet": "BCE + Dice on four heads (deep supervision)", "hrnet": "BCE + Dice"}


@dataclass(frozen=True)
class RunFacts:
    """The step whose weights were taken, the last step of the run's cycle, and its seed."""

    step: int
    steps: int
    seed: int


def describe(network: str, run: RunFacts) -> ModelDescription:
    """The description of a network of `provisioning.zoo.segmenter.SEGMENTERS`."""
    return ModelDescription(
        task="segmentation of pneumonia lesions in axial chest CT slices",
        architecture=ARCHITECTURES[network],
        intended_use="Research and demonstration of the box. No clinical use.",
        tensors=_tensors(),
        preprocessing=Preprocessing(
            rows=SIDE, columns=SIDE, window_hu=(HU_LOW, HU_HIGH), frames=FRAMES
        ),
        labels=(CodedLabel(value=1, meaning="Pneumonia", scheme="SCT", code="233604007"),),
        training=_training(network, run),
    )


def write_description(description: ModelDescription, folder: Path) -> Path:
    """Write `description.toml` into `folder`; returns its path."""
    path = folder / "description.toml"
    path.write_text(tomli_w.dumps(description.model_dump(mode="json", exclude_none=True)), "utf-8")
    return path


def _tensors() -> dict[str, TensorMeaning]:
    taken = "axial CT slices at true Hounsfield units, not clipped: whole field of view or a crop"
    given = "probability that a pixel belongs to a pneumonia lesion; called a lesion above 0.5"
    return {
        "hu": TensorMeaning(meaning=taken, units="HU"),
        "probability": TensorMeaning(meaning=given),
    }


def _training(network: str, run: RunFacts) -> Training:
    return Training(
        data="COVID-19 CT Lung and Infection Segmentation Dataset (Ma et al.), coronacases "
        "001-008, doi 10.5281/zenodo.3757476; Medical Physics 2021, doi 10.1002/mp.14676",
        licence="CC BY 4.0 (attribution: Ma Jun et al.)",
        split="by patient: train coronacases 001-006, validate 007, test 008; slices whose "
        "soft-tissue peak is at grey value 87..128",
        recipe=f"provisioning/zoo/train.py --network {network}: seed {run.seed}, one-cycle AdamW "
        f"to step {run.steps} on 6 crops of 160x192, {LOSSES[network]}, averaged weights of step "
        f"{run.step}, best by pooled Dice on 007; trained from random weights",
        trained=True,
    )
