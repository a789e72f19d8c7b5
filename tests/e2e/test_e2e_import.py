"""Good models are imported, compared with their source, and served."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino as ov
import psutil
import pytest
from onnx import TensorProto, helper

from provisioning.importer import ImportRequest, import_model
from provisioning.importer.embedding import Embedding
from provisioning.sandbox import Limits
from serving.domain.errors import DeadlineExceeded, InvalidRequest, VersionExists
from serving.domain.inference import InferenceRequest
from serving.domain.manifest import ModelManifest, read_manifest
from serving.domain.tensor import Datatype, Tensor
from serving.engine.local import LocalEngine
from serving.engine.settings import EngineSettings
from tests.e2e.hostile_onnx import good_model
from tests.e2e.saved_model_file import write_saved_model


def quiet(share: float, stage: str) -> None:
    """A report that nobody reads."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(good_model().SerializeToString())
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "models"


def made(path: Path, request: ImportRequest, repository: Path) -> tuple[Path, ModelManifest]:
    folder = import_model(path, request, repository, quiet)
    assert [entry.name for entry in repository.iterdir()] == [request.name]
    return folder, read_manifest(folder)


def test_onnx_is_served_with_its_preprocessing(
    source: Path, repository: Path, tmp_path: Path
) -> None:
    embed = Embedding(datatype=Datatype.INT16, window_hu=(-1000.0, 400.0))
    folder, manifest = made(source, ImportRequest(name="conv", embed=embed), repository)
    assert manifest.source is not None
    assert manifest.source.parity is not None
    assert manifest.source.parity.largest_difference < 1e-5
    assert manifest.source.parity.reference == f"onnxruntime {onnxruntime.__version__}"
    assert (folder / "model_card.html").is_file()
    for variant in manifest.variants.values():
        assert variant.speed is not None
        assert variant.speed.median_ms > 0
    hu = np.random.default_rng(5).integers(-2000, 2000, (1, 1, 16, 16)).astype(np.int16)
    settings = EngineSettings(repositories=(repository,))
    with LocalEngine(settings, tmp_path / "cache") as local:
        asked = InferenceRequest("conv", (Tensor("x", Datatype.INT16, hu),))
        answer = local.call(local.engine.infer(asked))
    session = onnxruntime.InferenceSession(str(source))
    seen = (np.clip(hu.astype(np.float32), -1000, 400) + 1000) / 1400
    np.testing.assert_allclose(
        answer.outputs[0].array, session.run(None, {"x": seen})[0], atol=1e-5
    )


def test_ir_needs_no_parity_and_archives_are_unpacked(source: Path, tmp_path: Path) -> None:
    ov.save_model(ov.Core().read_model(source), tmp_path / "ir" / "net.xml")
    with tarfile.open(tmp_path / "net.tgz", "w:gz") as archive:
        archive.add(tmp_path / "ir", "vendor")
    _, manifest = made(tmp_path / "net.tgz", ImportRequest(name="net"), tmp_path / "models")
    assert manifest.source is not None
    assert manifest.source.format == "openvino"
    assert manifest.source.parity is None


def test_a_saved_model_is_imported(tmp_path: Path, repository: Path) -> None:
    folder, manifest = made(
        write_saved_model(tmp_path / "saved"), ImportRequest(name="relu"), repository
    )
    assert manifest.source is not None
    assert manifest.source.format == "tensorflow"
    compiled = ov.Core().compile_model(folder / manifest.variants["fp32"].model, "CPU")
    values = np.array([[-1, 2, -3, 4]], np.float32)
    np.testing.assert_array_equal(compiled([values])[0], np.maximum(values, 0))


def test_versions_count_up_and_never_change(source: Path, repository: Path) -> None:
    request = ImportRequest(name="conv")
    assert made(source, request, repository)[0].name == "1"
    assert made(source, request, repository)[0].name == "2"
    with pytest.raises(VersionExists, match="versions never change"):
        import_model(source, ImportRequest(name="conv", version=2), repository, quiet)


def test_a_graph_that_differs_is_refused(tmp_path: Path, repository: Path) -> None:
    """Float16 weights under the tolerance of exact ones: a real difference of conversion."""
    path = tmp_path / "model.onnx"
    path.write_bytes(good_model().SerializeToString())
    request = ImportRequest(name="conv", compress_to_fp16=True, tolerance=1e-6)
    with pytest.raises(InvalidRequest, match="over the tolerance"):
        import_model(path, request, repository, quiet)
    assert not repository.exists()


def test_open_sizes_are_timed_in_the_shape_asked_for(tmp_path: Path, repository: Path) -> None:
    sizes = ["n", 1, "rows", "columns"]
    model = good_model(
        inputs=[helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)],
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    request = ImportRequest(name="conv", shapes={"x": (2, 1, 40, 24)})
    _, manifest = made(path, request, repository)
    speed = manifest.variants["bf16"].speed
    assert speed is not None
    assert speed.shapes == {"x": (2, 1, 40, 24)}
    assert manifest.inputs[0].shape == (-1, 1, -1, -1)


@pytest.mark.usefixtures("leaves_no_process")
@pytest.mark.parametrize("stage", ["converting", "running onnxruntime", "fp32: timing"])
def test_ctrl_c_leaves_nothing(source: Path, repository: Path, stage: str) -> None:
    def interrupt(share: float, told: str) -> None:
        if told == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_model(source, ImportRequest(name="conv"), repository, interrupt)
    assert not repository.exists()


@pytest.mark.usefixtures("leaves_no_process")
def test_a_step_over_its_time_is_ended(source: Path, repository: Path) -> None:
    with pytest.raises(DeadlineExceeded, match="was ended after"):
        import_model(source, ImportRequest(name="conv"), repository, quiet, Limits(wall_s=0.05))
    assert not repository.exists()


def test_a_step_that_fills_the_disk_is_ended(source: Path, repository: Path) -> None:
    with pytest.raises(InvalidRequest, match="the disk is full"):
        import_model(source, ImportRequest(name="conv"), repository, quiet, Limits(file_bytes=64))
    assert not repository.exists()


def test_a_repository_that_is_a_file_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        import_model(source, ImportRequest(name="conv"), tmp_path / "models", quiet)


def test_children_die_with_a_killed_import(source: Path, repository: Path, tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("aibox"), "models", "import", source]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    started = subprocess.Popen(
        [*command, "--name", "conv", "--repository", repository], env=environment
    )
    watched = psutil.Process(started.pid)
    deadline_s = time.monotonic() + 30
    while not (children := watched.children(recursive=True)):
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    made(source, ImportRequest(name="conv"), repository)  # and sweeps what was left


def test_the_command_prints_the_manifest(source: Path, repository: Path) -> None:
    command = [Path(sys.executable).with_name("aibox"), "models", "import", source, "--name"]
    options = ["conv", "--repository", repository, "--input-type", "uint8", "--scale", "255"]
    done = subprocess.run(
        [*command, *options, "--json"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["inputs"][0]["datatype"] == "UINT8"
    shown = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=True, timeout=60
    )
    assert "conv version 2" in shown.stdout
    assert "aibox up" in shown.stdout
