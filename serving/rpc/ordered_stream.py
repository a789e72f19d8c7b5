"""Work on a stream of requests several at a time, answers in the order of the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


async def ordered_answers(
    requests: AsyncIterator[Request],
    answer: Callable[[Request], Awaitable[Answer]],
    limit: int,
) -> AsyncGenerator[Answer, None]:
    """Yields `answer(request)` for each request, in order, at most `limit` being worked on.

    The next request is read only when there is room, so that the transport's flow control holds
    the sender back. What `requests` or `answer` raises is raised here in its turn; leaving early
    cancels what is under way.
    """
    room = asyncio.Semaphore(limit)
    under_way: asyncio.Queue[asyncio.Task[Answer] | None] = asyncio.Queue()
    reader = asyncio.create_task(_read(requests, answer, room, under_way))
    try:
        while (task := await under_way.get()) is not None:
            try:
                yield await task
            finally:
                task.cancel()
            room.release()
        await reader
    finally:
        await _cancel(reader, under_way)


async def _read(
    requests: AsyncIterator[Request],
    answer: Callable[[Request], Awaitable[Answer]],
    room: asyncio.Semaphore,
    under_way: asyncio.Queue[asyncio.Task[Answer] | None],
) -> None:
    async def run(request: Request) -> Answer:
        return await answer(request)

    try:
        await room.acquire()
        async for request in requests:
            under_way.put_nowait(asyncio.create_task(run(request)))
            await room.acquire()
    finally:
        under_way.put_nowait(None)


async def _cancel(
    reader: asyncio.Task[None], under_way: asyncio.Queue[asyncio.Task[Answer] | None]
) -> None:
    reader.cancel()
    left: list[asyncio.Task[Answer]] = []
    while not under_way.empty():
        if (task := under_way.get_nowait()) is not None:
            task.cancel()
            left.append(task)
    await asyncio.gather(reader, *left, return_exceptions=True)
