"""The two classification networks of the case study, untrained."""

from __future__ import annotations

import numpy as np

from provisioning.description import ModelDescription, TensorMeaning
from provisioning.zoo.entry import DYNAMIC, ZooEntry, ZooInput
from provisioning.zoo.untrained import BENCHMARK_ONLY, untrained

_IMAGES = ZooInput("image", np.uint8, (DYNAMIC, 3, 299, 299), (1, 3, 299, 299), (0, 255))
_AT = "provisioning.zoo.classification_networks"


def _describe(architecture: str) -> ModelDescription:
    return ModelDescription(
        task="classification of colour images",
        architecture=architecture,
        intended_use=BENCHMARK_ONLY,
        tensors={
            "image": TensorMeaning(meaning="colour images, red, green, blue, values 0..255"),
            "probability": TensorMeaning(meaning="probability of each of 1000 classes"),
        },
        training=untrained("logits scaled to a standard deviation of 2"),
    )


INCEPTION_V4 = ZooEntry(
    name="inception_v4",
    network=f"{_AT}:served_inception_v4",
    input=_IMAGES,
    outputs=("probability",),
    description=_describe("Inception V4 (Szegedy et al. 2016, arXiv 1602.07261)"),
    parameters=42_679_816,
    published="42,679,816 with 1000 classes (timm); ours is the same",
)

INCEPTION_RESNET_V2 = ZooEntry(
    name="inception_resnet_v2",
    network=f"{_AT}:served_inception_resnet_v2",
    input=_IMAGES,
    outputs=("probability",),
    description=_describe("Inception-ResNet V2 (Szegedy et al. 2016, arXiv 1602.07261)"),
    parameters=55_843_464,
    published="55,843,464 with 1000 classes (timm); ours is the same",
)
