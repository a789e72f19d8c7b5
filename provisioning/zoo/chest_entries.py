"""The two chest CT segmentation networks of the case study, at 512x512, untrained."""

from __future__ import annotations

import numpy as np

from provisioning.description import ModelDescription, TensorMeaning
from provisioning.zoo.entry import DYNAMIC, ZooEntry, ZooInput
from provisioning.zoo.untrained import BENCHMARK_ONLY, untrained
from serving.domain.manifest import CodedLabel, Preprocessing

SIDE = 512
FRAMES = ((256, 384), (256, 512), (320, 384), (320, 512), (384, 512), (448, 512))
"""Bounding boxes of lungs, padded to multiples of 64; a study's crops take the first that fits."""

_SLICES = ZooInput("hu", np.int16, (DYNAMIC, 1, DYNAMIC, DYNAMIC), (1, 1, SIDE, SIDE), (-1000, 200))
# SNOMED CT 233604007 |Pneumonia (disorder)|.
_PNEUMONIA = CodedLabel(value=1, meaning="Pneumonia", scheme="SCT", code="233604007")


def _describe(architecture: str, recipe: str) -> ModelDescription:
    return ModelDescription(
        task="segmentation of pneumonia lesions in axial chest CT slices",
        architecture=architecture,
        intended_use=BENCHMARK_ONLY,
        tensors={
            "hu": TensorMeaning(
                meaning="axial CT slices at true Hounsfield units, not clipped", units="HU"
            ),
            "probability": TensorMeaning(
                meaning="probability that a pixel belongs to a pneumonia lesion"
            ),
        },
        preprocessing=Preprocessing(
            rows=SIDE, columns=SIDE, window_hu=(-1250.0, 250.0), frames=FRAMES
        ),
        labels=(_PNEUMONIA,),
        training=untrained(recipe),
    )


NESTED_UNET_512 = ZooEntry(
    name="nested_unet_512",
    network="provisioning.zoo.chest_networks:nested_unet_512",
    input=_SLICES,
    outputs=("probability",),
    description=_describe(
        "Nested U-Net (UNet++, Zhou et al. 2018, arXiv 1807.10165), channels 32,64,128,256,512",
        "head biased to -4",
    ),
    parameters=9_159_204,
    published="9.04 M (9,042,144 with 2x2 transposed convolutions, convolution biases, three "
    "input channels, without batch norm and heads); ours upsamples bilinearly",
)

HRNET_W18 = ZooEntry(
    name="hrnet_w18",
    network="provisioning.zoo.chest_networks:hrnet_w18",
    input=_SLICES,
    outputs=("probability",),
    description=_describe(
        "HRNetV2-W18 for segmentation (Wang et al. 2020, arXiv 1908.07919)", "head biased to -4"
    ),
    parameters=9_635_089,
    published="9.6 M (9,641,119 with three input channels and 19 classes; ours has one of each)",
)
