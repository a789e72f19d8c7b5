"""Tables out of files: what is a feature, which rows count, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.domain.errors import InvalidRequest
from serving.radiomics.modelling.outcome import Binary, Survival
from serving.radiomics.modelling.read_table import read_feature_table
from serving.radiomics.modelling.settings import BinaryOutcome, Columns, SurvivalOutcome


def frame() -> pd.DataFrame:
    """As an extraction writes it: one failed case, two regions of one case, one repeat."""
    return pd.DataFrame(
        {
            "case_id": ["001", "001", "002", "002", "003", "004"],
            "repeat": [None, None, None, "second", None, None],
            "roi": ["a", "b", "a", "a", "a", None],
            "status": ["ok", "ok", "ok", "ok", "ok", "failed"],
            "error": [None] * 5 + ["broken"],
            "label": [1.0, 1.0, 0.0, 0.0, None, 1.0],
            "centre": ["x", "x", "y", "y", "y", "x"],
            "age": ["50", "50", "60", "60", "70", "40"],
            "settings_digest": ["d"] * 6,
            "morph_volume": [1.0, 2.0, 3.0, 3.5, 4.0, None],
            "stat_mean": [0.1, np.inf, 0.3, 0.35, 0.4, None],
        }
    )


@pytest.mark.parametrize("kind", ["csv", "semicolons", "parquet"])
def test_a_table_of_an_extraction(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "table"
    if kind == "parquet":
        frame().to_parquet(path)
    else:
        frame().to_csv(path, index=False, sep="," if kind == "csv" else ";")
    table = read_feature_table(path, Columns())
    assert table.names == ("morph_volume", "stat_mean")
    assert table.case_ids == ("001", "001", "002")
    assert isinstance(table.outcome, Binary)
    assert table.outcome.positive.tolist() == [True, True, False]
    assert table.outcome.names == ("0", "1")
    assert table.groups is not None
    assert table.groups.tolist() == ["001", "001", "002"]
    assert table.centres is not None
    assert table.centres.tolist() == ["x", "x", "y"]
    assert np.isnan(table.values[1, 1])
    assert [(each.rows, each.reason.split()[0]) for each in table.left_out] == [
        (1, "failed"),
        (1, "without"),
    ]
    (again,) = table.repeats
    np.testing.assert_array_equal(again[2], [3.5, 0.35])
    assert np.isnan(again[:2]).all()
    assert "infinite" in table.notices[0]


def test_clinical_columns_can_be_features_and_a_prediction_needs_no_outcome(tmp_path: Path) -> None:
    frame().drop(columns="label").to_csv(tmp_path / "t.csv", index=False)
    columns = Columns(clinical=("age",))
    table = read_feature_table(tmp_path / "t.csv", columns, with_outcome=False)
    assert table.names == ("morph_volume", "stat_mean", "age")
    assert table.values[:, 2].tolist() == [50, 50, 60, 70]
    assert table.outcome is None


def test_any_table_with_words_as_classes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id_number;grade;f1;diagnostics_Versions;note\n7;low;1;x;q\n8;high;2;x;r\n")
    outcome = BinaryOutcome(label="grade", positive="high")
    columns = Columns(outcome=outcome, case_id="id_number", ignored=("no*",))
    table = read_feature_table(path, columns)
    assert table.names == ("f1",)
    assert isinstance(table.outcome, Binary)
    assert table.outcome.names == ("low", "high")
    assert table.outcome.positive.tolist() == [False, True]
    assert table.groups is None


def test_times_to_event(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time,event,f\n10,1,0.5\n12.5,0,0.7\n,1,0.9\n")
    table = read_feature_table(path, Columns(outcome=SurvivalOutcome()))
    assert isinstance(table.outcome, Survival)
    assert table.outcome.time.tolist() == [10, 12.5]
    assert table.outcome.event.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("label,f\n1,2\n1,3\n", "one value throughout"),
        ("label,f\n1,2\n2,3\n3,4\n", "3 different values"),
        ("outcome,f\n1,2\n", "no column label"),
        ("label,f,sex\n1,2,male\n0,3,female\n", "sex holds texts"),
        ("label,patient_id,f\n1,17,1\n0,18,2\n1,19,3\n", "patient_id numbers the rows"),
        ("label,f\n", "no rows"),
        ("", "neither"),
        ("label,f\n,1\n,2\n", "0 different values"),
        ("label,f,status\n1,2,failed\n0,3,failed\n", "0 different values"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=words):
        read_feature_table(path, Columns())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,event,f\n0,1,1\n", "positive time"),
        ("time,event,f\n-3,1,1\n", "positive time"),
        ("time,event,f\nsoon,1,1\n", "times are numbers"),
        ("time,event,f\n3,2,1\n", "something else"),
    ],
)
def test_bad_times_are_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=words):
        read_feature_table(path, Columns(outcome=SurvivalOutcome()))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"PAR1 and then nothing")
    (tmp_path / "u").write_bytes(b"\xff\xfe\x00\x01" * 50)
    for name in ("t", "u", "missing"):
        with pytest.raises(InvalidRequest):
            read_feature_table(tmp_path / name, Columns())
