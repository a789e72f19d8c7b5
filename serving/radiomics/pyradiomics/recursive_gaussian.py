"""The recursive Gaussian of ITK, by which pyradiomics' Laplacian of Gaussian is defined.

Source: Deriche, INRIA report 1893 (1993); the fit by Farnebaeck and Westin, J. Math. Imaging Vis.
26 (2006), whose two damped cosines approximate the Gaussian and its second derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_FREQUENCY = (0.6681, 2.0787)
_DECAY = (-1.3932, -1.3732)
_GAUSSIAN = ((1.3530, 1.8151), (-0.3531, 0.0902))
_SECOND_DERIVATIVE = ((-1.3563, 5.2318), (0.3446, -2.2355))
"""Cosine and sine amplitudes of the first and of the second term."""

FEWEST_SAMPLES = 4


@dataclass(frozen=True, slots=True)
class RecursiveGaussian:
    """Coefficients of both directions' recursions, and of what precedes the first sample."""

    causal: Float64
    """(4,): of the sample itself and the three before it."""
    anticausal: Float64
    """(4,): of the four samples after it."""
    feedback: Float64
    """(4,): of the four outputs before."""

    @classmethod
    def smoothing(cls, sigma: float) -> RecursiveGaussian:
        """Of unit gain; `sigma` is in samples."""
        feedback = _feedback(sigma)
        causal = _numerator(sigma, _GAUSSIAN)
        gain = 2 * causal.sum() / (1 + feedback.sum()) - causal[0]
        return cls._symmetric(causal / gain, feedback)

    @classmethod
    def second_derivative(cls, sigma: float, scale: float) -> RecursiveGaussian:
        """Zero for a constant, `scale` times two for a unit parabola; `sigma` is in samples."""
        feedback = _feedback(sigma)
        smooth, curved = _numerator(sigma, _GAUSSIAN), _numerator(sigma, _SECOND_DERIVATIVE)
        total = 1 + feedback.sum()
        mixed = -(2 * curved.sum() - total * curved[0]) / (2 * smooth.sum() - total * smooth[0])
        causal = curved + mixed * smooth
        gain = _second_moment(causal, feedback)
        return cls._symmetric(causal * (scale / gain), feedback)

    @classmethod
    def _symmetric(cls, causal: Float64, feedback: Float64) -> RecursiveGaussian:
        anticausal = np.append(causal[1:], 0.0) - feedback * causal[0]
        return cls(causal, anticausal, feedback)

    def along_last(self, values: NDArray[np.floating]) -> Float32:
        """Filters the last axis, at least four samples long, as if its end values went on."""
        lines = np.ascontiguousarray(values, np.float64).reshape(-1, values.shape[-1])
        filtered: Float32 = _filtered(lines, self.causal, self.anticausal, self.feedback)
        return filtered.reshape(values.shape)


def _numerator(sigma: float, terms: tuple[tuple[float, float], tuple[float, float]]) -> Float64:
    """Of the z-transform of the sum of two damped oscillations, over their common denominator."""
    (cosine_1, sine_1), (cosine_2, sine_2) = terms
    wave_1, wave_2 = (frequency / sigma for frequency in _FREQUENCY)
    damp_1, damp_2 = (np.exp(decay / sigma) for decay in _DECAY)
    first = np.array([cosine_1, damp_1 * (sine_1 * np.sin(wave_1) - cosine_1 * np.cos(wave_1))])
    second = np.array([cosine_2, damp_2 * (sine_2 * np.sin(wave_2) - cosine_2 * np.cos(wave_2))])
    poles_1 = np.array([1.0, -2 * damp_1 * np.cos(wave_1), damp_1**2])
    poles_2 = np.array([1.0, -2 * damp_2 * np.cos(wave_2), damp_2**2])
    made: Float64 = np.convolve(first, poles_2) + np.convolve(second, poles_1)
    return made


def _feedback(sigma: float) -> Float64:
    wave_1, wave_2 = (frequency / sigma for frequency in _FREQUENCY)
    damp_1, damp_2 = (np.exp(decay / sigma) for decay in _DECAY)
    made: Float64 = np.convolve(
        [1.0, -2 * damp_1 * np.cos(wave_1), damp_1**2],
        [1.0, -2 * damp_2 * np.cos(wave_2), damp_2**2],
    )[1:]
    return made


def _second_moment(causal: Float64, feedback: Float64) -> float:
    """Half of both directions' second moment, from the derivatives of numerator and denominator."""
    orders = np.arange(4)
    numerator = [float(causal @ orders**power) for power in range(3)]
    powers = np.arange(1, 5)
    denominator = [float(feedback @ powers**power) for power in range(3)]
    denominator[0] += 1
    first, second, third = denominator
    moment = numerator[2] * first**2 - third * numerator[0] * first
    moment += -2 * numerator[1] * second * first + 2 * second**2 * numerator[0]
    return moment / first**3


@njit(cache=True)
def _filtered(lines: Float64, causal: Float64, anticausal: Float64, feedback: Float64) -> Float32:
    """Both recursions in double precision, their sum rounded to single as ITK stores it."""
    count = lines.shape[1]
    total = 1.0 + feedback.sum()
    before, after = causal.sum() / total, anticausal.sum() / total
    filtered = np.empty(lines.shape, np.float32)
    forward = np.empty(count + 4)
    n0, n1, n2, n3 = causal
    m1, m2, m3, m4 = anticausal
    d1, d2, d3, d4 = feedback
    for number in range(len(lines)):
        line = lines[number]
        a = b = c = line[0]
        w = x = y = z = line[0] * before
        for n in range(count):
            value = line[n] * n0 + a * n1 + b * n2 + c * n3
            value -= w * d1 + x * d2 + y * d3 + z * d4
            z, y, x, w = y, x, w, value
            c, b, a = b, a, line[n]
            forward[n] = value
        last = line[count - 1]
        a = b = c = d = last
        w = x = y = z = last * after
        for n in range(count - 1, -1, -1):
            value = a * m1 + b * m2 + c * m3 + d * m4
            value -= w * d1 + x * d2 + y * d3 + z * d4
            z, y, x, w = y, x, w, value
            d, c, b, a = c, b, a, line[n]
            filtered[number, n] = np.float32(forward[n] + value)
    return filtered
