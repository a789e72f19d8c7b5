"""The cases of an Extract job: sent files, and files that lie on the box."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.domain.errors import InvalidRequest
from serving.domain.radiomics import RadiomicsHeader, RadiomicsKind
from serving.radiomics.job.cases import job_cases
from serving.radiomics.job.request_check import RadiomicsCheck
from serving.radiomics.job.settings import RadiomicsSettings

SENT = RadiomicsHeader(kind=RadiomicsKind.EXTRACT)
IN_PLACE = SENT.model_copy(update={"in_place": True})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "image.nii").write_bytes(b"i")
    (folder / "a" / "mask.nii").write_bytes(b"m")
    (tmp_path / "secret.nii").write_bytes(b"s")
    (folder / "link.nii").symlink_to(tmp_path / "secret.nii")
    return folder


def job(tmp_path: Path, *rows: str, heading: str = "case_id,image,mask") -> Path:
    folder = tmp_path / "job"
    (folder / "input").mkdir(parents=True, exist_ok=True)
    (folder / "input" / "manifest.csv").write_text("\n".join((heading, *rows)) + "\n")
    return folder


def test_sent_files_are_looked_up_among_themselves(tmp_path: Path) -> None:
    folder = job(tmp_path, "1,cases/1/image,cases/1/mask/000000.nii", "2,cases/2/image,")
    cases = job_cases(SENT, folder, (tmp_path,))
    assert cases.root == folder / "input"
    assert list(cases.paths()) == [
        folder / "input" / "cases/1/image",
        folder / "input" / "cases/1/mask/000000.nii",
        folder / "input" / "cases/2/image",
    ]


def test_in_place_needs_a_folder_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"radiomics\.data_folders"):
        job_cases(IN_PLACE, job(tmp_path, "1,a/image.nii,a/mask.nii"), ())


def test_in_place_paths_are_found_in_any_of_the_folders(tmp_path: Path, data: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    folder = job(tmp_path, f"1,a/image.nii,{data}/a/mask.nii", "2,a/none.nii,a/mask.nii")
    cases = job_cases(IN_PLACE, folder, (other, data))
    first, second = cases.manifest.cases
    assert (first.image, first.mask) == (f"{data}/a/image.nii", f"{data}/a/mask.nii")
    assert second.image == f"{other}/a/none.nii"
    assert cases.root == Path("/")


@pytest.mark.parametrize("image", ["{root}/secret.nii", "link.nii", "/etc/passwd"])
def test_in_place_never_leads_out_of_the_folders(tmp_path: Path, data: Path, image: str) -> None:
    path = image.format(root=tmp_path)
    folder = job(tmp_path, "1,a/image.nii,a/mask.nii", f"2,{path},a/mask.nii")
    with pytest.raises(InvalidRequest, match="row 3, column image") as refused:
        job_cases(IN_PLACE, folder, (data,))
    assert path not in refused.value.message


def test_a_changed_file_in_place_makes_another_request(tmp_path: Path, data: Path) -> None:
    check = RadiomicsCheck(RadiomicsSettings(data_folders=(data,)))
    folder = job(tmp_path, "1,a/image.nii,a/mask.nii")
    before = check.check(IN_PLACE, folder)
    assert check.check(IN_PLACE, folder) == before
    (data / "a" / "image.nii").write_bytes(b"other")
    assert check.check(IN_PLACE, folder) != before


def test_what_can_never_be_done_is_refused_at_once(tmp_path: Path) -> None:
    check = RadiomicsCheck(RadiomicsSettings(), lambda: ("nested_unet_covid",))
    (tmp_path / "empty" / "input").mkdir(parents=True)
    good = job(tmp_path, "1,a,b")
    clash = job(tmp_path / "clash", "1,a,b,x", heading="case_id,image,mask,status")
    train = RadiomicsHeader(kind=RadiomicsKind.TRAIN, model_name="m")
    table = tmp_path / "table"
    (table / "input").mkdir(parents=True)
    (table / "input" / "features.csv").write_text("case_id,x\n")
    for header, folder, words in (
        (SENT, tmp_path / "empty", "manifest.csv or manifest.parquet"),
        (SENT.model_copy(update={"preset": "none"}), good, "preset"),
        (SENT.model_copy(update={"settings_json": "[]"}), good, "JSON object"),
        (SENT.model_copy(update={"settings_json": '{"bins": 3}'}), good, "bins"),
        (SENT, clash, "status"),
        (train, good, "features.parquet"),
        (train.model_copy(update={"model_name": "../x"}), table, "name of a model"),
        (train.model_copy(update={"model_name": "nested_unet_covid"}), table, "choose another"),
        (train.model_copy(update={"settings_json": '{"outer_folds": 1}'}), table, "outer_folds"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            check.check(header, folder)
    assert check.check(train, table) == ""
