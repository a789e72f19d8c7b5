"""A manifest with every field filled, for the card's tests; its figures are invented."""

from __future__ import annotations

from pathlib import Path

from provisioning.card.patients import PatientScore, PatientScores
from provisioning.manifest_file import model_file
from serving.domain.manifest import (
    CodedLabel,
    ModelManifest,
    Preprocessing,
    TensorEntry,
    Training,
    Variant,
)
from serving.domain.provenance import AccuracyGate, Parity, Quantisation, Rung, Source, Speed

FILES = {"fp32/model.xml": 1500, "fp32/model.bin": 4_000_000, "int8/model.xml": 2500,
         "int8/model.bin": 2_000_000}  # fmt: skip


def gate(metric: str, drop: float, upper: float) -> AccuracyGate:
    """A verdict under the limit of 0.17 points over 249 slices of one patient."""
    return AccuracyGate(
        metric=metric, reference=0.828, value=0.828 - drop / 100, drop_points=drop,
        upper_points=upper, limit_points=0.17, unit="slice", units=249, cases=1,
    )  # fmt: skip


def speed(median_ms: float) -> Speed:
    return Speed(
        median_ms=median_ms, minimum_ms=median_ms * 0.93, per_second=2100 / median_ms,
        shapes={"hu": (1, 1, 256, 256)}, cpu="Example CPU @ 2.00GHz", threads=2, streams=2,
        load_average=0.4, openvino="2026.4.1",
    )  # fmt: skip


def version_folder(root: Path) -> Path:
    """A folder with files of the right names and sizes."""
    folder = root / "example_covid" / "3"
    for name, size in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0" * size)
    return folder


def quantisation() -> Quantisation:
    return Quantisation(
        tool="nncf 3.4.0",
        calibration="calibration.npz, 300 slices of 6 patients",
        validation="validation.npz, 245 slices of 1 patient",
        held_out="held_out.npz, 249 slices of 1 patient",
        rungs=(
            Rung(
                name="int8_ptq", drop_on_validation_points=0.35, kept=False, median_ms=9.1,
                gates=(gate("dice_pooled", 0.31, 0.44), gate("dice_per_case", 0.35, 0.52)),
                reason="It lost more on held-out data than the gate allows.",
            ),
            Rung(
                name="int8_accuracy_control", drop_on_validation_points=0.02, kept=True,
                gates=(gate("dice_pooled", 0.02, 0.06), gate("dice_per_case", -0.03, 0.04)),
                median_ms=10.4, reason="The fastest variant that holds.",
            ),
            Rung(
                name="bf16", drop_on_validation_points=0.0, kept=True, median_ms=17.9,
                reason="Kept as a variant of its own.",
            ),
        ),
        int8_layers=34, float_layers=3,
    )  # fmt: skip


def example(folder: Path) -> ModelManifest:
    """The manifest of the version in `folder`, which `version_folder` made."""
    files = {kind: tuple(model_file(folder, f"{kind}/model.{end}") for end in ("bin", "xml"))
             for kind in ("fp32", "int8")}  # fmt: skip
    kept = quantisation().rungs[1].gates
    variants = {
        "fp32": Variant(
            model="fp32/model.xml", inference_precision="f32", files=files["fp32"],
            metrics={"dice_pooled": 0.828}, speed=speed(41.5),
        ),
        "bf16": Variant(
            model="fp32/model.xml", inference_precision="bf16", files=files["fp32"],
            metrics={"dice_pooled": 0.8279}, speed=speed(17.9),
            gates=(gate("dice_pooled", 0.01, 0.02), gate("dice_per_case", 0.0, 0.03)),
        ),
        "int8": Variant(
            model="int8/model.xml", inference_precision="bf16", files=files["int8"],
            metrics={"dice_pooled": 0.8278}, speed=speed(10.4), gates=kept,
        ),
    }  # fmt: skip
    slices = "axial CT slices at true Hounsfield units"
    return ModelManifest(
        name="example_covid", version=3, task="segmentation of pneumonia in axial chest CT slices",
        architecture="Nested U-Net, 2.29 million parameters",
        intended_use="Research and demonstration of the box. No clinical use.",
        inputs=(TensorEntry(name="hu", datatype="INT16", shape=(-1, 1, -1, -1), meaning=slices,
                            units="HU"),),
        outputs=(TensorEntry(name="probability", datatype="FP32", shape=(-1, 1, -1, -1),
                             meaning="probability of a pneumonia lesion"),),
        preprocessing=Preprocessing(rows=256, columns=256, window_hu=(-1250, 250),
                                    frames=((128, 160), (160, 192))),
        labels=(CodedLabel(value=1, meaning="Pneumonia", scheme="SCT", code="233604007"),),
        training=Training(data="An example set, 8 patients", licence="CC BY 4.0",
                          split="by patient: 6, 1, 1", recipe="seed 7"),
        source=Source(format="onnx", sha256="ab" * 32, parity=Parity(
            reference="onnxruntime 1.32.0", inputs="generated, seed 7", count=4,
            largest_difference=2.6e-7, tolerance=1e-3)),
        quantisation=quantisation(), default_variant="int8", variants=variants,
    )  # fmt: skip


def scores() -> PatientScores:
    """Eight patients under the three variants."""
    rows = []
    for number in range(1, 9):
        role = "train" if number < 7 else "validate" if number == 7 else "test"
        for variant, loss in (("fp32", 0.0), ("bf16", 0.0004), ("int8", 0.001)):
            rows.append(PatientScore(
                variant=variant, patient=f"coronacases_00{number}", role=role, slices=250,
                lesion_voxels=40_000, called_voxels=39_000, volume_error=-0.025,
                dice=0.7 + number * 0.02 - loss,
            ))  # fmt: skip
    return PatientScores(data="An example set", threshold=0.5, openvino="2026.4.1",
                         cpu="Example CPU", patients=tuple(rows))  # fmt: skip
