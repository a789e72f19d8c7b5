"""Plots of two classes: ROC, calibration, decision curve."""

from __future__ import annotations

from matplotlib.figure import Figure

from serving.radiomics.modelling.calibration import Calibration
from serving.radiomics.modelling.decision_curve import DecisionCurve
from serving.radiomics.modelling.roc import RocCurve
from serving.radiomics.report.drawing import LINE, MODEL, OTHER, SOFT, legend, plot, share_axes

_LEAST_BENEFIT = -0.05


def roc_plot(roc: RocCurve, label: str) -> Figure:
    """The mean curve with its pointwise band."""
    figure, axes = plot()
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.9, linestyle="--", label="chance")
    axes.fill_between(
        roc.false_positive_rate, roc.low, roc.high, color=MODEL, alpha=0.18, linewidth=0
    )
    axes.plot(roc.false_positive_rate, roc.sensitivity, color=MODEL, linewidth=1.8, label=label)
    share_axes(axes, "1 - specificity", "sensitivity")
    legend(axes, "lower right")
    return figure


def calibration_plot(calibration: Calibration, positive: str) -> Figure:
    """Observed shares over mean predictions, an interval each."""
    figure, axes = plot()
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.9, linestyle="--", label="perfect")
    x = [each.predicted for each in calibration.bins]
    y = [each.observed.value for each in calibration.bins]
    below = [each.observed.value - each.observed.low for each in calibration.bins]
    above = [each.observed.high - each.observed.value for each in calibration.bins]
    axes.errorbar(
        x,
        y,
        yerr=[[max(0.0, each) for each in below], [max(0.0, each) for each in above]],
        color=MODEL,
        marker="o",
        markersize=4.5,
        linewidth=1.4,
        elinewidth=1,
        capsize=2.5,
        label="model, out of fold",
    )
    share_axes(axes, f"predicted probability of {positive}", f"observed share of {positive}")
    legend(axes, "upper left")
    return figure


def decision_plot(curve: DecisionCurve) -> Figure:
    """Net benefit over thresholds."""
    figure, axes = plot()
    axes.axhline(0, color=SOFT, linewidth=1, label="act on none")
    axes.plot(curve.thresholds, curve.treat_all, color=OTHER, linewidth=1.3, label="act on all")
    axes.plot(curve.thresholds, curve.model, color=MODEL, linewidth=1.8, label="act on the model")
    top = max(0.05, max(curve.model), max(curve.treat_all))
    axes.set(
        xlabel="threshold probability",
        ylabel="net benefit",
        xlim=(0, 1),
        ylim=(max(_LEAST_BENEFIT, -0.25 * top), top * 1.1),
    )
    axes.grid(color=LINE)
    legend(axes)
    return figure
