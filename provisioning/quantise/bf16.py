"""BF16 through the same gate: the FP32 files, computed in bfloat16."""

from __future__ import annotations

from pathlib import Path

from provisioning.quantise.gate import all_hold, in_words
from provisioning.quantise.judging import Judging
from provisioning.quantise.machine_precision import has_bf16
from provisioning.quantise.stage import within
from serving.domain.manifest import Variant
from serving.domain.provenance import Rung
from serving.domain.slices import Progress

BF16, FP32 = "bf16", "fp32"


def judge_bf16(
    folder: Path, variants: dict[str, Variant], judging: Judging, report: Progress
) -> tuple[dict[str, Variant], Rung]:
    """The variant with its gates, by name, and its rung; no variant where this CPU has no BF16.

    Nothing is searched for, so the verdict is given whatever the validation data says.
    """
    if not has_bf16():
        return {}, _rung("not judged: this CPU computes no BF16", kept=False)
    variant = variants.get(BF16) or variants[FP32].model_copy(
        update={"inference_precision": BF16, "metrics": {}, "gates": (), "speed": None}
    )
    model = folder / variant.model
    seen, median_ms = judging.on_validation(model, BF16, within(report, 0.0, 0.5, "bf16: "))
    gates = judging.on_held_out(model, BF16, within(report, 0.5, 1.0, "bf16: "))
    rung = Rung(
        name=BF16,
        drop_on_validation_points=max(gate.drop_points for gate in seen),
        gates=gates,
        median_ms=median_ms,
        kept=all_hold(gates),
        reason=f"on held-out data {in_words(gates)}",
    )
    return {BF16: variant.model_copy(update={"gates": gates})}, rung


def _rung(reason: str, kept: bool) -> Rung:
    return Rung(name=BF16, drop_on_validation_points=None, kept=kept, reason=reason)
