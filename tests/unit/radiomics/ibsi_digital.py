"""The IBSI-1 digital phantom and every reference value of it (arXiv 1612.07003, appendix 2).

Values and tolerances as the Image Biomarker Standardisation Initiative publishes them: the phantom
under CC BY 4.0, the numbers as facts. A tag without a value has no consensus.
"""

from __future__ import annotations

import math

import numpy as np

SPACING_MM = (2.0, 2.0, 2.0)
IMAGE = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [1, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 1, 1, 1], [1, 1, 9, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ],
    dtype=np.float64,
)
"""(slices, rows, columns), as its NIfTI file holds it."""
MASK = np.array(
    [
        [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
        [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
        [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 1, 1]],
        [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
    ],
    dtype=bool,
)

_VALUES = """
morph_volume 556 4
morph_vol_approx 592 4
morph_area_mesh 388 3
morph_av 0.698 0.004
morph_comp_1 0.0411 0.0003
morph_comp_2 0.599 0.004
morph_sph_dispr 1.19 0.01
morph_sphericity 0.843 0.005
morph_asphericity 0.186 0.001
morph_com 0.672 0.004
morph_diam 13.1 0.1
morph_pca_maj_axis 11.4 0.1
morph_pca_min_axis 9.31 0.06
morph_pca_least_axis 8.54 0.05
morph_pca_elongation 0.816 0.005
morph_pca_flatness 0.749 0.005
morph_vol_dens_aabb 0.869 0.005
morph_area_dens_aabb 0.866 0.005
morph_vol_dens_ombb - -
morph_area_dens_ombb - -
morph_vol_dens_aee 1.17 0.01
morph_area_dens_aee 1.36 0.01
morph_vol_dens_mvee - -
morph_area_dens_mvee - -
morph_vol_dens_conv_hull 0.961 0.006
morph_area_dens_conv_hull 1.03 0.01
morph_integ_int 1200 10
morph_moran_i 0.0397 0.0003
morph_geary_c 0.974 0.006
loc_peak_loc 2.6 0
loc_peak_glob 3.1 0
stat_mean 2.15 0
stat_var 3.05 0
stat_skew 1.08 0
stat_kurt -0.355 0
stat_median 1 0
stat_min 1 0
stat_p10 1 0
stat_p90 4 0
stat_max 6 0
stat_iqr 3 0
stat_range 5 0
stat_mad 1.55 0
stat_rmad 1.11 0
stat_medad 1.15 0
stat_cov 0.812 0
stat_qcod 0.6 0
stat_energy 567 0
stat_rms 2.77 0
ih_mean 2.15 0
ih_var 3.05 0
ih_skew 1.08 0
ih_kurt -0.355 0
ih_median 1 0
ih_min 1 0
ih_p10 1 0
ih_p90 4 0
ih_max 6 0
ih_mode 1 0
ih_iqr 3 0
ih_range 5 0
ih_mad 1.55 0
ih_rmad 1.11 0
ih_medad 1.15 0
ih_cov 0.812 0
ih_qcod 0.6 0
ih_entropy 1.27 0
ih_uniformity 0.512 0
ih_max_grad 8 0
ih_max_grad_g 3 0
ih_min_grad -50 0
ih_min_grad_g 1 0
ivh_v10 0.324 0
ivh_v90 0.0946 0
ivh_i10 5 0
ivh_i90 2 0
ivh_diff_v10_v90 0.23 0
ivh_diff_i10_i90 3 0
ivh_auc - -
"""
"""Rows of tag, value, tolerance."""

_BY_DIRECTION = """
cm_joint_max 0.519 0.512 0.489 0.492 0.503 0.509
cm_joint_avg 2.14 2.14 2.2 2.2 2.14 2.15
cm_joint_var 2.69 2.71 3.22 3.24 3.1 3.13
cm_joint_entr 2.05 2.24 2.48 2.61 2.4 2.57
cm_diff_avg 1.42 1.4 1.46 1.44 1.43 1.38
cm_diff_var 2.9 3.06 3.11 3.23 3.06 3.21
cm_diff_entr 1.4 1.49 1.61 1.67 1.56 1.64
cm_sum_avg 4.28 4.29 4.41 4.41 4.29 4.3
cm_sum_var 5.47 5.66 7.48 7.65 7.07 7.41
cm_sum_entr 1.6 1.79 2.01 2.14 1.92 2.11
cm_energy 0.368 0.352 0.286 0.277 0.303 0.291
cm_contrast 5.28 5.19 5.39 5.29 5.32 5.12
cm_dissimilarity 1.42 1.4 1.46 1.44 1.43 1.38
cm_inv_diff 0.678 0.683 0.668 0.673 0.677 0.688
cm_inv_diff_norm 0.851 0.854 0.847 0.85 0.851 0.856
cm_inv_diff_mom 0.619 0.625 0.606 0.613 0.618 0.631
cm_inv_diff_mom_norm 0.899 0.901 0.897 0.899 0.898 0.902
cm_inv_var 0.0567 0.0553 0.0597 0.0582 0.0604 0.0574
cm_corr -0.0121 0.0173 0.178 0.182 0.157 0.183
cm_auto_corr 5.09 5.14 5.4 5.45 5.06 5.19
cm_clust_tend 5.47 5.66 7.48 7.65 7.07 7.41
cm_clust_shade 7 6.98 16.6 16.4 16.6 17.4
cm_clust_prom 79.1 80.4 147 142 145 147
cm_info_corr1 -0.155 -0.0341 -0.124 -0.0334 -0.157 -0.0288
cm_info_corr2 0.487 0.263 0.487 0.291 0.52 0.269
rlm_sre 0.641 0.661 0.665 0.68 0.705 0.729
rlm_lre 3.78 3.51 3.46 3.27 3.06 2.76
rlm_lgre 0.604 0.609 0.58 0.585 0.603 0.607
rlm_hgre 9.82 9.74 10.3 10.2 9.7 9.64
rlm_srlge 0.294 0.311 0.296 0.312 0.352 0.372
rlm_srhge 8.57 8.67 9.03 9.05 8.54 8.67
rlm_lrlge 3.14 2.92 2.79 2.63 2.39 2.16
rlm_lrhge 17.4 16.1 17.9 17 17.6 15.6
rlm_glnu 5.2 20.5 19.5 77.1 21.8 281
rlm_glnu_norm 0.46 0.456 0.413 0.412 0.43 0.43
rlm_rlnu 6.12 21.6 22.3 83.2 26.9 328
rlm_rlnu_norm 0.492 0.441 0.461 0.445 0.513 0.501
rlm_r_perc 0.627 0.627 0.632 0.632 0.68 0.68
rlm_gl_var 3.35 3.37 3.58 3.59 3.46 3.48
rlm_rl_var 0.761 0.778 0.758 0.767 0.574 0.598
rlm_rl_entr 2.17 2.57 2.52 2.76 2.43 2.62
"""
"""Rows of a stem and its values for the six aggregations; every tolerance is 0."""

_BY_SPACE = """
szm_sze 0.363 0.368 0.255
szm_lze 43.9 34.2 550
szm_lgze 0.371 0.368 0.253
szm_hgze 16.4 16.2 15.6
szm_szlge 0.0259 0.0295 0.0256
szm_szhge 10.3 9.87 2.76
szm_lzlge 40.4 30.6 503
szm_lzhge 113 107 1490
szm_glnu 1.41 5.44 1.4
szm_glnu_norm 0.323 0.302 0.28
szm_zsnu 1.49 3.44 1
szm_zsnu_norm 0.333 0.191 0.2
szm_z_perc 0.24 0.243 0.0676
szm_gl_var 3.97 3.92 2.64
szm_zs_var 21 17.3 331
szm_zs_entr 1.93 3.08 2.32
dzm_sde 0.946 0.917 1
dzm_lde 1.21 1.33 1
dzm_lgze 0.371 0.368 0.253
dzm_hgze 16.4 16.2 15.6
dzm_sdlge 0.367 0.362 0.253
dzm_sdhge 15.2 14.3 15.6
dzm_ldlge 0.386 0.391 0.253
dzm_ldhge 21.3 23.7 15.6
dzm_glnu 1.41 5.44 1.4
dzm_glnu_norm 0.323 0.302 0.28
dzm_zdnu 3.79 14.4 5
dzm_zdnu_norm 0.898 0.802 1
dzm_z_perc 0.24 0.243 0.0676
dzm_gl_var 3.97 3.92 2.64
dzm_zd_var 0.051 0.0988 0
dzm_zd_entr 1.73 2 1.92
ngt_coarseness 0.121 0.0285 0.0296
ngt_contrast 0.925 0.601 0.584
ngt_busyness 2.99 6.8 6.54
ngt_complexity 10.4 14.1 13.5
ngt_strength 2.88 0.741 0.763
ngl_lde 0.158 0.159 0.045
ngl_hde 19.2 18.8 109
ngl_lgce 0.702 0.693 0.693
ngl_hgce 7.49 7.66 7.66
ngl_ldlge 0.0473 0.0477 0.00963
ngl_ldhge 3.06 3.07 0.736
ngl_hdlge 17.6 17.2 102
ngl_hdhge 49.5 50.8 235
ngl_glnu 10.2 37.9 37.9
ngl_glnu_norm 0.562 0.512 0.512
ngl_dcnu 3.96 12.4 4.86
ngl_dcnu_norm 0.212 0.167 0.0657
ngl_dc_perc 1 1 1
ngl_gl_var 2.7 3.05 3.05
ngl_dc_var 2.73 3.27 22.1
ngl_dc_entr 2.71 3.36 4.4
ngl_dc_energy 0.17 0.122 0.0533
"""
"""Rows of a stem and its values for 2D, 2.5D and 3D; every tolerance is 0."""

_DIRECTIONS = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb")
_SPACES = ("2D", "2_5D", "3D")


def _plain(rows: str) -> dict[str, tuple[str, str]]:
    return {
        tag: (value, tolerance) for tag, value, tolerance in map(str.split, rows.split("\n")[1:-1])
    }


def _spread(rows: str, suffixes: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    return {
        f"{stem}_{suffix}": (value, "0")
        for stem, *values in map(str.split, rows.split("\n")[1:-1])
        for suffix, value in zip(suffixes, values, strict=True)
    }


_TABLE = _plain(_VALUES) | _spread(_BY_DIRECTION, _DIRECTIONS) | _spread(_BY_SPACE, _SPACES)

TAGS = tuple(_TABLE)
"""All 487 tags."""
REFERENCE: dict[str, tuple[float, float]] = {
    tag: (float(value), float(tolerance))
    for tag, (value, tolerance) in _TABLE.items()
    if value != "-"
}
"""Of the 482 tags that have one: (value, tolerance)."""


def agrees(value: float, reference: float, tolerance: float) -> bool:
    """Whether `value`, rounded as the reference is, lies within its tolerance.

    References have three significant digits; counts and dimensions have all of theirs.
    """
    if math.isnan(value):
        return False
    if value == 0 or reference == 0:
        return abs(value - reference) <= tolerance + 5e-4
    digits = max(3, len(f"{abs(reference):.12g}".replace(".", "").strip("0")))
    rounded = float(f"{value:.{digits}g}")
    return abs(rounded - reference) <= tolerance + 1e-9 * abs(reference)


def disagreements(
    values: dict[str, float], reference: dict[str, tuple[float, float]]
) -> dict[str, tuple[float, float, float]]:
    """Tag: (value, reference, tolerance), of those that differ or lack."""
    return {
        tag: (values.get(tag, math.nan), *expected)
        for tag, expected in reference.items()
        if not agrees(values.get(tag, math.nan), *expected)
    }
