"""The other replicas of this box: how busy they are, and asking them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc

from serving.rpc.call_facts import CURRENT_CALL, HOP_KEY, REQUEST_ID_KEY
from serving.rpc.queue_board import NodeLoad, QueueBoard
from serving.rpc.status_table import SiblingStatus

HEARTBEAT_S = 0.2
AVOID_S = 1.0
"""How long a sibling that could not be reached is left alone."""

_RETRY_HERE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED})

_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
)


class SiblingGone(Exception):
    """A sibling could not take a request; nothing of an answer has come, it is answered here."""


class Siblings:
    """The replicas that share the board with replica `node`, which has `slots` slots.

    `queue_length` gives this replica's own requests waiting or running, `interactive` those of
    them that are not of the batch lane.
    """

    def __init__(
        self,
        board: QueueBoard,
        node: int,
        slots: int,
        sockets: Sequence[Path],
        queue_length: Callable[[], int],
        *,
        interactive: Callable[[], int] = lambda: 0,
        margin: int = 2,
    ) -> None:
        self._board = board
        self._node = node
        self._slots = slots
        self._sockets = sockets
        self._queue_length = queue_length
        self._interactive = interactive
        self._margin = margin
        self._others = tuple(n for n in range(board.nodes) if n != node)
        self._sent = dict.fromkeys(self._others, 0)
        self._avoid_until = dict.fromkeys(self._others, 0.0)
        self._channels: dict[int, grpc.aio.Channel] = {}
        self._present = False
        self._heartbeat: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Appears on the board, once this replica answers, and stays on it by a heartbeat."""
        self._present = True
        self.publish()
        self._heartbeat = asyncio.create_task(self._beat(), name="queue-board-heartbeat")

    async def leave(self) -> None:
        """Leaves the board, before the server stops: siblings send nothing more."""
        self._present = False
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await self._heartbeat
        self._board.withdraw(self._node)

    async def close(self) -> None:
        """Closes the connections to siblings, after the server has stopped."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    def publish(self, extra: int = 0) -> None:
        """Writes this replica's queue length, and `extra` requests about to join, to the board."""
        if self._present:
            length = self._queue_length() + extra
            load = NodeLoad(self._node, length, self._slots, self._interactive())
            self._board.publish(load)

    def shorter_than(self, length: int) -> int | None:
        """The sibling that should take a request that meets `length` others here, if any.

        It pays where all slots here are busy and a sibling has a free one, or where a sibling's
        queue is shorter by the margin.
        """
        if length < self._slots:
            return None
        loads = [load for node in self._others if (load := self._load(node)) is not None]
        if not loads:
            return None
        best = min(loads, key=lambda load: load.length / max(load.slots, 1))
        pays = best.length < best.slots or best.length + self._margin <= length
        return best.node if pays else None

    def live(self) -> list[int]:
        """Siblings seen on the board within the last seconds."""
        return [node for node in self._others if self._board.read(node) is not None]

    async def forward(self, node: int, method: str, data: bytes, timeout_s: float | None) -> bytes:
        """The sibling's answer to an untouched request.

        Raises SiblingGone where this replica should answer it, SiblingStatus where the sibling
        refused it.
        """
        self._sent[node] += 1
        try:
            return await self._call(node, method, data, timeout_s)
        except grpc.aio.AioRpcError as error:
            if error.code() in _RETRY_HERE:
                if error.code() is grpc.StatusCode.UNAVAILABLE:
                    self._avoid_until[node] = time.monotonic() + AVOID_S
                raise SiblingGone from None
            raise SiblingStatus(error.code(), error.details() or "") from None
        finally:
            self._sent[node] -= 1

    async def ask_all(self, method: str, data: bytes, timeout_s: float) -> list[bytes]:
        """Answers of the live siblings that answer in time."""
        calls = (self._call(node, method, data, timeout_s) for node in self.live())
        answers = await asyncio.gather(*calls, return_exceptions=True)
        return [answer for answer in answers if isinstance(answer, bytes)]

    def _load(self, node: int) -> NodeLoad | None:
        """What the board says, or what was sent there and is not on the board yet."""
        load = self._board.read(node)
        if load is None or time.monotonic() < self._avoid_until[node]:
            return None
        return NodeLoad(node, max(load.length, self._sent[node]), load.slots)

    async def _call(self, node: int, method: str, data: bytes, timeout_s: float | None) -> bytes:
        metadata = ((HOP_KEY, "1"), (REQUEST_ID_KEY, CURRENT_CALL.get().request_id))
        ask: Any = self._channel(node).unary_unary(method)
        answer: bytes = await ask(data, timeout=timeout_s, metadata=metadata)
        return answer

    def _channel(self, node: int) -> grpc.aio.Channel:
        channel = self._channels.get(node)
        if channel is None:
            channel = grpc.aio.insecure_channel(
                f"unix:{self._sockets[node]}", options=_CHANNEL_OPTIONS
            )
            self._channels[node] = channel
        return channel

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.publish()
