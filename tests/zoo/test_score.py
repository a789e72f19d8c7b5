"""Scores by patient and variant, and the table they become."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)
ov = pytest.importorskip("openvino", reason="scoring needs openvino, a dependency of aibox")

from provisioning.card.patients import (  # noqa: E402
    PatientScore,
    PatientScores,
    read_patient_scores,
    write_patient_scores,
)
from provisioning.manifest_file import model_file  # noqa: E402
from provisioning.zoo.covid_ct_data import from_arrays  # noqa: E402
from provisioning.zoo.metrics import pooled, score_patients  # noqa: E402
from provisioning.zoo.score import (  # noqa: E402
    CARD_BEGIN,
    CARD_END,
    figures_table,
    write_card_figures,
)
from serving.domain.manifest import ModelManifest, TensorEntry, Variant  # noqa: E402

SIDE = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version whose network calls every pixel above 0 HU."""
    opset = ov.opset13
    hu = opset.parameter([-1, 1, -1, -1], np.int16, name="hu")
    probability = opset.sigmoid(opset.convert(hu, "f32"))
    folder = tmp_path_factory.mktemp("version")
    ov.save_model(ov.Model([probability], [hu]), folder / "fp32" / "model.xml")
    return folder


def _manifest(folder: Path) -> ModelManifest:
    files = tuple(model_file(folder, f"fp32/model.{end}") for end in ("bin", "xml"))
    variants = {
        name: Variant(model="fp32/model.xml", inference_precision=hint, files=files)
        for name, hint in (("fp32", "f32"), ("bf16", "bf16"))
    }
    entry = TensorEntry(name="hu", datatype="INT16", shape=(-1, 1, -1, -1), meaning="slices")
    return ModelManifest(
        name="generated", version=1, task="t", architecture="a", intended_use="u",
        inputs=(entry,), outputs=(entry,), default_variant="fp32", variants=variants,
    )  # fmt: skip


def _codes() -> tuple[np.ndarray, np.ndarray]:
    """Grey codes: 16 bright pixels, 8 of them marked, and 8 marked dark ones."""
    image = np.full((5, SIDE, SIDE), 20, np.uint8)
    image[2, 4:8, 4:8] = 240
    infection = np.zeros(image.shape, np.bool_)
    infection[2, 6:10, 4:8] = True
    return image, infection


def test_every_variant_is_scored_over_all_slices(folder: Path, tmp_path: Path) -> None:
    image, infection = _codes()
    np.savez(
        tmp_path / "coronacases_008.npz",
        image=image,
        infection=infection,
        soft_mode=np.full(len(image), 100),
    )
    scores = score_patients(folder, _manifest(folder), tmp_path, ["coronacases_008"], 1)
    assert [p.variant for p in scores.patients] == ["fp32", "bf16"]
    for row in scores.patients:
        assert (row.role, row.slices, row.lesion_voxels, row.called_voxels) == ("test", 5, 16, 16)
        assert row.dice == pytest.approx(0.5)
        assert row.volume_error == 0
    assert read_patient_scores(write_patient_scores(scores, tmp_path).parent) == scores


def test_pooling_does_not_depend_on_the_batch(folder: Path) -> None:
    hu = np.random.default_rng(4).integers(-1500, 600, (5, SIDE, SIDE), np.int16)
    volume = from_arrays("generated", hu, np.zeros(hu.shape, np.bool_))
    compiled = ov.compile_model(folder / "fp32" / "model.xml", "CPU")
    assert pooled(volume, compiled, batch=2).called == int((hu > 0).sum())


def test_the_table_reaches_the_card(tmp_path: Path) -> None:
    rows = [
        PatientScore(
            variant=variant, patient=name, role=role, slices=10, lesion_voxels=lesion,
            called_voxels=110, dice=dice, volume_error=0.1 if lesion else None,
        )
        for name, role, lesion in (("coronacases_001", "train", 100), ("healthy", "test", 0))
        for variant, dice in (("fp32", 0.8), ("int8", 0.7))
    ]  # fmt: skip
    scores = PatientScores(data="d", threshold=0.5, openvino="v", cpu="c", patients=tuple(rows))
    assert "| coronacases_001 | train | 10 | 100 | 0.800 | 0.700 | +10.0% | +10.0% |" in (
        figures_table(scores).splitlines()
    )
    card = tmp_path / "MODEL_CARD.md"
    card.write_text(f"head\n{CARD_BEGIN}\nold\n{CARD_END}\ntail\n", "utf-8")
    write_card_figures(scores, card)
    text = card.read_text("utf-8")
    assert figures_table(scores) in text
    assert "old" not in text
    assert text.startswith("head\n")
    assert text.endswith("tail\n")
