"""Scores of an IR, patient by patient, under each precision it is served in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from provisioning.zoo.covid_ct_data import TEST, TRAIN, VALIDATE, Volume, load_volume
from provisioning.zoo.objective import Score, score

PRECISIONS = ("f32", "bf16")
THRESHOLD = 0.5


@dataclass(frozen=True)
class RunFacts:
    """The step whose weights were taken, the run's planned steps and seed, and the parity.

    `parity` is the largest absolute difference of probability between torch FP32 and the IR.
    """

    step: int
    steps: int
    seed: int
    parity: float


@dataclass(frozen=True)
class PatientScore:
    """One patient under one precision: pooled Dice 0..1 and relative lesion volume error."""

    patient: str
    role: str
    precision: str
    slices: int
    lesion_voxels: int
    called_voxels: int
    dice: float
    volume_error: float


@dataclass(frozen=True)
class Metrics:
    """Everything that was measured of one exported version."""

    run: RunFacts
    patients: tuple[PatientScore, ...]

    def of(self, role: str, precision: str) -> tuple[PatientScore, ...]:
        """The scores of the patients with that role (train, validate, test)."""
        return tuple(p for p in self.patients if (p.role, p.precision) == (role, precision))

    def mean_dice(self, role: str, precision: str) -> float:
        """Mean of the pooled Dice over the patients with that role."""
        scores = [p.dice for p in self.of(role, precision)]
        return sum(scores) / len(scores) if scores else math.nan


def role_of(name: str) -> str:
    """train, validate or test, by the fixed split."""
    roles = {"train": TRAIN, "validate": VALIDATE, "test": TEST}
    return next(role for role, names in roles.items() if name in names)


def score_patients(
    xml: Path, data: Path, names: Sequence[str], threads: int
) -> tuple[PatientScore, ...]:
    """Every named patient under every precision; prints each as it is done."""
    core = ov.Core()
    compiled = {p: _compile(core, xml, p, threads) for p in PRECISIONS}
    scores = []
    for name in names:
        volume = load_volume(data / f"{name}.npz")
        for precision in PRECISIONS:
            scores.append(_score(volume, precision, compiled[precision]))
            print(scores[-1], flush=True)
    return tuple(scores)


def _compile(core: ov.Core, xml: Path, precision: str, threads: int) -> ov.CompiledModel:
    hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    return core.compile_model(xml, "CPU", hints)


def _score(volume: Volume, precision: str, compiled: ov.CompiledModel) -> PatientScore:
    total = pooled(volume, compiled)
    return PatientScore(
        patient=volume.name,
        role=role_of(volume.name),
        precision=precision,
        slices=len(volume.hu),
        lesion_voxels=total.true,
        called_voxels=total.called,
        dice=round(total.dice, 4),
        volume_error=round(total.volume_error, 4),
    )


def pooled(volume: Volume, compiled: ov.CompiledModel, batch: int = 4) -> Score:
    """Voxel counts over all slices of a volume at threshold 0.5."""
    called = [
        compiled(np.ascontiguousarray(volume.hu[k : k + batch, None]))[0][:, 0] > THRESHOLD
        for k in range(0, len(volume.hu), batch)
    ]
    mask: NDArray[np.bool_] = np.concatenate(called)
    return score(mask, volume.infection)
