"""Manifests of cohorts."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from serving.domain.errors import InvalidRequest
from serving.radiomics.cohort.manifest import CohortCase, Manifest, read_manifest

PLAIN = b"case_id,image,mask\nA,a.nii,m.nii\nB,b.nii,\n"


def _refusal(data: bytes) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read_manifest(data)
    return caught.value.message


def test_all_columns_are_read() -> None:
    data = (
        b"Case ID,Image,Mask,ROI,Label,Time,Event,Group,Center,Repeat,Age\n"
        b"A,ct/a,rs/a.dcm,GTV*,1,12.5,1,g1,North,,63\n"
    )
    manifest = read_manifest(data)
    assert manifest.extra_columns == ("Age",)
    assert manifest.cases == (
        CohortCase(
            index=1,
            row=2,
            case_id="A",
            image="ct/a",
            mask="rs/a.dcm",
            roi="GTV*",
            label="1",
            time=12.5,
            event=True,
            group="g1",
            centre="North",
            repeat=None,
            extra=(("Age", "63"),),
        ),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_spreadsheet_csv_is_read(separator: str, encoding: str, end: str) -> None:
    lines = ["case_id,image,group", '"Mül,ler",a b/ü.nii,1', "", "B,b.nii"]
    cells = [line.split(",") for line in lines]
    cells[1] = ['"Mül,ler"', "a b/ü.nii", "1"]
    text = end.join(separator.join(row) for row in cells)
    manifest = read_manifest(text.encode(encoding))
    assert [case.case_id for case in manifest.cases] == ["Mül,ler", "B"]
    assert [case.row for case in manifest.cases] == [2, 4]
    assert manifest.cases[0].image == "a b/ü.nii"
    assert manifest.cases[1].group is None


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "case_id": [101, 102],
            "image": ["a.nii", "b.nii"],
            "label": [1.0, None],
            "time": [3.5, 4.0],
            "event": [True, False],
            "age": [60, 61],
        }
    )
    path = tmp_path / "manifest.parquet"
    frame.to_parquet(path)
    text = frame.assign(label=["1", ""], event=[1, 0]).to_csv(index=False)
    assert read_manifest(path) == read_manifest(text.encode())
    assert read_manifest(path).cases[0].case_id == "101"


def test_thousands_of_rows_are_read() -> None:
    rows = [f"case-{n},images/{n}.nii.gz,masks/{n}.nii.gz" for n in range(20_000)]
    manifest = read_manifest("\n".join(["case_id,image,mask", *rows]).encode())
    assert len(manifest.cases) == 20_000
    assert manifest.cases[-1].index == 20_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file came"),
        (b"case_id,image\n", "it has only a heading"),
        (b"case_id,mask\nA,m\n", "no column image"),
        (b"name,file\nA,m\n", "no column case_id and no column image"),
        (b"case_id,image,Case-ID\nA,m,B\n", "columns 1 and 3 of the manifest have the same name"),
        (b"case_id,image,\nA,m,B\n", "column 3 of the manifest has no name"),
        (b"case_id,image\nA,a\n,b\n", "row 3, column case_id of the manifest: expected a text"),
        (b"case_id,image\nA,a\nB\n", "row 3, column image of the manifest: expected a text"),
        (b"case_id,image\nA,a,b,c\n", "row 2 of the manifest has 4 cells and the heading 2"),
        (b"case_id,image\nA,a\nB,b\nA,c\n", "rows 2 and 4 of the manifest have the same case_id"),
        (b"case_id,image,time,event\nA,a,3,\n", "row 2, column event of the manifest: time and"),
        (b"case_id,image,time,event\nA,a,soon,1\n", "row 2, column time of the manifest: expected"),
        (b"case_id,image,time,event\nA,a,-3,1\n", "row 2, column time of the manifest: expected"),
        (b"case_id,image,time,event\nA,a,3,9\n", "row 2, column event of the manifest: expected 1"),
        (b"case_id,image\nA,../../etc/x\n", "row 2, column image of the manifest: expected a path"),
        (b"case_id,image\nA,a/..\\..\\x\n", "row 2, column image of the manifest: expected a path"),
        (b"case_id,image\nA,~root/x\n", "row 2, column image of the manifest: expected a path"),
        (b"case_id,image\nA,http://x/y\n", "row 2, column image of the manifest: expected a path"),
        (b"case_id,image\nA,a\0b\n", "row 2, column image of the manifest: expected plain text"),
        (b'case_id,image\n"A\nB",a\n', "row 2, column case_id of the manifest: expected plain"),
        (b"case_id,image\nA," + b"x" * 5000 + b"\n", "at most 4096 characters"),
        (b"case_id,image\nA,\xff\xfe\n", "not text in UTF-8"),
        (b"PAR1 and no more", "not Parquet"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(data: bytes, words: str) -> None:
    assert words in _refusal(data)


def test_errors_quote_nothing_of_the_cells() -> None:
    for cells in (b"Secret,a,x,1", b"Secret,../Secret,2,1", b"Secret,a,2,Secret"):
        assert "Secret" not in _refusal(b"case_id,image,time,event\n" + cells + b"\n")
    assert "Secret" not in _refusal(b"case_id,image\nSecret,a\nSecret,b\n")


def test_repeats_of_a_case_are_told_apart() -> None:
    data = b"case_id,image,mask,repeat\nA,a,m1,reader 1\nA,a,m2,reader 2\n"
    assert [case.repeat for case in read_manifest(data).cases] == ["reader 1", "reader 2"]


def test_decimal_comma_is_understood() -> None:
    manifest = read_manifest(b"case_id;image;time;event\nA;a;12,5;ja\n".replace(b"ja", b"yes"))
    assert (manifest.cases[0].time, manifest.cases[0].event) == (12.5, True)


def test_windows_paths_are_understood() -> None:
    assert read_manifest(b"case_id,image\nA,ct\\one\\a.nii\n").cases[0].image == "ct/one/a.nii"


def test_too_many_cases_are_refused() -> None:
    buffer = io.BytesIO(b"case_id,image\n" + b"a,b\n" * 250_000)
    assert "at most 200000 cases" in _refusal(buffer.getvalue())


def test_missing_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no file can be opened"):
        read_manifest(tmp_path / "absent.csv")


def test_plain_manifest() -> None:
    manifest = read_manifest(PLAIN)
    assert isinstance(manifest, Manifest)
    assert [case.mask for case in manifest.cases] == ["m.nii", None]
    assert manifest.cases[1].place == "case 2 (row 3)"
