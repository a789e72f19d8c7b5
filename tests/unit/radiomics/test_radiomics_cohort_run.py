"""Cases of a cohort run: sound ones give features, broken ones each a sentence of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.cohort.case_run import run_case
from serving.radiomics.cohort.manifest import CohortCase, Manifest, read_manifest
from serving.radiomics.settings import ExtractionSettings
from tests.unit.radiomics.cohort_files import (
    BROKEN,
    SENTENCES,
    SEVERAL_PARTS,
    CohortFiles,
    write_cohort,
)

SETTINGS = ExtractionSettings(families=("statistics", "histogram"))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> CohortFiles:
    return write_cohort(tmp_path_factory.mktemp("cohort"), good=10)


@pytest.fixture(scope="module")
def manifest(cohort: CohortFiles) -> Manifest:
    return read_manifest(cohort.manifest)


@pytest.fixture(scope="module")
def results(cohort: CohortFiles, manifest: Manifest) -> list[CaseResult]:
    return [run_case(case, cohort.root, SETTINGS) for case in manifest.cases]


def test_every_sound_case_gives_features(cohort: CohortFiles, results: list[CaseResult]) -> None:
    done = [one for one in results if one.status == "ok"]
    assert {one.index for one in done} == set(range(1, 21)) - set(cohort.broken)
    assert all(len(one.rows) == 1 and len(one.rows[0].features) > 30 for one in done)
    assert all(one.seconds > 0 and one.peak_memory_bytes > 2**24 for one in done)


def test_ten_kinds_of_broken_cases_give_ten_sentences(
    cohort: CohortFiles, results: list[CaseResult]
) -> None:
    assert sorted(cohort.broken.values()) == sorted(BROKEN)
    errors = {cohort.broken[one.index]: one.error for one in results if one.status == "failed"}
    assert len(set(errors.values())) == len(BROKEN)
    for way, error in errors.items():
        assert SENTENCES[way] in error, way


def test_error_lines_name_the_case_and_no_patient(
    cohort: CohortFiles, results: list[CaseResult]
) -> None:
    for one in results:
        if one.status == "failed":
            assert one.line.startswith(f"case {one.index} (row {one.index + 1}): ")
            for word in ("patient", "Secret", "secret", str(cohort.root), ".nii"):
                assert word not in one.line


def test_several_parts_are_a_notice(results: list[CaseResult]) -> None:
    (row,) = results[SEVERAL_PARTS - 1].rows
    assert row.notices == ("The region has 2 separate parts; they were measured as one.",)


def _case(image: str, mask: str | None = None, roi: str | None = None) -> CohortCase:
    return CohortCase(index=1, row=2, case_id="x", image=image, mask=mask, roi=roi)


def test_paths_that_lead_out_of_the_folder_are_refused(cohort: CohortFiles, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(cohort.root)
    for image in ("/etc/passwd", str(cohort.root / "image-001.nii.gz"), "link/image-001.nii.gz"):
        result = run_case(_case(image, "mask.nii"), inside, SETTINGS)
        assert "leads out of the folder" in result.error
    absolute = str(cohort.root / "image-001.nii.gz")
    assert run_case(_case(absolute, "mask-001.nii.gz"), cohort.root, SETTINGS).status == "ok"


def test_one_bad_region_leaves_the_others(cohort: CohortFiles, tmp_path: Path) -> None:
    import nibabel
    import numpy as np

    found = nibabel.load(cohort.root / "mask-001.nii.gz")
    labels = np.asanyarray(found.dataobj).copy()
    labels[0, 0, 0] = 2
    nibabel.save(nibabel.Nifti1Image(labels, found.affine), cohort.root / "two.nii.gz")
    result = run_case(_case("image-001.nii.gz", "two.nii.gz"), cohort.root, SETTINGS)
    assert result.status == "ok"
    assert [row.status for row in result.rows] == ["ok", "failed"]
    assert "a single voxel" in result.rows[1].error


def test_running_out_of_memory_is_left_to_the_caller(
    cohort: CohortFiles, manifest: Manifest
) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    case = replace(manifest.cases[0], image="image-huge.nii")
    _claim_and_fill(cohort.root / "image-huge.nii")
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + 2**26, hard))
    try:
        with pytest.raises(MemoryError):
            run_case(case, cohort.root, SETTINGS)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _claim_and_fill(path: Path) -> None:
    """A sparse file of zeros behind a header that claims them: 128 MB of int16."""
    import nibabel
    import numpy as np

    header = nibabel.Nifti1Header()
    header.set_data_shape((400, 400, 400))
    header.set_data_dtype(np.int16)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    with path.open("wb") as file:
        file.write(header.binaryblock)
        file.truncate(352 + 2 * 400**3)


def _data_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))


def test_same_files_give_the_same_numbers(cohort: CohortFiles, manifest: Manifest) -> None:
    first, second = (run_case(manifest.cases[0], cohort.root, SETTINGS) for _ in range(2))
    assert first.rows == second.rows
