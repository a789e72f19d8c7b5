"""Two result folders of one study against each other."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from finished_results import lesions, write_results
from hypothesis import given
from hypothesis import strategies as st

from appliance.canary.compare_results import compare_results
from appliance.canary.label_planes import open_labels
from serving.domain.agreement import dice
from serving.domain.errors import InvalidRequest


def test_overlap_volumes_and_severity_are_those_of_the_files(tmp_path: Path) -> None:
    a = write_results(tmp_path / "a", lesions(0, 1, 2), severity=4)
    b = write_results(tmp_path / "b", lesions(2, 3), severity=6)
    found = compare_results(a, b)
    assert found.dice == pytest.approx(2 * 50 / (150 + 100))
    assert (found.volume_a_ml, found.volume_b_ml) == (150.0, 100.0)
    assert (found.volume_difference_ml, found.volume_ratio) == (-50.0, pytest.approx(2 / 3))
    assert (found.severity_a, found.severity_b, found.severity_changed) == (4, 6, True)
    assert compare_results(b, a).volume_difference_ml == 50.0


def test_a_result_agrees_with_itself_and_nothing_with_nothing(tmp_path: Path) -> None:
    a = write_results(tmp_path / "a", lesions(1))
    empty = write_results(tmp_path / "e", lesions())
    assert compare_results(a, a).dice == compare_results(empty, empty).dice == 1.0
    one_sided = compare_results(empty, a)
    assert (one_sided.dice, one_sided.volume_ratio) == (0.0, None)
    assert not compare_results(a, a).severity_changed


def test_the_number_of_a_lesion_does_not_matter_only_where_it_lies(tmp_path: Path) -> None:
    a = write_results(tmp_path / "a", lesions(1, 2))
    b = write_results(tmp_path / "b", lesions(1, 2) * 7)
    assert compare_results(a, b).dice == 1.0


@given(a=st.sets(st.integers(0, 40)), b=st.sets(st.integers(0, 40)))
def test_dice_lies_between_none_and_one_and_has_no_direction(a: set[int], b: set[int]) -> None:
    found = dice(len(a), len(b), len(a & b))
    assert 0.0 <= found <= 1.0
    assert (found == 1.0) == (a == b)
    assert found == dice(len(b), len(a), len(a & b))


def test_slices_are_read_in_their_order(tmp_path: Path) -> None:
    labels = lesions(0, 3)
    folder = write_results(tmp_path / "a", labels)
    with open_labels(folder / "lesions.nii.gz") as planes:
        assert planes.shape == (30, 20, 6)
        assert np.array_equal(np.stack(list(planes)), labels)


@pytest.mark.parametrize("changed", [{"shape": (6, 20, 31)}, {"shape": (5, 20, 30)}])
def test_other_grids_are_not_compared(
    tmp_path: Path, changed: dict[str, tuple[int, int, int]]
) -> None:
    a = write_results(tmp_path / "a", lesions(1))
    b = write_results(tmp_path / "b", lesions(1, **changed))
    with pytest.raises(InvalidRequest, match="different grids"):
        compare_results(a, b)


def test_the_same_shape_elsewhere_is_another_grid(tmp_path: Path) -> None:
    a = write_results(tmp_path / "a", lesions(1))
    b = write_results(tmp_path / "b", lesions(1), spacing_mm=1.5)
    with pytest.raises(InvalidRequest, match="different grids"):
        compare_results(a, b)


def _cut(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data)[:-100])


def _no_header(data: bytes) -> bytes:
    return gzip.compress(b"\0" * 400)


def _other_kind(data: bytes) -> bytes:
    plain = bytearray(gzip.decompress(data))
    plain[70:72] = (16).to_bytes(2, "little")
    return gzip.compress(bytes(plain))


def _no_offset(data: bytes) -> bytes:
    plain = bytearray(gzip.decompress(data))
    plain[108:112] = np.float32(np.nan).tobytes()
    return gzip.compress(bytes(plain))


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _no_header,
        _other_kind,
        _no_offset,
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4] + b"abcd",
        lambda data: b"not gzip",
        lambda data: b"",
    ],
)
def test_broken_maps_are_refused_in_a_sentence(tmp_path: Path, damage) -> None:
    a = write_results(tmp_path / "a", lesions(1))
    b = write_results(tmp_path / "b", lesions(1))
    path = b / "lesions.nii.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InvalidRequest, match="lesion map"):
        compare_results(a, b)


@pytest.mark.parametrize("text", ["", "{}", '{"schema_version": "0.9"}'])
def test_a_report_of_another_kind_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    a = write_results(tmp_path / "a", lesions(1))
    (a / "report.json").write_text(text)
    with pytest.raises(InvalidRequest, match="a report of this version") as caught:
        compare_results(a, a)
    assert caught.value.__cause__ is None
