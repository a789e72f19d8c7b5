"""The mammography detection network of the case study, untrained."""

from __future__ import annotations

import numpy as np

from provisioning.description import ModelDescription, TensorMeaning
from provisioning.zoo.entry import ZooEntry, ZooInput
from provisioning.zoo.untrained import BENCHMARK_ONLY, untrained
from serving.domain.manifest import CodedLabel

_SHAPE = (1, 1, 1280, 640)
# SNOMED CT 4147007 |Mass (morphologic abnormality)|.
_MASS = CodedLabel(value=1, meaning="Mass", scheme="SCT", code="4147007")
_TENSORS = {
    "image": TensorMeaning(meaning="one mammogram, grey values 0..255, the breast filling it"),
    "boxes": TensorMeaning(
        meaning="corners x1, y1, x2, y2 of 100 boxes, best first; zeros where fewer were found",
        units="pixel",
    ),
    "scores": TensorMeaning(meaning="probability of each box; 0 marks a row that holds none"),
    "labels": TensorMeaning(meaning="class of each box, counted from 1; 0 marks an empty row"),
}

RETINANET_R50 = ZooEntry(
    name="retinanet_r50",
    network="provisioning.zoo.detection_networks:retinanet_r50",
    input=ZooInput("image", np.uint8, _SHAPE, _SHAPE, (0, 255)),
    outputs=("boxes", "scores", "labels"),
    description=ModelDescription(
        task="detection of masses in mammograms",
        architecture="RetinaNet with ResNet50-FPN (Lin et al. 2017, arXiv 1708.02002)",
        intended_use=BENCHMARK_ONLY,
        tensors=_TENSORS,
        labels=(_MASS,),
        training=untrained("heads scaled to about 15 candidates an image"),
    ),
    parameters=32_147_949,
    published="34,014,999 with three input channels and 91 classes (torchvision, frozen batch "
    "norm not counted); ours has one class",
)
