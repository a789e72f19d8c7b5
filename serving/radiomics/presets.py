"""Settings by name: the five configurations of IBSI's CT benchmark, and its digital phantom."""

from __future__ import annotations

from serving.domain.errors import InvalidRequest
from serving.radiomics.settings import (
    Aggregation,
    Discretisation,
    ExtractionSettings,
    Interpolation,
    Resegmentation,
)

_BY_SLICE: tuple[Aggregation, ...] = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb")
_BY_VOLUME: tuple[Aggregation, ...] = ("3D_avg", "3D_comb")
_AS_THEY_ARE = Discretisation(method="none")
_BINS_OF_25 = Discretisation(method="fixed_bin_size", bin_size=25.0)
_32_BINS = Discretisation(method="fixed_bin_number", bins=32)

_PRESETS = {
    "ibsi-digital": ExtractionSettings(
        discretisation=_AS_THEY_ARE, aggregations=(*_BY_SLICE, *_BY_VOLUME)
    ),
    "ibsi-a": ExtractionSettings(
        resegmentation=Resegmentation(range=(-500.0, 400.0)),
        discretisation=_BINS_OF_25,
        aggregations=_BY_SLICE,
    ),
    "ibsi-b": ExtractionSettings(
        interpolation=Interpolation(spacing_mm=(2.0, 2.0)),
        resegmentation=Resegmentation(range=(-500.0, 400.0)),
        discretisation=_32_BINS,
        aggregations=_BY_SLICE,
    ),
    "ibsi-c": ExtractionSettings(
        interpolation=Interpolation(spacing_mm=(2.0, 2.0, 2.0)),
        resegmentation=Resegmentation(range=(-1000.0, 400.0)),
        discretisation=_BINS_OF_25,
        volume_histogram=Discretisation(method="fixed_bin_size", bin_size=2.5),
        aggregations=_BY_VOLUME,
    ),
    "ibsi-d": ExtractionSettings(
        interpolation=Interpolation(spacing_mm=(2.0, 2.0, 2.0)),
        resegmentation=Resegmentation(outlier_sigmas=3.0),
        discretisation=_32_BINS,
        aggregations=_BY_VOLUME,
    ),
    "ibsi-e": ExtractionSettings(
        interpolation=Interpolation(spacing_mm=(2.0, 2.0, 2.0), order=3),
        resegmentation=Resegmentation(range=(-1000.0, 400.0), outlier_sigmas=3.0),
        discretisation=_32_BINS,
        volume_histogram=Discretisation(method="fixed_bin_number", bins=1000),
        aggregations=_BY_VOLUME,
    ),
}
PRESETS = tuple(_PRESETS)
"""The names that `preset` knows."""


def preset(name: str) -> ExtractionSettings:
    """The settings of a preset; raises InvalidRequest for a name that is none of `PRESETS`.

    Source: IBSI 5.2 (digital phantom) and table 5.1 (configurations A to E of the CT image).
    """
    if name not in _PRESETS:
        raise InvalidRequest(
            f"A preset is one of {', '.join(PRESETS)}, not {name[:40]!a}; choose one of them."
        )
    return _PRESETS[name]
