"""The detection network of the catalogue, with seeded weights, as it is served."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from provisioning.zoo.detector import Detector
from provisioning.zoo.entry import smooth_noise
from provisioning.zoo.retinanet import RetinaNet
from provisioning.zoo.settle import draw_weights, seeded, settle

ROWS, COLUMNS = 1280, 640
OFFSET_SPREAD = 0.2
"""Standard deviation of the box offsets of random weights."""
LOGIT_SPREAD = 2.0
CANDIDATES = 15
"""Anchors over the score threshold on noise: few, as of a trained network, and far enough apart
that rounding does not change their order."""


def retinanet_r50(seed: int) -> nn.Module:
    """RetinaNet for one class: uint8 grey image (1, 1, 1280, 640) to boxes, scores, labels."""
    seeded(seed)
    network = RetinaNet(classes=1)
    draw_weights(network)
    detector = Detector(network, ROWS, COLUMNS)
    grey = smooth_noise((1, 1, ROWS, COLUMNS), (0, 255), np.uint8, seed)
    image = detector.normalise(torch.from_numpy(grey))
    settle(network.trunk, image)
    return _level_heads(detector.eval(), image)


@torch.no_grad()
def _level_heads(detector: Detector, image: Tensor) -> Detector:
    """Scale the last layers of both heads, so that answers are few and boxes near anchors."""
    network = detector.network
    logits, deltas = (torch.cat(parts, dim=1) for parts in network(image))
    network.classify.last.weight.mul_(LOGIT_SPREAD / logits.std())
    network.regress.last.weight.mul_(OFFSET_SPREAD / deltas.std())
    centred = logits - network.classify.last.bias[0]
    lowest = centred.flatten().topk(CANDIDATES).values[-1] * LOGIT_SPREAD / logits.std()
    threshold = detector.selection.score_threshold
    wanted = math.log(threshold / (1 - threshold))
    nn.init.constant_(network.classify.last.bias, wanted - float(lowest))
    return detector
