"""Plots of what was selected: frequencies, coefficients, the path of LassoCV, permutations."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from serving.radiomics.modelling.final_fit import Coefficient, PathPoint
from serving.radiomics.modelling.permutation import PermutationTest
from serving.radiomics.modelling.stability import Frequency
from serving.radiomics.report.drawing import INK, MODEL, OTHER, SOFT, legend, plot, shortened

MOST_BARS = 20
_BAR_INCHES = 0.24


def frequency_plot(frequencies: Sequence[Frequency]) -> Figure:
    """In which share of the outer folds the most frequent features were selected."""
    shown = frequencies[:MOST_BARS][::-1]
    figure, axes = plot(6.2, 0.9 + _BAR_INCHES * len(shown))
    axes.barh(
        shortened(each.feature for each in shown), [each.share for each in shown], color=OTHER
    )
    axes.set(xlim=(0, 1), xlabel="share of training folds that selected it")
    axes.grid(visible=False, axis="y")
    return figure


def coefficient_plot(coefficients: Sequence[Coefficient], label: str) -> Figure:
    """Coefficients of the final model on scaled features, the greatest first."""
    shown = [each for each in coefficients if each.value][:MOST_BARS][::-1]
    figure, axes = plot(6.2, 0.9 + _BAR_INCHES * max(1, len(shown)))
    values = [each.value for each in shown]
    colours = [MODEL if value > 0 else OTHER for value in values]
    axes.barh(shortened(each.name for each in shown), values, color=colours)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=label)
    axes.grid(visible=False, axis="y")
    return figure


def path_plot(path: Sequence[PathPoint], alpha: float) -> Figure:
    """Mean squared error of LassoCV over the penalty, with its standard error over folds."""
    figure, axes = plot(6.2, 3.2)
    x = [each.alpha for each in path]
    low = [each.error - each.standard_error for each in path]
    high = [each.error + each.standard_error for each in path]
    axes.fill_between(x, low, high, color=OTHER, alpha=0.2, linewidth=0, label="± standard error")
    axes.plot(x, [each.error for each in path], color=OTHER, linewidth=1.6, label="mean of folds")
    axes.axvline(alpha, color=MODEL, linewidth=1.4, linestyle="--", label=f"chosen: {alpha:.3g}")
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.set(xlabel="penalty alpha (weaker to the right)", ylabel="mean squared error")
    legend(axes)
    return figure


def permutation_plot(test: PermutationTest, score: str) -> Figure:
    """What permuted outcomes score, and what the true ones do."""
    figure, axes = plot(6.2, 3.0)
    axes.hist(test.permuted, bins=min(30, max(5, len(test.permuted) // 4)), color=SOFT, alpha=0.7)
    axes.axvline(0.5, color=INK, linewidth=0.9, linestyle="--", label="chance")
    label = f"true outcomes: {test.observed:.3f}"
    axes.axvline(test.observed, color=MODEL, linewidth=1.8, label=label)
    axes.set(xlabel=f"{score} of a whole cross-validation", ylabel="permutations")
    legend(axes)
    return figure
