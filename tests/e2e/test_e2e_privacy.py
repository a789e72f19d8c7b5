"""Bar 11: a planted name and id appear nowhere outside the spool and the results."""

from __future__ import annotations

import subprocess
import urllib.request
from pathlib import Path

import pydicom
import pytest

from appliance.client import AiboxClient
from loadtests.box import OwnBox, aibox_command
from serving.domain.errors import AiboxError
from serving.domain.job import JobState

NAME, PATIENT_ID = "Plantedname^Zebulon", "PLANTED-ID-40817"
MARKS = (b"Plantedname", b"Zebulon", b"PLANTED-ID-40817", b"plantedname")


@pytest.fixture(scope="module")
def planted(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    for path in sorted(small_study.iterdir()):
        dataset = pydicom.dcmread(path)
        _plant(dataset)
        dataset.save_as(folder / path.name)
    return folder


def _plant(dataset: pydicom.Dataset) -> None:
    dataset.PatientName = NAME
    dataset.PatientID = PATIENT_ID
    dataset.OtherPatientIDs = PATIENT_ID
    dataset.StudyDescription = f"for {NAME}"
    dataset.SeriesInstanceUID = dataset.SeriesInstanceUID[:-3] + ".77"
    dataset.StudyInstanceUID = dataset.StudyInstanceUID[:-3] + ".77"
    dataset.SOPInstanceUID = dataset.SOPInstanceUID[:-3] + f".77{dataset.InstanceNumber}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _malformed(good: Path, folder: Path) -> list[Path]:
    """Files that make a reader raise, each with the planted name where the reader trips."""
    raw = good.read_bytes()
    mark = NAME.encode()
    made = {
        "truncated": raw[: len(raw) // 2],
        "name only": mark * 50,
        "bad number": raw.replace(b"DS", b"DS", 1).replace(b"1\\0\\0\\0\\1\\0", mark[:11], 1),
        "no pixels": raw[: raw.rfind(b"\xe0\x7f\x10\x00")],
        "zeros": b"\0" * 128 + b"DICM" + mark * 20,
    }
    dataset = pydicom.dcmread(good)
    for keyword in ("Rows", "ImagePositionPatient", "PixelSpacing"):
        broken = pydicom.dcmread(good)
        del broken[keyword]
        broken.save_as(folder / f"no{keyword}.dcm")
    dataset.RescaleSlope = 1
    for index, body in enumerate(made.values()):
        (folder / f"bad{index}.dcm").write_bytes(body)
    odd = pydicom.dcmread(good)
    odd.add_new(0x00280030, "LO", NAME)
    odd.save_as(folder / "oddspacing.dcm")
    return sorted(folder.iterdir())


def test_nothing_of_a_patient_outside_spool_and_results(
    box: OwnBox, planted: Path, tmp_path: Path
) -> None:
    said: list[bytes] = []
    with AiboxClient(box.address) as client:
        job = client.wait(client.analyze(planted).job_id)
        assert job.state is JobState.DONE, job.error_message
        bad = tmp_path / "bad"
        bad.mkdir()
        for path in _malformed(next(planted.iterdir()), bad):
            said.append(_refusal(client, path).encode())
    assert len(set(said)) > 3, said
    command = [aibox_command(), "status", "--json"]
    status = subprocess.run(command, env=box.environment(), capture_output=True, timeout=60)
    metrics = urllib.request.urlopen(f"{box.admin_url}/metrics", timeout=10).read()
    health = urllib.request.urlopen(f"{box.admin_url}/healthz", timeout=10).read()
    for text in (*said, status.stdout, status.stderr, metrics, health, box.log_path.read_bytes()):
        assert _found(text) == []
    assert _leaking_files(box.state_dir) == []


def _refusal(client: AiboxClient, path: Path) -> str:
    try:
        job = client.wait(client.analyze(path).job_id)
    except AiboxError as error:
        return f"{type(error).__name__} {error} {error.details}"
    assert job.state is JobState.FAILED
    return f"{job.error_kind} {job.error_message}"


def _found(text: bytes) -> list[bytes]:
    return [mark for mark in MARKS if mark in text]


def _leaking_files(state: Path) -> list[str]:
    """Files under the state directory, Ray's session included, whose name or text has a mark."""
    leaking = []
    for path in state.rglob("*"):
        inside = path.relative_to(state)
        if _found(str(inside).encode()):
            leaking.append(f"name: {inside}")
        if inside.parts[0] in ("spool", "results") or not path.is_file():
            continue
        if _found(path.read_bytes()):
            leaking.append(str(inside))
    return leaking
