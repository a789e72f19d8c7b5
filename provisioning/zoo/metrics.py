"""Scores of a model version, patient by patient, under each of its variants."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from provisioning.card.patients import PatientScore, PatientScores
from provisioning.zoo.covid_ct_data import TEST, TRAIN, VALIDATE, Volume, load_volume
from provisioning.zoo.objective import Score, score
from serving.domain.manifest import ModelManifest, Variant

THRESHOLD = 0.5
DATA = "COVID-19 CT Lung and Infection Segmentation Dataset, coronacases 001-008"


def role_of(name: str) -> str:
    """train, validate or test, by the fixed split."""
    roles = {"train": TRAIN, "validate": VALIDATE, "test": TEST}
    return next(role for role, names in roles.items() if name in names)


def score_patients(
    folder: Path, manifest: ModelManifest, data: Path, names: Sequence[str], threads: int
) -> PatientScores:
    """Every named patient under every variant of `folder`; prints each as it is done."""
    core = ov.Core()
    compiled = {
        name: compile_variant(core, folder, variant, threads)
        for name, variant in manifest.variants.items()
    }
    rows = []
    for name in names:
        volume = load_volume(data / f"{name}.npz")
        for variant, network in compiled.items():
            rows.append(_row(volume, variant, network))
            print(rows[-1], flush=True)
    return PatientScores(
        data=DATA,
        threshold=THRESHOLD,
        openvino=ov.get_version(),
        cpu=core.get_property("CPU", "FULL_DEVICE_NAME"),
        patients=tuple(rows),
    )


def compile_variant(
    core: ov.Core, folder: Path, variant: Variant, threads: int
) -> ov.CompiledModel:
    """The variant as its manifest says it runs."""
    hints = {
        "INFERENCE_PRECISION_HINT": variant.inference_precision,
        "INFERENCE_NUM_THREADS": threads,
    }
    return core.compile_model(folder / variant.model, "CPU", hints)


def pooled(volume: Volume, compiled: ov.CompiledModel, batch: int = 4) -> Score:
    """Voxel counts over all slices of a volume at threshold 0.5."""
    called = [
        compiled(np.ascontiguousarray(volume.hu[k : k + batch, None]))[0][:, 0] > THRESHOLD
        for k in range(0, len(volume.hu), batch)
    ]
    mask: NDArray[np.bool_] = np.concatenate(called)
    return score(mask, volume.infection)


def _row(volume: Volume, variant: str, compiled: ov.CompiledModel) -> PatientScore:
    total = pooled(volume, compiled)
    return PatientScore(
        variant=variant,
        patient=volume.name,
        role=role_of(volume.name),
        slices=len(volume.hu),
        lesion_voxels=total.true,
        called_voxels=total.called,
        dice=round(total.dice, 5),
        volume_error=round(total.volume_error, 5) if total.true else None,
    )
