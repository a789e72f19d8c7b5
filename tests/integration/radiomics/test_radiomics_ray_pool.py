"""Cases as Ray tasks: what becomes of one that is too large, too slow, or kills its process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.unit.radiomics.cohort_files import write_cohort

PROCESS = Path(__file__).with_name("ray_pool_process.py")
SLOW_CASE = 2


@dataclass(frozen=True)
class Ended:
    """What the process told."""

    cases: dict[int, tuple[str, str]]
    started: list[tuple[int, bool]]

    def starts(self, case: int) -> list[bool]:
        """Whether each start of the case was alone."""
        return [whole for index, whole in self.started if index == case]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """How the cohort ended in each of the ways of `ray_pool_process.py`."""
    cohort = _cohort(tmp_path_factory.mktemp("cohort"))
    done = subprocess.run(
        [sys.executable, str(PROCESS), str(cohort)],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {one["way"]: _ended(one["cases"], one["started"]) for one in told}


@pytest.mark.parametrize(
    ("way", "words", "starts"),
    [
        ("memory", "radiomics.max_memory_gb", [False, True]),
        ("time", "radiomics.case_timeout_s", [False]),
        ("kill", "broke down 2 times", [False, True]),
    ],
)
def test_one_bad_case_costs_no_other(
    ended: dict[str, Ended], way: str, words: str, starts: list[bool]
) -> None:
    found = ended[way]
    assert {index: status for index, (status, _) in found.cases.items()} == {
        1: "ok",
        SLOW_CASE: "failed",
        3: "ok",
        4: "ok",
    }
    assert words in found.cases[SLOW_CASE][1]
    assert found.starts(SLOW_CASE) == starts
    assert all(found.starts(index) == [False] for index in (1, 3, 4))


def _cohort(folder: Path) -> Path:
    """Four cases, the slow one of them with an image of some half a GiB as float64."""
    files = write_cohort(folder, good=4, broken=False)
    values = np.zeros((400, 400, 400), np.int16)
    mask = np.zeros(values.shape, np.uint8)
    mask[40:360, 40:360, 40:360] = 1
    text = files.manifest.read_text()
    for name, array in (("image", values), ("mask", mask)):
        path = files.root / f"{name}-{SLOW_CASE:03d}.nii"
        nibabel.save(nibabel.Nifti1Image(array, np.diag([-1.0, -1.0, 1.0, 1.0])), path)
        text = text.replace(f"{path.name}.gz", path.name)
    files.manifest.write_text(text)
    return files.root


def _ended(cases: dict[str, list[str]], started: list[list[int]]) -> Ended:
    by_index = {int(index): (status, error) for index, (status, error) in cases.items()}
    return Ended(by_index, [(index, bool(whole)) for index, whole in started])
