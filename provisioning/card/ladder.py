"""What the search for the INT8 variant tried, in words."""

from __future__ import annotations

from provisioning.card.drop_plot import Judged
from provisioning.card.wording import metric_title, points
from serving.domain.manifest import ModelManifest
from serving.domain.provenance import AccuracyGate, Quantisation, Rung

_NAMES = {
    "int8_ptq": "INT8 throughout (post-training quantisation)",
    "int8_accuracy_control": "INT8 with accuracy control (layers given back one by one)",
    "int8_mixed": "INT8 with the sensitive layers in BF16 or FP32",
    "bf16": "BF16",
    "fp32": "FP32",
}


def rung_title(rung: Rung) -> str:
    """The rung's name as a reader knows it."""
    return _NAMES.get(rung.name, rung.name)


def verdict(rung: Rung) -> str:
    """What the held-out data said of a rung, in words."""
    if not rung.gates:
        return "not put to the held-out data"
    failed = [gate for gate in rung.gates if not gate.holds]
    if failed:
        return "refused: " + "; ".join(_failure(gate) for gate in failed)
    return "passed on every metric"


def looks(quantisation: Quantisation) -> int:
    """How often the held-out data was looked at: once for each rung that has a verdict."""
    return sum(1 for rung in quantisation.rungs if rung.gates)


def judged(manifest: ModelManifest) -> list[Judged]:
    """Every gate there is: of the variants, then of the rungs that were not kept."""
    found = [
        Judged(name, gate) for name, variant in manifest.variants.items() for gate in variant.gates
    ]
    rungs = manifest.quantisation.rungs if manifest.quantisation else ()
    found += [Judged(f"({r.name})", gate) for r in rungs if not r.kept for gate in r.gates]
    return found


def patients(manifest: ModelManifest) -> int:
    """Patients in the held-out data; 0 where nothing was judged."""
    return max((each.gate.cases for each in judged(manifest)), default=0)


def _failure(gate: AccuracyGate) -> str:
    return (
        f"the bound {points(gate.upper_points)} of {metric_title(gate.metric)} is not under "
        f"{points(gate.limit_points)}"
    )
