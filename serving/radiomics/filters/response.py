"""Response maps of named filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serving.radiomics.filters.cascade import Support
from serving.radiomics.filters.filter import Source
from serving.radiomics.filters.name import parse
from serving.radiomics.imaging.image import Image


def responses(image: Image, names: Sequence[str]) -> Iterator[tuple[str, Image]]:
    """Filter an image, one response map at a time.

    A name that stands for several filters yields each under its own full name. All names are
    read before the first filter runs; raises InvalidRequest for one that is no filter's. Sub-bands
    of one wavelet given side by side share their convolutions.
    """
    filters = [named for name in names for named in parse(name)]
    source = Source(image)
    for name, chosen in filters:
        yield name, Image(chosen.response(source), image.affine_lps)


def support_voxels(name: str, spacing_mm: tuple[float, float, float]) -> Support | None:
    """Say how much image a filter needs around a region.

    Returns voxels (slice, row, column) to each side: inside a crop with that margin the responses
    are the whole image's, unless the crop meets the image's own border, where it must end too.
    None: the filter reads the whole image. Raises InvalidRequest for a name that is no filter's.
    """
    reach = [0, 0, 0]
    for _, chosen in parse(name):
        support = chosen.support_voxels(spacing_mm)
        if support is None:
            return None
        reach = [max(pair) for pair in zip(reach, support, strict=True)]
    return reach[0], reach[1], reach[2]
