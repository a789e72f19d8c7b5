"""Exported programs are imported, compared with torch, and never unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from provisioning.importer import ImportRequest, import_model  # noqa: E402
from serving.domain.manifest import read_manifest  # noqa: E402
from tests.e2e.hostile_archives import Bomb, pickle  # noqa: E402


class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A convolution whose padding depends on the input's size."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(1, 2, 3)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        rows = image.shape[2] // 2
        seen = torch.relu(self.convolution(image))
        return {"upper": seen[:, :, :rows], "mean": seen.mean(dim=(2, 3))}


def saved(path: Path) -> Path:
    dims = {"image": {0: torch.export.Dim("n", min=1, max=8), 2: torch.export.Dim.AUTO}}
    example = (torch.zeros(2, 1, 20, 12),)
    torch.export.save(torch.export.export(Network().eval(), example, dynamic_shapes=dims), path)
    return path


def test_an_exported_program_equals_torch(tmp_path: Path) -> None:
    source = saved(tmp_path / "model.pt2")
    request = ImportRequest(name="program", shapes={"image": (3, 1, 18, 12)})
    manifest = read_manifest(import_model(source, request, tmp_path / "models", lambda s, t: None))
    assert [(port.name, port.shape) for port in manifest.inputs] == [("image", (-1, 1, -1, 12))]
    assert len(manifest.outputs) == 2
    assert manifest.source is not None
    assert manifest.source.format == "torch_export"
    assert manifest.source.parity is not None
    assert manifest.source.parity.reference.startswith("torch 2")
    assert manifest.source.parity.largest_difference < 1e-5


def test_sample_inputs_are_not_unpickled(tmp_path: Path) -> None:
    """torch.export.load would unpickle them, without restriction at the second attempt."""
    honest, mark = saved(tmp_path / "honest.pt2"), tmp_path / "ran"
    with (
        zipfile.ZipFile(honest) as source,
        zipfile.ZipFile(tmp_path / "model.pt2", "w") as hostile,
    ):
        for name in source.namelist():
            sample = name.endswith("sample_inputs/model.pt")
            hostile.writestr(name, pickle.dumps(Bomb(mark)) if sample else source.read(name))
    request = ImportRequest(name="program", shapes={"image": (3, 1, 18, 12)})
    import_model(tmp_path / "model.pt2", request, tmp_path / "models", lambda s, t: None)
    assert not mark.exists()
