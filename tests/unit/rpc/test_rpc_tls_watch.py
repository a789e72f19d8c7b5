"""`Watched` over a real file: what changes, what stays, what is told."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving.domain.errors import InvalidRequest
from serving.rpc.tls_watch import Watched


class Number:
    """A file that should hold a number."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loads = 0
        self.write("1")

    def write(self, text: str) -> None:
        scratch = self.path.with_suffix(".new")
        scratch.write_text(text)
        scratch.rename(self.path)

    def load(self) -> int:
        self.loads += 1
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            raise InvalidRequest("no number") from None

    def watched(self) -> Watched[int]:
        return Watched("number", (self.path,), self.load)


@pytest.fixture
def number(tmp_path: Path) -> Number:
    return Number(tmp_path / "number")


def test_an_unchanged_file_is_read_once(number: Number) -> None:
    watched = number.watched()
    assert [watched.renewed() for _ in range(3)] == [None] * 3
    assert (watched.current(), number.loads) == (1, 1)


def test_a_change_is_given_once_and_kept(number: Number) -> None:
    watched = number.watched()
    number.write("2")
    assert (watched.renewed(), watched.renewed(), watched.current()) == (2, None, 2)


def test_the_same_length_at_the_same_time_is_still_a_change(number: Number) -> None:
    watched = number.watched()
    before = number.path.stat()
    number.write("2")
    os.utime(number.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watched.current() == 2


@pytest.mark.parametrize("gone", [False, True])
def test_broken_files_are_told_once_and_tried_until_they_are_whole(
    number: Number, caplog: pytest.LogCaptureFixture, gone: bool
) -> None:
    watched = number.watched()
    number.path.unlink() if gone else number.write("broken")
    with caplog.at_level(logging.ERROR):
        assert [watched.renewed() for _ in range(3)] == [None] * 3
    assert watched.current() == 1
    assert len(caplog.records) == 1
    assert "the former certificate stays: no number" in caplog.text
    number.write("3")
    assert watched.current() == 3


def test_what_fails_for_a_reason_outside_the_file_is_tried_again(number: Number) -> None:
    healthy = False

    def load() -> int:
        if not healthy and number.path.read_text() == "2":
            raise InvalidRequest("too many open files")
        return int(number.path.read_text())

    watched = Watched("number", (number.path,), load)
    number.write("2")
    assert watched.renewed() is None
    healthy = True
    assert watched.renewed() == 2


def test_a_broken_start_is_refused(number: Number) -> None:
    number.write("broken")
    with pytest.raises(InvalidRequest):
        number.watched()


def test_many_threads_see_one_load_for_each_change(number: Number) -> None:
    watched = number.watched()
    with ThreadPoolExecutor(8) as pool:
        for value in range(2, 30):
            number.write(str(value))
            seen = list(pool.map(lambda _: watched.current(), range(16)))
            assert seen == [value] * 16
    assert number.loads == 29
