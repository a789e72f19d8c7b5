"""What of the zoo works without torch: its list, its inputs, its descriptions, its refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from provisioning.description import read_description
from provisioning.labelled_set import read_labelled_set
from provisioning.zoo import build as build_module
from provisioning.zoo.build import BuildRequest, build
from provisioning.zoo.catalogue import ENTRIES, example_inputs, find
from provisioning.zoo.entry import ZooEntry, smooth_noise
from provisioning.zoo.kept_files import CALIBRATION_IMAGES, ExportFormat, KeptFiles
from serving.domain.errors import InvalidRequest

each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def _silent(done: float, stage: str) -> None:
    pass


def test_the_catalogue_holds_the_five_networks_of_the_case_study() -> None:
    names = [entry.name for entry in ENTRIES]
    assert names == [
        "nested_unet_512",
        "hrnet_w18",
        "retinanet_r50",
        "inception_v4",
        "inception_resnet_v2",
    ]


@each_entry
def test_no_network_of_random_weights_passes_for_trained(entry: ZooEntry) -> None:
    training = entry.description.training
    assert training is not None
    assert not training.trained
    assert "no study" in entry.description.intended_use


@each_entry
def test_every_tensor_has_a_meaning(entry: ZooEntry) -> None:
    assert set(entry.description.tensors) == {entry.input.name, *entry.outputs}


@each_entry
def test_examples_depend_on_the_seed_alone_and_fit_the_input(entry: ZooEntry) -> None:
    shape = (*entry.input.example[:2], 32, 48)
    [once], [again], [other] = (
        example_inputs(entry.name, seed, shape).values() for seed in (1, 1, 2)
    )
    assert once.dtype == entry.input.dtype
    assert once.shape == shape
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_noise_stays_in_its_range_and_has_structure_beyond_single_pixels() -> None:
    image = smooth_noise((1, 1, 128, 128), (0, 255), np.uint8, 3)[0, 0].astype(float)
    assert image.min() >= 0
    assert image.max() <= 255
    assert image.std() > 30
    neighbours = np.corrcoef(image[:, :-1].ravel(), image[:, 1:].ravel())[0, 1]
    assert neighbours > 0.5


@each_entry
def test_a_kept_description_is_read_back_as_it_was(entry: ZooEntry, tmp_path: Path) -> None:
    files = KeptFiles(tmp_path)
    files.write_description(entry.description)
    assert read_description(files.description) == entry.description


def test_a_kept_calibration_set_is_a_labelled_set_of_distinct_images(tmp_path: Path) -> None:
    files, entry = KeptFiles(tmp_path), find("inception_v4")
    files.write_calibration(entry, 7)
    labelled = read_labelled_set(files.calibration)
    assert labelled.inputs.shape == (CALIBRATION_IMAGES, 3, 299, 299)
    assert len({image.tobytes() for image in labelled.inputs}) == CALIBRATION_IMAGES
    [example] = example_inputs("inception_v4", 7).values()
    assert all((image != example[0]).any() for image in labelled.inputs)


def test_files_have_the_names_that_the_benchmarks_look_for(tmp_path: Path) -> None:
    files = KeptFiles(tmp_path)
    assert files.model(ExportFormat.ONNX).name == "model.onnx"
    assert files.model(ExportFormat.PT2).name == "model.pt2"
    assert (files.inputs.name, files.description.name) == ("inputs.npz", "description.toml")


def test_an_unknown_network_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="hrnet_w18"):
        build(BuildRequest("alexnet"), tmp_path, _silent)
    assert not any(tmp_path.iterdir())


def test_without_torch_a_build_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "find_spec", lambda name: None)
    with pytest.raises(InvalidRequest, match="make install-zoo"):
        build(BuildRequest("hrnet_w18"), tmp_path, _silent)
    assert not any(tmp_path.iterdir())


def test_the_command_lists_the_networks_without_importing_torch() -> None:
    code = "import sys; from appliance.cli import app; sys.modules['torch'] = None; app()"
    run = subprocess.run(
        [sys.executable, "-c", code, "zoo", "list", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    rows = json.loads(run.stdout)
    assert [row["name"] for row in rows] == [entry.name for entry in ENTRIES]
    assert rows[2]["outputs"] == ["boxes", "scores", "labels"]
