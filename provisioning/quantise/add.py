"""Adds an INT8 variant to a version that is being made, and judges its BF16 variant."""

from __future__ import annotations

from pathlib import Path

from provisioning.manifest_file import model_file
from provisioning.quantise.bf16 import judge_bf16
from provisioning.quantise.candidate_file import KEPT
from provisioning.quantise.data_sets import DataSets, Judged, describe, read_data_sets
from provisioning.quantise.execution_graph import KernelCount
from provisioning.quantise.gate import Gates
from provisioning.quantise.judging import Judging
from provisioning.quantise.ladder import KINDS, Climb, Kinds, Ladder
from provisioning.quantise.machine_precision import int8_hints
from provisioning.quantise.nncf_runtime import tools
from provisioning.quantise.request import QuantiseRequest
from provisioning.quantise.speeds import element_shapes, fastest, with_speeds
from provisioning.quantise.stage import within
from provisioning.quantise.unjudged import quantise_unjudged
from provisioning.quantise.workbench import Search, Workbench
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, Variant
from serving.domain.provenance import Quantisation, Rung
from serving.domain.slices import Progress

FP32, BF16 = "fp32", "bf16"
_CLIMBED, _JUDGED = 0.8, 0.9


def add_int8(
    folder: Path,
    manifest: ModelManifest,
    request: QuantiseRequest,
    report: Progress,
    kinds: Kinds = KINDS,
) -> ModelManifest:
    """Works in a staging folder that holds the files of `manifest`; returns the new manifest.

    Writes `int8/` where a variant holds (or nothing was given to judge by) and leaves no other
    file. `model.toml` is the caller's to write. Raises InvalidRequest.
    """
    sets = read_data_sets(request)
    if FP32 not in manifest.variants:
        raise InvalidRequest(f"{manifest.name} has no variant fp32 to quantise and to judge by")
    fp32 = folder / manifest.variants[FP32].model
    if sets.judged is None:
        return _unjudged(
            folder, manifest, Workbench(fp32, sets.calibration, hints=int8_hints()), report
        )
    judging = Judging(fp32, sets.judged, request.max_accuracy_drop_points)
    climb = _climb(folder, sets, sets.judged, judging, kinds, within(report, 0.0, _CLIMBED))
    told = within(report, _CLIMBED, _JUDGED)
    bf16, bf16_rung = judge_bf16(folder, manifest.variants, judging, told)
    variants = {FP32: manifest.variants[FP32]} | bf16
    if climb.kept is not None:
        variants[KEPT] = _int8(folder, climb.hint, climb.gates)
    timed = with_speeds(
        folder, variants, element_shapes(fp32, sets.calibration), within(report, _JUDGED, 1.0)
    )
    rungs = (*climb.rungs, bf16_rung, _fp32_rung(judging))
    found = Quantisation(
        tool=tools(),
        calibration=describe(sets.calibration),
        validation=describe(sets.judged.validation),
        held_out=_held_out(sets.judged, climb),
        rungs=rungs,
        **_layers(climb.kernels),
    )
    return _manifest(manifest, timed, fastest(timed), found)


def _climb(
    folder: Path,
    sets: DataSets,
    judged: Judged,
    judging: Judging,
    kinds: Kinds,
    report: Progress,
) -> Climb:
    fp32 = judging.fp32
    reference = judging.reference("validation", within(report, 0.0, 0.05)).scores
    search = Search(judged.task, judged.validation, reference)
    ladder = Ladder(judging, folder)
    bench = Workbench(fp32, sets.calibration, search, hints=int8_hints())
    return ladder.climb(bench, within(report, 0.05, 1.0), kinds)


def _unjudged(
    folder: Path, manifest: ModelManifest, bench: Workbench, report: Progress
) -> ModelManifest:
    """INT8 by calibration alone: made and timed, never the default."""
    count = quantise_unjudged(bench, folder, within(report, 0.0, _JUDGED))
    others = {name: v for name, v in manifest.variants.items() if name != KEPT}
    variants = others | {KEPT: _int8(folder, bench.hints[0], ())}
    shapes = element_shapes(bench.fp32, bench.calibration)
    timed = with_speeds(folder, variants, shapes, within(report, _JUDGED, 1.0))
    speed = timed[KEPT].speed
    rung = Rung(
        name="int8_ptq",
        drop_on_validation_points=None,
        median_ms=None if speed is None else speed.median_ms,
        kept=True,
        reason="no data to judge by",
    )
    found = Quantisation(
        tool=tools(),
        calibration=describe(bench.calibration),
        validation="none",
        held_out="none",
        rungs=(rung,),
        **_layers(count),
    )
    return _manifest(manifest, timed, FP32, found)


def _int8(folder: Path, hint: str, gates: Gates) -> Variant:
    files = tuple(model_file(folder, f"{KEPT}/model.{kind}") for kind in ("bin", "xml"))
    return Variant(model=f"{KEPT}/model.xml", inference_precision=hint, files=files, gates=gates)


def _held_out(judged: Judged, climb: Climb) -> str:
    """The set and how often INT8 variants were shown it; more than once weakens the verdict."""
    times = {0: "shown to no INT8 variant", 1: "shown to one INT8 variant"}
    again = f"used more than once: shown to {climb.looks} INT8 variants"
    return f"{describe(judged.held_out)}; {times.get(climb.looks, again)}"


def _fp32_rung(judging: Judging) -> Rung:
    seen = judging.reference("validation", lambda _share, _stage: None)
    return Rung(
        name=FP32,
        drop_on_validation_points=0.0,
        median_ms=seen.median_ms,
        kept=True,
        reason="the reference of every verdict",
    )


def _layers(count: KernelCount | None) -> dict[str, int]:
    if count is None:
        return {}
    return {"int8_layers": count.int8_layers, "float_layers": count.float_layers}


def _manifest(
    manifest: ModelManifest, variants: dict[str, Variant], default: str, found: Quantisation
) -> ModelManifest:
    """The manifest with all of it, its rules checked anew."""
    changed = {"variants": variants, "default_variant": default, "quantisation": found}
    return ModelManifest(**{**dict(manifest), **changed})
