"""Commands on one case take turns; those on others do not wait for them."""

import asyncio
from uuid import uuid4

import pytest

from services.intake.api import turns
from services.intake.api.turns import LONGEST_LINE, Turns
from shared.http.problems import Problem

CASE, OTHER = uuid4(), uuid4()


async def test_one_after_the_other_in_the_order_in_which_they_came() -> None:
    lines, seen, inside = Turns(), [], 0

    async def command(number: int) -> None:
        nonlocal inside
        async with lines.of(CASE):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            seen.append(number)
            inside -= 1

    await asyncio.gather(*(command(number) for number in range(20)))
    assert seen == list(range(20))
    assert lines._lines == {}


async def test_another_case_does_not_wait() -> None:
    lines = Turns()
    async with lines.of(CASE), asyncio.timeout(1), lines.of(OTHER):
        pass


async def test_a_line_that_is_too_long_sends_away_and_lets_in_again() -> None:
    lines, gate = Turns(), asyncio.Event()

    async def command() -> None:
        async with lines.of(CASE):
            await gate.wait()

    waiting = [asyncio.create_task(command()) for _ in range(LONGEST_LINE + 1)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        async with lines.of(CASE):
            pass
    assert refused.value.status_code == 503
    gate.set()
    await asyncio.gather(*waiting)
    async with lines.of(CASE):
        pass


async def test_a_line_that_does_not_move_is_left_with_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    lines = Turns()
    async with lines.of(CASE):
        with pytest.raises(Problem):
            async with lines.of(CASE):
                pass
    assert lines._lines == {}


async def test_a_caller_who_leaves_gives_his_place_up() -> None:
    lines = Turns()
    async with lines.of(CASE):
        left = asyncio.create_task(lines.of(CASE).__aenter__())
        await asyncio.sleep(0)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
    async with asyncio.timeout(1), lines.of(CASE):
        pass
    assert lines._lines == {}
