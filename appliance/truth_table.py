"""True volumes, those measured from the known mask, and the network's, side by side."""

from __future__ import annotations

from rich.table import Table

from appliance.study_truth import StudyTruth
from serving.domain.finding import Report, Side


def truth_table(report: Report, truth: StudyTruth) -> Table:
    """Millilitres; the last column is the network's volume as it is, right or wrong."""
    table = Table(title="lesion volume of the synthetic study, ml", title_justify="left")
    table.add_column("region")
    for title in ("true", "from the known mask", "from the box's mask"):
        table.add_column(title, justify="right")
    found = {region.side: region.lesion_volume_ml for region in report.findings.lungs}
    true, mask = truth.volumes, truth.from_known_mask
    rows = (
        ("both lungs", true.lesion_ml, mask.both_ml, report.findings.both_lungs.lesion_volume_ml),
        ("right lung", true.right_lesion_ml, mask.right_ml, found.get(Side.RIGHT, 0.0)),
        ("left lung", true.left_lesion_ml, mask.left_ml, found.get(Side.LEFT, 0.0)),
    )
    for name, exact, measured, network in rows:
        table.add_row(name, f"{exact:.1f}", _beside(measured, exact), _beside(network, exact))
    return table


def _beside(volume_ml: float, exact_ml: float) -> str:
    if exact_ml == 0:
        return f"{volume_ml:.1f}"
    return f"{volume_ml:.1f} ({100 * (volume_ml / exact_ml - 1):+.1f} %)"
