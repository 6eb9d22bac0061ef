"""The page for Tocsin itself, by this process's own clock, from PostgreSQL alone."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from services.notifier.platform import PlatformWatch
from shared.contracts.vocabulary import PageReasonKind, PageState
from tests.integration.notifier.harness import Desk
from tests.support.pager import Pager
from tests.support.waiting import wait_until


@dataclass
class Seconds:
    """A clock that a test moves."""

    passed: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
async def watch(desk: Desk) -> PlatformWatch:
    """One that has just started; looks are made by hand."""
    async with desk.db.connection() as connection:
        await connection.execute(
            "INSERT INTO consumer_position (topic, partition, epoch, owner, next_offset, caught_up_to, cluster_id) "
            "SELECT 'tocsin.cases', n, 1, 'x', 0, statement_timestamp(), 'c' FROM generate_series(0, 11) AS n"
        )
    return PlatformWatch(desk.db, desk.paging, desk.rulebooks, Seconds())


async def looks(watch: PlatformWatch, seconds: int) -> None:
    """One look each second."""
    for _ in range(seconds):
        await watch.look()
        await watch._clock.sleep(1.0)


async def catch_up(desk: Desk) -> None:
    """Any one partition is read to its end."""
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE consumer_position SET caught_up_to = clock_timestamp() WHERE partition = 7")


async def test_a_minute_of_silence_pages_once_and_catching_up_closes_it(
    desk: Desk, watch: PlatformWatch, pager: Pager
) -> None:
    await looks(watch, 60)
    assert await desk.pages() == []

    await looks(watch, 10)
    page = await desk.page()
    assert (page.case_id, page.severity, page.state) == (None, None, PageState.TRIGGERED)
    assert [reason.kind for reason in page.reasons] == [PageReasonKind.PLATFORM]
    await wait_until(lambda: pager.taken(type="page.triggered"), what="the page")

    await catch_up(desk)
    await looks(watch, 1)
    assert (await desk.page()).state is PageState.RESOLVED
    assert [name for _, name in await desk.outbox(page.page_id)][::2][:1] == ["triggered"]
    await wait_until(lambda: pager.taken(type="page.resolved"), what="the end")


async def test_as_long_as_any_partition_is_read_to_its_end_nobody_is_paged(desk: Desk, watch: PlatformWatch) -> None:
    for _ in range(4):
        await looks(watch, 40)
        await catch_up(desk)

    assert await desk.pages() == []


async def test_a_page_left_open_by_a_process_that_died_is_closed_by_the_next(desk: Desk, watch: PlatformWatch) -> None:
    await looks(watch, 62)
    successor = PlatformWatch(desk.db, desk.paging, desk.rulebooks, Seconds())
    await looks(successor, 1)

    await catch_up(desk)
    await looks(successor, 1)

    assert (await desk.page()).state is PageState.RESOLVED


async def test_without_a_rule_nobody_is_paged(desk: Desk, watch: PlatformWatch) -> None:
    oncall = desk.config.oncall.model_dump(mode="json")
    oncall["paging"] = []
    desk.use_oncall(oncall)

    await looks(watch, 70)

    assert await desk.pages() == []
