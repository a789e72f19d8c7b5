"""Model versions of a few bytes in a repository: the registry looks at digests, not at weights."""

from __future__ import annotations

from pathlib import Path

from provisioning.manifest_file import model_file, write_manifest
from serving.domain.manifest import ModelManifest, SelfTest, Variant


def write_version(
    repository: Path, name: str, version: int = 1, content: bytes = b"weights"
) -> Path:
    """A version with the variant fp32; returns its folder."""
    folder = repository / name / str(version)
    (folder / "fp32").mkdir(parents=True)
    for suffix in ("xml", "bin"):
        (folder / "fp32" / f"model.{suffix}").write_bytes(content + suffix.encode())
    files = tuple(model_file(folder, f"fp32/model.{suffix}") for suffix in ("bin", "xml"))
    variant = Variant(model="fp32/model.xml", inference_precision="f32", files=files)
    for part in ("inputs", "outputs"):
        (folder / f"{part}.npz").write_bytes(content + part.encode())
    self_test = SelfTest(
        inputs=model_file(folder, "inputs.npz"), outputs=model_file(folder, "outputs.npz")
    )
    changes = {"variants": {"fp32": variant}, "self_test": self_test}
    write_manifest(_manifest(name, version).model_copy(update=changes), folder)
    return folder


def write_predictor(repository: Path, name: str, version: int = 1) -> Path:
    """A version that only `Predict` can apply; returns its folder."""
    folder = repository / name / str(version)
    folder.mkdir(parents=True)
    (folder / "predictor.bin").write_bytes(b"coefficients")
    plain = _manifest(name, version)
    changes = {
        "variants": {},
        "default_variant": "",
        "predictor": (model_file(folder, "predictor.bin"),),
    }
    # Fields at their default are left out, and these have none.
    text = write_manifest(plain.model_copy(update=changes), folder).read_text("utf-8")
    assert "predictor" in text
    return folder


def change_manifest(folder: Path) -> None:
    """Other words, the same files."""
    path = folder / "model.toml"
    path.write_text(path.read_text("utf-8") + "\n# changed\n", "utf-8")


def _manifest(name: str, version: int) -> ModelManifest:
    return ModelManifest(
        name=name,
        version=version,
        task="test",
        architecture="none",
        intended_use="tests",
        inputs=(),
        outputs=(),
        default_variant="fp32",
        variants={"fp32": Variant(model="x", inference_precision="f32", files=())},
    )
