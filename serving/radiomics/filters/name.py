"""Names of filters, as settings and results tables write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from serving.domain.errors import InvalidRequest
from serving.radiomics.filters.boundary import BOUNDARIES, Boundary
from serving.radiomics.filters.filter import Filter
from serving.radiomics.filters.gabor import Gabor
from serving.radiomics.filters.laplacian import LaplacianOfGaussian
from serving.radiomics.filters.laws import LAWS_KERNELS, Laws
from serving.radiomics.filters.mean import Mean
from serving.radiomics.filters.riesz import Riesz
from serving.radiomics.filters.rotation import Pooling
from serving.radiomics.filters.simoncelli import Simoncelli
from serving.radiomics.filters.wavelet import FAMILIES, SeparableWavelet, bands

FORMS = (
    "mean_SIZE[_2D]",
    "log_sigma_MMmm[_2D][_scaled]",
    "laws_KERNELS[_energyDISTANCE][_rotmax|_rotmean]",
    "gabor_sigmaMMmm_lambdaMMmm_gammaRATIO[_thetaDEGdeg][_stepDEGdeg][_ortho]",
    "wavelet_FAMILY[_BAND][_levelN][_2D][_rotmax|_rotmean]",
    "simoncelli_levelN[_2D]",
    "riesz_ORDERS_(log...|simoncelli...)",
)
"""All but the last two also take `_zero`, `_nearest`, `_periodic` or `_mirror` at the end."""

_LONGEST_NAME = 100
_WIDEST_MM = 60.0
"""Of a Gaussian's standard deviation: kernels must fit into memory on any clinical spacing."""
_FINEST_STEP_DEG = 5.0
_NUMBER = r"(?:0|[1-9]\d{0,3})(?:\.\d{1,4})?"
_BOUNDARY = rf"(?:_(?P<boundary>{'|'.join(BOUNDARIES)}))?"
_POOLING = r"(?:_rot(?P<pooling>max|mean))?"
_PLANAR = r"(?P<planar>_2D)?"
Fields = dict[str, str | None]


def parse(name: str) -> tuple[tuple[str, Filter], ...]:
    """Read a filter's name; a wavelet without a sub-band stands for all of them.

    Returns each filter with its own full name, such as `wavelet_coif1_LLH`. Raises InvalidRequest
    for a name of no known form or with a parameter out of range.
    """
    for pattern, read in _READERS:
        match = pattern.fullmatch(name[: _LONGEST_NAME + 1])
        if match and len(name) <= _LONGEST_NAME:
            return read(name, match.groupdict())
    raise _refusal(name, "is not the name of a known filter")


def _refusal(name: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"The filter {name[:_LONGEST_NAME]!a} {reason}; name one of the forms {', '.join(FORMS)}, "
        f"with one of {', '.join('_' + known for known in BOUNDARIES)} behind where the border "
        "should be another than a mirror."
    )


def _mean(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    size = int(fields["size"] or 0)
    if size % 2 == 0:
        raise _refusal(name, "needs an odd number of voxels")
    return ((name, Mean(size, _dimensions(fields), _boundary(fields))),)


def _log(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    sigma_mm = _sigma_mm(name, fields)
    scaled = fields["scaled"] is not None
    return ((name, LaplacianOfGaussian(sigma_mm, _dimensions(fields), _boundary(fields), scaled)),)


def _laws(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    kernels = tuple(re.findall("..", fields["kernels"] or ""))
    energy = fields["energy"]
    distance = None if energy is None else int(energy)
    return ((name, Laws(kernels, distance, _pooling(fields), _boundary(fields))),)


def _gabor(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    sigma_mm, aspect = _sigma_mm(name, fields), _positive(name, fields, "aspect")
    if sigma_mm / aspect > _WIDEST_MM:
        raise _refusal(name, f"needs a sigma / gamma of at most {_WIDEST_MM:g} mm")
    gabor = Gabor(
        sigma_mm=sigma_mm,
        wavelength_mm=_positive(name, fields, "wavelength"),
        aspect=aspect,
        theta_deg=float(fields["theta"] or 0),
        step_deg=_step_deg(name, fields),
        orthogonal=fields["orthogonal"] is not None,
        boundary=_boundary(fields),
    )
    return ((name, gabor),)


def _step_deg(name: str, fields: Fields) -> float | None:
    if fields["step"] is None:
        return None
    step_deg = float(fields["step"])
    if step_deg < _FINEST_STEP_DEG or abs(360 / step_deg - round(360 / step_deg)) > 1e-9:
        raise _refusal(
            name,
            f"needs a step of at least {_FINEST_STEP_DEG:g} degrees that divides a full turn",
        )
    return step_deg


def _wavelet(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    family, band, level = fields["family"] or "", fields["band"], int(fields["level"] or 1)
    if family not in FAMILIES:
        raise _refusal(name, f"needs one of the families {', '.join(FAMILIES)}")
    dimensions = _dimensions(fields)
    if band is not None and fields["planar"] and len(band) != dimensions:
        raise _refusal(name, "needs a sub-band of two letters in 2D")
    head, tail = f"wavelet_{family}", name.removeprefix(f"wavelet_{family}")
    named = {name: band} if band else {f"{head}_{own}{tail}": own for own in bands(dimensions)}
    return tuple(
        (full, SeparableWavelet(family, own, level, _pooling(fields), _boundary(fields)))
        for full, own in named.items()
    )


def _simoncelli(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    return ((name, Simoncelli(int(fields["level"] or 1), _dimensions(fields))),)


def _riesz(name: str, fields: Fields) -> tuple[tuple[str, Filter], ...]:
    orders = tuple(int(digit) for digit in fields["orders"] or "")
    if not any(orders):
        raise _refusal(name, "needs an order above zero")
    ((_, base),) = parse(fields["base"] or "")
    if not isinstance(base, LaplacianOfGaussian | Simoncelli) or base.dimensions != len(orders):
        raise _refusal(name, "needs as many orders as the filter before it has dimensions")
    return ((name, Riesz(orders, base)),)


def _dimensions(fields: Fields) -> int:
    return 2 if fields["planar"] else 3


def _boundary(fields: Fields) -> Boundary:
    return cast(Boundary, fields["boundary"] or "mirror")


def _pooling(fields: Fields) -> Pooling | None:
    return cast(Pooling | None, fields["pooling"])


def _sigma_mm(name: str, fields: Fields) -> float:
    sigma_mm = _positive(name, fields, "sigma")
    if sigma_mm > _WIDEST_MM:
        raise _refusal(name, f"needs a sigma of at most {_WIDEST_MM:g} mm")
    return sigma_mm


def _positive(name: str, fields: Fields, field: str) -> float:
    value = float(fields[field] or 0)
    if value <= 0:
        raise _refusal(name, f"needs a {field} above zero")
    return value


_LAWS = rf"laws_(?P<kernels>(?:{'|'.join(LAWS_KERNELS)}){{2,3}})"
_GABOR = (
    rf"gabor_sigma(?P<sigma>{_NUMBER})mm_lambda(?P<wavelength>{_NUMBER})mm"
    rf"_gamma(?P<aspect>{_NUMBER})(?:_theta(?P<theta>{_NUMBER})deg)?"
    rf"(?:_step(?P<step>{_NUMBER})deg)?(?P<orthogonal>_ortho)?"
)
_WAVELET = (
    r"wavelet_(?P<family>[a-z]{2,5}[0-9]{0,2}(?:\.[0-9])?)(?:_(?P<band>[LH]{2,3}))?"
    rf"(?:_level(?P<level>[1-4]))?{_PLANAR}{_POOLING}"
)
_READERS: tuple[
    tuple[re.Pattern[str], Callable[[str, Fields], tuple[tuple[str, Filter], ...]]], ...
] = tuple(
    (re.compile(pattern, re.ASCII), read)
    for pattern, read in (
        (rf"mean_(?P<size>[1-9]\d{{0,2}}){_PLANAR}{_BOUNDARY}", _mean),
        (rf"log_sigma_(?P<sigma>{_NUMBER})mm{_PLANAR}(?P<scaled>_scaled)?{_BOUNDARY}", _log),
        (rf"{_LAWS}(?:_energy(?P<energy>[1-9]\d?))?{_POOLING}{_BOUNDARY}", _laws),
        (rf"{_GABOR}{_BOUNDARY}", _gabor),
        (rf"{_WAVELET}{_BOUNDARY}", _wavelet),
        (rf"simoncelli_level(?P<level>[1-6]){_PLANAR}", _simoncelli),
        (r"riesz_(?P<orders>[0-4]{2,3})_(?P<base>(?:log|simoncelli)_.+)", _riesz),
    )
)
