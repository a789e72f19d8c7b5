"""Plots of time to event: curves of the risk groups, calibration at one time."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from serving.radiomics.modelling.survival_curves import SurvivalBin, SurvivalCurve
from serving.radiomics.report.drawing import MODEL, OTHER, SOFT, legend, plot, share_axes


def risk_plot(curves: Sequence[SurvivalCurve], time: str) -> Figure:
    """Kaplan and Meier's curves of low and high risk; numbers at risk stand in a table."""
    figure, axes = plot(6.2, 3.8)
    for curve in curves:
        colour = MODEL if curve.name == "high risk" else OTHER
        axes.fill_between(
            curve.times, curve.low, curve.high, step="post", color=colour, alpha=0.15, linewidth=0
        )
        axes.step(curve.times, curve.survival, where="post", color=colour, label=curve.name)
    axes.set(xlabel=time, ylabel="share without an event", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    legend(axes, "lower left")
    return figure


def survival_calibration_plot(bins: Sequence[SurvivalBin], horizon: float) -> Figure:
    """Observed over predicted survival at one time."""
    figure, axes = plot()
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.9, linestyle="--", label="perfect")
    observed = [each.observed for each in bins]
    axes.errorbar(
        [each.predicted for each in bins],
        [each.value for each in observed],
        yerr=[
            [max(0.0, each.value - each.low) for each in observed],
            [max(0.0, each.high - each.value) for each in observed],
        ],
        color=MODEL,
        marker="o",
        markersize=4.5,
        capsize=2.5,
        label="model, out of fold",
    )
    share_axes(axes, f"predicted survival at {horizon:.4g}", f"observed survival at {horizon:.4g}")
    legend(axes, "upper left")
    return figure
