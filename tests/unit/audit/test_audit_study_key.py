"""The keyed hash of a study UID: stable on one box, worthless without its key."""

from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.study_key import StudyHasher
from serving.domain.errors import AuditUnavailable

UID = "1.2.840.113619.2.55.3.604688119"


def test_the_hash_is_stable_on_a_box_and_differs_between_boxes(tmp_path: Path) -> None:
    one = StudyHasher(tmp_path / "one")
    assert one.hash(UID) == StudyHasher(tmp_path / "one").hash(UID)
    assert one.hash(UID) != StudyHasher(tmp_path / "two").hash(UID)
    assert one.hash(UID) != one.hash(UID + "1")
    assert one.hash(UID) == one.hash(UID + "\0")


@given(st.text(st.characters(), max_size=200))
def test_any_uid_becomes_32_digits(tmp_path_factory: pytest.TempPathFactory, uid: str) -> None:
    hashed = StudyHasher(tmp_path_factory.getbasetemp() / "study.key").hash(uid)
    assert re.fullmatch(r"[0-9a-f]{32}", hashed)


def test_the_hash_is_hmac_sha256_of_the_key_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "study.key"
    path.write_text("0b" * 20 + "00" * 12)
    path.chmod(0o600)
    # RFC 4231, test case 1; HMAC pads a short key with zeros.
    assert StudyHasher(path).hash("Hi There") == "b0344c61d8db38535ca8afceaf0bf12b"


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "study.key"
    with ThreadPoolExecutor(16) as pool:
        hashes = list(pool.map(lambda _: StudyHasher(path).hash(UID), range(64)))
    assert len(set(hashes)) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["study.key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"ab", b"zz" * 32, b"\xff" * 64, b"ab" * 33])
def test_a_damaged_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(AuditUnavailable, match="holds no key"):
        StudyHasher(path)
    assert path.read_bytes() == content


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.key"
    StudyHasher(path)
    path.chmod(0o640)
    with pytest.raises(AuditUnavailable, match="chmod 600"):
        StudyHasher(path)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuditUnavailable, match="No such file"):
        StudyHasher(tmp_path / "nowhere" / "study.key")
