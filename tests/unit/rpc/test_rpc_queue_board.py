"""The board of queue lengths and the choice of a sibling."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from serving.rpc.queue_board import NodeLoad, QueueBoard
from serving.rpc.siblings import Siblings


@pytest.fixture
def board(tmp_path: Path) -> QueueBoard:
    return QueueBoard(tmp_path / "queues.board", 3)


def siblings(board: QueueBoard, slots: int = 1, margin: int = 2) -> Siblings:
    return Siblings(
        board, 0, slots, [Path(f"{n}.sock") for n in range(3)], lambda: 7, margin=margin
    )


def test_what_is_published_is_read_by_another_mapping(board: QueueBoard, tmp_path: Path) -> None:
    board.publish(NodeLoad(2, 41, 4))
    other = QueueBoard(tmp_path / "queues.board", 3)
    assert other.read(2) == NodeLoad(2, 41, 4)
    assert other.read(1) is None


def test_the_file_is_private_and_small(board: QueueBoard, tmp_path: Path) -> None:
    status = (tmp_path / "queues.board").stat()
    assert status.st_mode & 0o777 == 0o600
    assert status.st_size == 3 * 64


def test_a_silent_replica_is_forgotten(tmp_path: Path) -> None:
    board = QueueBoard(tmp_path / "b", 1, stale_s=0.05)
    board.publish(NodeLoad(0, 1, 1))
    assert board.read(0) is not None
    time.sleep(0.1)
    assert board.read(0) is None


def test_a_heartbeat_of_another_boot_is_forgotten(board: QueueBoard) -> None:
    board.publish(NodeLoad(1, 1, 1))
    board._words[8 + 2] = time.monotonic_ns() + 3600 * 10**9
    assert board.read(1) is None


def test_a_withdrawn_replica_is_gone(board: QueueBoard) -> None:
    board.publish(NodeLoad(1, 1, 1))
    board.withdraw(1)
    assert board.read(1) is None


def test_a_file_of_garbage_is_no_replica(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xa5" * 64 * 3)
    assert QueueBoard(tmp_path / "b", 3).read(1) is None


@pytest.mark.parametrize(
    ("mine", "theirs", "slots", "goes"),
    [
        (0, 0, 1, False),  # a slot is free here
        (1, 0, 1, True),  # busy here, a free slot there
        (1, 1, 1, False),
        (2, 1, 1, False),  # one shorter is not worth the hop
        (3, 1, 1, True),
        (3, 0, 4, False),  # a slot is free here
        (4, 3, 4, True),  # a free slot there
        (5, 4, 4, False),
        (6, 4, 4, True),
    ],
)
def test_when_a_hop_pays(board: QueueBoard, mine: int, theirs: int, slots: int, goes: bool) -> None:
    board.publish(NodeLoad(1, theirs, slots))
    assert (siblings(board, slots).shorter_than(mine) == 1) is goes


def test_the_least_busy_sibling_is_chosen(board: QueueBoard) -> None:
    board.publish(NodeLoad(1, 3, 1))
    board.publish(NodeLoad(2, 2, 1))
    assert siblings(board).shorter_than(9) == 2


def test_alone_nothing_is_forwarded(board: QueueBoard) -> None:
    assert siblings(board).shorter_than(100) is None


def test_what_was_sent_and_not_seen_yet_counts(board: QueueBoard) -> None:
    board.publish(NodeLoad(1, 0, 1))
    chooser = siblings(board)
    assert chooser.shorter_than(1) == 1
    chooser._sent[1] = 1
    assert chooser.shorter_than(1) is None


async def test_publishing_counts_the_request_about_to_join(board: QueueBoard) -> None:
    publisher = siblings(board, slots=2)
    await publisher.start()
    assert board.read(0) == NodeLoad(0, 7, 2)
    publisher.publish(extra=1)
    assert board.read(0) == NodeLoad(0, 8, 2)
    await publisher.leave()


async def test_a_replica_that_has_left_stays_off_the_board(board: QueueBoard) -> None:
    leaving = siblings(board)
    await leaving.start()
    await leaving.leave()
    leaving.publish(extra=1)
    assert board.read(0) is None


async def test_the_heartbeat_keeps_a_quiet_replica_on_the_board(tmp_path: Path) -> None:
    short = QueueBoard(tmp_path / "b", 3, stale_s=0.5)
    quiet = siblings(short)
    await quiet.start()
    await asyncio.sleep(0.8)
    assert short.read(0) is not None
    await quiet.leave()
