"""Claims, lost claims, slow channels, lost channels, lateness, and many pages at once."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.vocabulary import AttemptState, PageState
from shared.ids import uuid7
from tests.conftest import OpenDatabase
from tests.integration.notifier.harness import Case, Desk, running
from tests.support.pager import Pager, running_pager
from tests.support.waiting import wait_until


@pytest.fixture
def slow() -> Iterator[Pager]:
    """A second receiver, which takes two seconds for each answer."""
    with running_pager() as double:
        double.delay = 2.0
        yield double


async def states(desk: Desk) -> list[AttemptState]:
    return [a.state for page in await desk.pages() for a in await desk.attempts(page.page_id)]


async def all_sent(desk: Desk, count: int) -> bool:
    found = await states(desk)
    return len(found) == count and set(found) == {AttemptState.SENT}


async def update_attempts(desk: Desk, assignments: str) -> None:
    async with desk.db.connection() as connection:
        await connection.execute(f"UPDATE attempt SET {assignments}")


async def test_a_claim_whose_outcome_was_never_seen_goes_out_again_under_the_same_id(desk: Desk, pager: Pager) -> None:
    await desk.take(Case().clock("breached", uuid7()))
    await wait_until(lambda: all_sent(desk, 1), what="sent")

    await update_attempts(desk, "state = 'sending', tries = 1, next_at = statement_timestamp()")

    await wait_until(lambda: len(pager.notifications) == 2, what="a second try")
    await wait_until(lambda: all_sent(desk, 1), what="sent again")
    assert len({notice.webhook_id for notice in pager.notifications}) == 1
    (attempt,) = await desk.attempts((await desk.page()).page_id)
    assert attempt.tries == 2


async def test_nothing_leaves_an_hour_late(desk: Desk, pager: Pager) -> None:
    await desk.dispatcher.stop()
    await desk.take(Case().clock("breached", uuid7()))
    await update_attempts(desk, "due_at = due_at - interval '61 minutes'")
    await desk.dispatcher.start()

    async def suppressed() -> bool:
        return await states(desk) == [AttemptState.SUPPRESSED]

    await wait_until(suppressed, what="suppressed")
    assert pager.notifications == []


async def test_what_is_queued_is_gone_once_the_page_is_acknowledged(desk: Desk, pager: Pager) -> None:
    pager.plan = lambda _: 503
    await desk.take(Case().clock("breached", uuid7()))
    await wait_until(lambda: len(pager.notifications) >= 2, what="tries")

    await desk.acknowledge((await desk.page()).page_id, "ana")
    acknowledged = time.time()

    async def taken_back() -> bool:
        return set(await states(desk)) <= {AttemptState.SUPPRESSED, AttemptState.AMBIGUOUS}

    await wait_until(taken_back, what="taken back")
    assert all(notice.at <= acknowledged + 1 for notice in pager.notifications)


async def test_a_channel_that_the_configuration_lost_is_refused_not_forgotten(desk: Desk) -> None:
    channels = desk.config.channels
    desk.config = replace(desk.config, channels=channels.model_copy(update={"channels": channels.channels[1:]}))

    await desk.take(Case().clock("breached", uuid7()))

    async def refused() -> bool:
        return await states(desk) == [AttemptState.FAILED]

    await wait_until(refused, what="refused")
    (attempt,) = await desk.attempts((await desk.page()).page_id)
    assert "not in channels.yaml" in str(attempt.error)


async def test_a_channel_of_a_kind_that_cannot_send_is_refused_with_the_reason(
    desk: Desk, files: dict[str, Any]
) -> None:
    mail = {"id": "pager", "kind": "email", "to": "ana@example.org", "smtp": "smtp://localhost"}
    channels = type(desk.config.channels).model_validate({"channels": [mail]})
    desk.config = replace(desk.config, channels=channels)

    await desk.take(Case().clock("breached", uuid7()))

    async def refused() -> bool:
        return AttemptState.FAILED in await states(desk)

    await wait_until(refused, what="refused")
    (attempt,) = await desk.attempts((await desk.page()).page_id)
    assert "email" in str(attempt.error)


async def test_a_slow_channel_delays_no_other(desk: Desk, pager: Pager, slow: Pager) -> None:
    oncall = desk.config.oncall.model_dump(mode="json")
    oncall["responders"][0]["rules"]["high"] = [{"channel": name, "after": "PT0S"} for name in ("slow", "pager")]
    desk.use_oncall(oncall)
    spec = {"id": "slow", "kind": "webhook", "url": slow.url, "secret": "env:PAGER_SECRET", "allow_private": True}
    channels = desk.config.channels.model_dump(mode="json")
    channels["channels"].append(spec)
    desk.config = replace(desk.config, channels=type(desk.config.channels).model_validate(channels))
    for _ in range(40):
        await desk.take(Case().clock("breached", uuid7()))

    await wait_until(lambda: len(pager.taken()) == 40, timeout=20, what="forty pages")
    assert len(slow.taken()) < 40


async def test_a_hundred_pages_at_once_each_leave_once(desk: Desk, pager: Pager) -> None:
    cases = [Case() for _ in range(100)]

    await desk.take(*(case.clock("breached", uuid7()) for case in cases))

    await wait_until(lambda: all_sent(desk, 100), timeout=20, what="a hundred pages")
    assert len(pager.ids()) == 100
    for case in cases:
        said = await desk.outbox(case.case_id)
        assert [seq for seq, _ in said] == list(range(1, len(said) + 1))
        assert said[0] == (1, "triggered")


async def test_two_instances_send_each_notice_once(
    desk: Desk, database: OpenDatabase, tmp_path: Path, files: dict[str, Any], pager: Pager
) -> None:
    async with running(await database("notifier"), tmp_path / "config", files):
        for _ in range(5):
            await desk.take(*(Case().clock("breached", uuid7()) for _ in range(10)))
        await wait_until(lambda: all_sent(desk, 50), timeout=20, what="fifty pages")

    tries = [a.tries for page in await desk.pages() for a in await desk.attempts(page.page_id)]
    assert len(pager.notifications) == sum(tries)
    assert len(pager.ids()) == 50


async def test_an_override_pages_the_incoming_responder(desk: Desk, pager: Pager) -> None:
    await desk.take(Case().clock("breached", uuid7()))
    await wait_until(lambda: all_sent(desk, 1), what="sent")
    async with desk.db.connection() as connection:
        await connection.execute(
            "INSERT INTO override (override_id, schedule, responder, start_at, end_at, created_by, created_at) "
            "VALUES ($1, 'safety-primary', 'ben', statement_timestamp(), statement_timestamp() + interval '1 hour', "
            "'lead', statement_timestamp())",
            uuid7(),
        )

    await desk.paging.hand_over()
    await desk.paging.hand_over()

    await wait_until(lambda: all_sent(desk, 2), what="both sent")
    assert [notice.responder for notice in pager.taken()] == ["ana", "ben"]
    assert (await desk.page()).state is PageState.TRIGGERED
