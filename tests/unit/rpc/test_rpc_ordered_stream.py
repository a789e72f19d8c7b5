"""Streams: order, bound, errors, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from serving.rpc.ordered_stream import ordered_answers


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


async def test_answers_keep_the_order_of_the_requests() -> None:
    async def answer(number: int) -> int:
        await asyncio.sleep(0.01 * (5 - number))
        return number * 10

    got = [value async for value in ordered_answers(numbers(5), answer, 5)]
    assert got == [0, 10, 20, 30, 40]


async def test_no_more_than_the_limit_at_once() -> None:
    running = peak = 0

    async def answer(number: int) -> int:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.005)
        running -= 1
        return number

    got = [value async for value in ordered_answers(numbers(20), answer, 3)]
    assert got == list(range(20))
    assert peak == 3


async def test_requests_are_read_only_when_there_is_room() -> None:
    read: list[int] = []

    async def reading() -> AsyncIterator[int]:
        async for number in numbers(10):
            read.append(number)
            yield number

    async def answer(number: int) -> int:
        return number

    async with aclosing(ordered_answers(reading(), answer, 2)) as answers:
        async for _ in answers:
            await asyncio.sleep(0.01)
            assert len(read) <= 2
            break


async def test_an_error_of_the_requests_comes_last() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ConnectionError

    async def answer(number: int) -> int:
        return number

    answers = ordered_answers(broken(), answer, 4)
    assert await anext(answers) == 1
    with pytest.raises(ConnectionError):
        await anext(answers)


async def test_leaving_early_cancels_what_is_under_way() -> None:
    cancelled: list[int] = []

    async def answer(number: int) -> int:
        try:
            await asyncio.sleep(0 if number == 0 else 30)
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    async with aclosing(ordered_answers(numbers(4), answer, 4)) as answers:
        async for _ in answers:
            await asyncio.sleep(0.01)
            break
    assert sorted(cancelled) == [1, 2, 3]
