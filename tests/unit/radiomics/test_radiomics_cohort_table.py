"""Records and tables of cohorts."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from serving.domain.errors import InvalidRequest
from serving.radiomics.cohort.case_result import CaseResult, RoiRow
from serving.radiomics.cohort.manifest import CohortCase, Manifest, read_manifest
from serving.radiomics.cohort.record import RecordFolder
from serving.radiomics.cohort.summary import summarise
from serving.radiomics.cohort.table import (
    Provenance,
    TableFiles,
    feature_columns,
    provenance_of,
    write_table,
)
from serving.radiomics.settings import ExtractionSettings

SETTINGS = ExtractionSettings()
MANIFEST = read_manifest(
    b"case_id,image,label,time,event,group,centre,age\n"
    b"A,a,1,2.5,1,g,North,60\n"
    b"B,b,0,3.5,0,g,South,\n"
    b'"C;=1",c,,,,,,62\n'
)
ODD = (math.pi, -0.0, 1e-300, 1.7976931348623157e308, 0.1 + 0.2, math.nan, math.inf)


def _results() -> list[CaseResult]:
    features = {"stat_mean": 1 / 3, "stat_var": math.nan}
    return [
        CaseResult(
            index=1,
            row=2,
            status="ok",
            rows=(
                RoiRow(roi="GTV-1", number=1, features=features),
                RoiRow(roi="LN, left", number=4, error="empty", notices=("one.",)),
            ),
            notices=("Slices lie apart.",),
            modality="CT",
            seconds=0.25,
            peak_memory_bytes=3 * 2**20,
        ),
        CaseResult.failed(MANIFEST.cases[1], "the mask is empty"),
        CaseResult(
            index=3,
            row=4,
            status="ok",
            rows=(RoiRow(roi="GTV-1", number=1, features={"stat_mean": 2.0, "stat_max": 9.0}),),
        ),
    ]


def _table(folder: Path, manifest: Manifest = MANIFEST) -> TableFiles:
    return write_table(manifest, _results, folder, Provenance(SETTINGS, "1.2.3"))


def test_every_region_and_every_failed_case_is_a_row(tmp_path: Path) -> None:
    files = _table(tmp_path)
    frame = pd.read_parquet(files.parquet)
    assert (files.rows, files.features) == (4, 3)
    assert frame["case_id"].tolist() == ["A", "A", "B", "C;=1"]
    assert frame["roi"].tolist() == ["GTV-1", "LN, left", None, "GTV-1"]
    assert frame["status"].tolist() == ["ok", "failed", "failed", "ok"]
    assert frame["error"].tolist() == ["", "empty", "the mask is empty", ""]
    assert frame["age"].tolist() == ["60", "60", None, "62"]
    assert frame["notices"][1] == "Slices lie apart. one."
    assert frame["stat_mean"].tolist()[::3] == [1 / 3, 2.0]
    assert frame["stat_max"].isna().tolist() == [True, True, True, False]


def test_features_come_last_in_a_stable_order(tmp_path: Path) -> None:
    frame = pd.read_parquet(_table(tmp_path).parquet)
    assert feature_columns(frame.columns) == ("stat_mean", "stat_var", "stat_max")
    assert frame.columns[0] == "case_id"
    with pytest.raises(InvalidRequest, match="settings_digest"):
        feature_columns(["case_id", "stat_mean"])


def test_csv_holds_what_parquet_holds(tmp_path: Path) -> None:
    files = _table(tmp_path)
    parquet, csv = pd.read_parquet(files.parquet), pd.read_csv(files.csv)
    assert list(csv.columns) == list(parquet.columns)
    assert csv["stat_mean"].tolist()[0] == parquet["stat_mean"].tolist()[0]
    assert csv["case_id"].tolist() == parquet["case_id"].tolist()
    assert csv["event"].tolist()[:3] == [1, 1, 0]
    assert csv["label"].tolist()[:3] == [1, 1, 0]


def test_provenance_says_what_made_the_table(tmp_path: Path) -> None:
    found = json.loads(provenance_of(_table(tmp_path).parquet))
    assert (found["box_version"], found["settings_digest"]) == ("1.2.3", SETTINGS.digest)
    assert ExtractionSettings.model_validate(found["settings"]) == SETTINGS
    assert found["libraries"]["numpy"] == np.__version__
    frame = pd.read_csv(tmp_path / "features.csv")
    assert set(frame["settings_digest"]) == {SETTINGS.digest}
    assert set(frame["box_version"]) == {"1.2.3"}


def test_text_labels_stay_text(tmp_path: Path) -> None:
    cases = tuple(replace(case, label="benign") for case in MANIFEST.cases)
    files = _table(tmp_path, replace(MANIFEST, cases=cases))
    assert set(pd.read_parquet(files.parquet)["label"]) == {"benign"}


def test_column_of_the_manifest_that_clashes_is_refused(tmp_path: Path) -> None:
    for name in ("status", "stat_mean"):
        manifest = replace(MANIFEST, columns=(*MANIFEST.columns, name))
        with pytest.raises(InvalidRequest, match="rename it"):
            _table(tmp_path, manifest)
    assert not list(tmp_path.glob("*features.parquet"))


def test_a_cohort_of_failed_cases_still_has_a_table(tmp_path: Path) -> None:
    failed = [CaseResult.failed(case, "broken") for case in MANIFEST.cases]
    provenance = Provenance(SETTINGS, "1")
    files = write_table(MANIFEST, lambda: failed, tmp_path, provenance)
    assert (files.rows, files.features) == (3, 0)
    assert len(pd.read_csv(files.csv)) == 3


def test_large_tables_are_written_batch_by_batch(tmp_path: Path) -> None:
    rows = "\n".join(f"c{n},i{n}" for n in range(700))
    manifest = read_manifest(f"case_id,image\n{rows}\n".encode())
    alive: list[int] = []

    def results() -> Iterable[CaseResult]:
        for case in manifest.cases:
            alive.append(case.index)
            features = {f"f{k}": float(case.index + k) for k in range(20)}
            rows = (RoiRow(roi="1", number=1, features=features),)
            yield CaseResult(index=case.index, row=case.row, status="ok", rows=rows)

    files = write_table(manifest, results, tmp_path, Provenance(SETTINGS, "1"))
    assert len(alive) == 2 * 700
    assert pq.ParquetFile(files.parquet).num_row_groups > 1
    assert pd.read_parquet(files.parquet)["f3"].tolist() == [n + 3.0 for n in range(1, 701)]


def _folder(path: Path, settings: ExtractionSettings = SETTINGS) -> RecordFolder:
    return RecordFolder(path / "records", settings)


def test_records_come_back_bit_by_bit(tmp_path: Path) -> None:
    features = {f"f{n}": value for n, value in enumerate(ODD)}
    result = _results()[0].model_copy(
        update={"rows": (RoiRow(roi="x", number=1, features=features),)}
    )
    folder = _folder(tmp_path)
    folder.write(MANIFEST.cases[0], result)
    found = folder.read(MANIFEST.cases[0])
    assert found is not None
    written, read = (np.array(list(one.rows[0].features.values())) for one in (result, found))
    assert written.tobytes() == read.tobytes()
    assert found.model_copy(update={"rows": ()}) == result.model_copy(update={"rows": ()})


def test_a_stopped_cohort_goes_on_at_the_first_unfinished_case(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    for case, result in list(zip(MANIFEST.cases, _results(), strict=True))[::2]:
        folder.write(case, result)
    again = _folder(tmp_path)
    assert again.unfinished(MANIFEST.cases) == (MANIFEST.cases[1],)
    assert [one.index for one in again.results(MANIFEST.cases)] == [1, 3]


def test_records_of_other_cases_or_settings_do_not_count(tmp_path: Path) -> None:
    case = MANIFEST.cases[0]
    _folder(tmp_path).write(case, _results()[0])
    assert _folder(tmp_path).read(replace(case, mask="other.nii")) is None
    assert _folder(tmp_path, ExtractionSettings(families=("glcm",))).read(case) is None
    assert _folder(tmp_path).read(case) is not None


def test_half_written_records_do_not_count(tmp_path: Path) -> None:
    case, folder = MANIFEST.cases[0], _folder(tmp_path)
    folder.write(case, _results()[0])
    (path,) = (tmp_path / "records").glob("*.json")
    (tmp_path / "records/left.part").write_text("{")
    path.write_text(path.read_text()[:-40])
    assert folder.read(case) is None
    folder.sweep()
    assert [one.name for one in (tmp_path / "records").iterdir()] == [path.name]


def test_writers_at_once_leave_whole_records(tmp_path: Path) -> None:
    folder, case = _folder(tmp_path), MANIFEST.cases[0]
    folder.write(case, _results()[0].model_copy(update={"seconds": 1.0}))
    threads = [threading.Thread(target=_write_often, args=(folder, case, s)) for s in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found = folder.read(case)
        assert found is not None
        assert found.seconds in (1.0, 2.0)


def _write_often(folder: RecordFolder, case: CohortCase, seconds: float) -> None:
    result = _results()[0].model_copy(update={"seconds": seconds})
    for _ in range(20):
        folder.write(case, result)


def test_records_hold_no_case_id(tmp_path: Path) -> None:
    case = replace(MANIFEST.cases[0], case_id="Secret^Name", image="Secret/ct")
    _folder(tmp_path).write(case, _results()[0])
    (path,) = (tmp_path / "records").glob("*.json")
    assert "Secret" not in path.read_text()
    assert "Secret" not in path.name


def test_summary_counts_and_lists() -> None:
    found = summarise(_results())
    assert (found.cases, found.done, found.failed, found.regions) == (3, 2, 1, 2)
    assert found.errors == ("case 2 (row 3): the mask is empty",)
    assert found.region_errors == ("case 1 (row 2), region 4: empty",)
    assert found.notices == ("case 1 (row 2): Slices lie apart.", "case 1 (row 2), region 4: one.")
