"""All features of one region of interest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from serving.radiomics.features import (
    glcm,
    gldzm,
    glrlm,
    glszm,
    histogram,
    local_intensity,
    morphology,
    ngldm,
    ngtdm,
    statistics,
    volume_histogram,
)
from serving.radiomics.filters import responses, support_voxels
from serving.radiomics.imaging.discretise import levels_of
from serving.radiomics.imaging.grid import grid_of
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.imaging.prepare import prepare_with_surroundings
from serving.radiomics.imaging.region import Levels, Region
from serving.radiomics.imaging.resegment import finite_bounds
from serving.radiomics.pyradiomics.extract import extract_pyradiomics
from serving.radiomics.settings import Aggregation, ExtractionSettings, Family, Resegmentation

_OF_REGION: dict[Family, Callable[[Region], dict[str, float]]] = {
    "morphology": morphology.features,
    "local_intensity": local_intensity.features,
    "statistics": statistics.features,
}
_OF_LEVELS: dict[Family, Callable[[Levels, Sequence[Aggregation]], dict[str, float]]] = {
    "histogram": lambda levels, _aggregations: histogram.features(levels),
    "glcm": glcm.features,
    "glrlm": glrlm.features,
    "glszm": glszm.features,
    "gldzm": gldzm.features,
    "ngtdm": ngtdm.features,
    "ngldm": ngldm.features,
}


def extract(image: Image, roi: Roi, settings: ExtractionSettings) -> dict[str, float]:
    """The chosen features by the names of the convention, in the order of the families.

    Under `ibsi` names are the tags of IBSI's reference values; features of a filter's response
    stand behind `<filter>__`, without morphology, and their bins start at the region's least
    response. A feature that is undefined for the region is NaN. Raises InvalidRequest and its
    UnsupportedImage where nothing can be computed: see `prepare` and `bins_of`.
    """
    if settings.convention == "pyradiomics":
        return extract_pyradiomics(image, roi, settings)
    prepared = prepare_with_surroundings(image, roi, settings, _margin(image, settings))
    values = features_of(prepared.region, settings)
    filtered = _for_responses(settings)
    for name, response in responses(prepared.surroundings, settings.filters):
        for tag, value in features_of(prepared.seen_in(response), filtered).items():
            values[f"{name}__{tag}"] = value
    return values


def features_of(region: Region, settings: ExtractionSettings) -> dict[str, float]:
    """The chosen features of a prepared region, by IBSI's tags; filters are not applied."""
    values: dict[str, float] = {}
    levels: Levels | None = None
    bounds = settings.resegmentation.range
    for family in settings.families:
        if family in _OF_REGION:
            values |= _OF_REGION[family](region)
        elif family == "volume_histogram":
            values |= volume_histogram.features(region, settings.volume_histogram, bounds)
        else:
            levels = levels or levels_of(region, settings.discretisation, finite_bounds(bounds)[0])
            values |= _OF_LEVELS[family](levels, settings.aggregations)
    return values


def _for_responses(settings: ExtractionSettings) -> ExtractionSettings:
    """A response has units of its own: no morphology, and no bins tied to the image's range."""
    return settings.model_copy(
        update={
            "families": tuple(family for family in settings.families if family != "morphology"),
            "resegmentation": Resegmentation(),
            "discretisation": settings.discretisation.model_copy(update={"lowest": None}),
            "volume_histogram": settings.volume_histogram.model_copy(update={"lowest": None}),
        }
    )


def _margin(image: Image, settings: ExtractionSettings) -> tuple[int, int, int]:
    """Voxels of the interpolated image that the filters need around the region."""
    grid = grid_of(image, settings.interpolation)
    margin = (0, 0, 0)
    for name in settings.filters:
        support = support_voxels(name, grid.spacing_mm) or grid.shape
        margin = (
            max(margin[0], support[0]),
            max(margin[1], support[1]),
            max(margin[2], support[2]),
        )
    return margin
