"""The feature pyramid of RetinaNet: levels P3 to P7, all of one width.

Lin et al., "Feature Pyramid Networks for Object Detection" (arXiv 1612.03144), with the two
coarser levels of RetinaNet. The paper takes P6 from C5; torchvision's published network takes
it from P5, which is what is done here, so that counts can be compared.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

WIDTH = 256
STRIDES = (8, 16, 32, 64, 128)
"""Pixels of the image per cell of P3 to P7."""


class FeaturePyramid(nn.Module):
    """Maps C3, C4, C5 to P3 .. P7 of `WIDTH` channels."""

    def __init__(self, channels: Sequence[int], width: int = WIDTH) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels)
        self.sixth = nn.Conv2d(width, width, 3, 2, padding=1)
        self.seventh = nn.Conv2d(width, width, 3, 2, padding=1)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Finest first; each level of `maps` halves the one before it, rounding up."""
        merged = [layer(x) for layer, x in zip(self.lateral, maps, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            size = merged[i - 1].shape[-2:]
            merged[i - 1] = merged[i - 1] + functional.interpolate(merged[i], size=size)
        levels = [layer(x) for layer, x in zip(self.smooth, merged, strict=True)]
        sixth = self.sixth(levels[-1])
        return [*levels, sixth, self.seventh(functional.relu(sixth))]
