"""From an event to the pager and back, on a real database and real HTTP."""

from uuid import UUID

from shared.contracts.vocabulary import AttemptState, PageState
from shared.ids import uuid7
from tests.integration.notifier.harness import Case, Desk, ago
from tests.support.pager import Pager
from tests.support.waiting import wait_until


async def sent(desk: Desk, page_id: UUID, count: int = 1) -> None:
    async def all_sent() -> bool:
        return sum(a.state is AttemptState.SENT for a in await desk.attempts(page_id)) >= count

    await wait_until(all_sent, what=f"{count} attempts are sent")


async def test_a_breach_pages_who_is_on_call_signed_and_explained(desk: Desk, pager: Pager) -> None:
    case = Case()

    await desk.take(case.clock("breached", uuid7(), breached_at=ago(milliseconds=5)))

    (notice,) = await wait_until(lambda: pager.taken(), what="a page")
    page = await desk.page(case.case_id)
    assert (notice.type, notice.responder, notice.signed) == ("page.triggered", "ana", True)
    assert notice.page["page_id"] == str(page.page_id)
    assert notice.body["data"]["clock"]["name"] == "resolve"
    assert notice.body["data"]["case"]["severity"] == "critical"
    assert page.responders[0].source == "always"
    assert page.responders[0].config_version == desk.config.version
    await sent(desk, page.page_id)
    assert await desk.outbox(case.case_id) == [(1, "triggered"), (2, "attempted")]


async def test_what_no_rule_names_pages_nobody(desk: Desk) -> None:
    await desk.take(Case(severity="low").clock("breached", uuid7()))

    assert await desk.pages() == []


async def test_all_breaches_of_one_batch_are_one_page_and_one_notice(desk: Desk, pager: Pager) -> None:
    case = Case()

    await desk.take(*(case.clock("breached", uuid7(), name=f"clock-{n}") for n in range(3)))

    (notice,) = await wait_until(lambda: pager.taken(), what="a page")
    assert [reason["name"] for reason in notice.page["reasons"]] == ["clock-0", "clock-1", "clock-2"]
    await sent(desk, (await desk.page()).page_id)
    assert len(pager.notifications) == 1


async def test_a_later_breach_joins_and_is_told_to_the_current_targets(desk: Desk, pager: Pager) -> None:
    case, late = Case(), uuid7()
    await desk.take(case.clock("breached", uuid7()))
    await wait_until(lambda: pager.taken(type="page.triggered"), what="a page")

    await desk.take(case.clock("breached", late, name="eu.tco.art3", kind="regulatory"))

    (update,) = await wait_until(lambda: pager.taken(type="page.updated"), what="an update")
    assert update.body["data"]["clock"]["clock_id"] == str(late)
    assert len((await desk.page()).reasons) == 2


async def test_once_acknowledged_nothing_more_leaves_and_the_next_breach_is_a_new_page(
    desk: Desk, pager: Pager
) -> None:
    case = Case()
    await desk.take(case.clock("breached", uuid7()))
    await wait_until(lambda: pager.taken(), what="a page")
    await desk.acknowledge((await desk.page()).page_id, "ana")

    (news,) = await wait_until(lambda: pager.taken(type="page.acknowledged"), what="the acknowledgement")
    assert await desk.paging.step_on() == 0
    await desk.take(case.clock("breached", uuid7()))

    first, second = await desk.pages()
    assert (first.state, first.acknowledged_by, first.step) == (PageState.ACKNOWLEDGED, "ana", 0)
    assert second.state is PageState.TRIGGERED
    assert news.page["state"] == "acknowledged"


async def test_not_acknowledged_in_time_goes_to_the_next_step_the_next_round_and_the_fallback(
    desk: Desk, pager: Pager
) -> None:
    await desk.take(Case().clock("breached", uuid7()))
    page_id = (await desk.page()).page_id
    for _ in range(6):
        await desk.expire_step(page_id)

    page = await desk.page()
    calls = [(paged.responder, paged.step, paged.round) for paged in page.responders]
    assert calls == [
        *[(who, step, round_) for round_ in range(3) for who, step in (("ana", 0), ("lead", 1))],
        ("lead", 2, 2),
    ]
    assert page.state is PageState.EXHAUSTED
    notices = await wait_until(lambda: len(pager.taken()) >= 7 and pager.taken(), what="seven notices")
    assert {notice.type for notice in notices} == {"page.triggered", "page.escalated"}
    assert len({notice.webhook_id for notice in notices}) == 7


async def test_a_stop_closes_the_page_and_tells_once_those_who_got_it(desk: Desk, pager: Pager) -> None:
    case, clock = Case(), uuid7()
    await desk.take(case.clock("breached", clock))
    await wait_until(lambda: pager.taken(), what="a page")

    await desk.take(case.clock("stopped", clock, late_by=3.0))
    await desk.take(case.resolved())

    (news,) = await wait_until(lambda: pager.taken(type="page.resolved"), what="the end")
    page = await desk.page()
    assert (page.state, page.closed_by) == (PageState.RESOLVED, "tocsin.clock.stopped")
    assert news.responder == "ana"


async def test_a_breach_of_a_case_known_to_be_resolved_is_only_recorded(desk: Desk, pager: Pager) -> None:
    case = Case()
    await desk.take(case.resolved())

    await desk.take(case.clock("breached", uuid7()))

    page = await desk.page()
    assert (page.state, page.closed_by) == (PageState.RESOLVED, "tocsin.case.resolved")
    assert await desk.attempts(page.page_id) == []


async def test_a_breach_supersedes_a_warnings_page(desk: Desk, pager: Pager) -> None:
    warning = {"on": "warning", "percent": 90, "policy": "safety", "urgency": "low"}
    oncall = desk.config.oncall.model_dump(mode="json")
    oncall["paging"].append(warning)
    desk.use_oncall(oncall)
    case, clock = Case(), uuid7()
    await desk.take(case.clock("warned", clock, percent=90))

    await desk.take(case.clock("breached", clock))

    first, second = await desk.pages()
    assert (first.state, first.closed_by) == (PageState.RESOLVED, "superseded")
    assert (second.state, len(second.reasons)) == (PageState.TRIGGERED, 1)


async def test_a_receiver_that_fails_is_tried_again_under_the_same_id(desk: Desk, pager: Pager) -> None:
    pager.plan = lambda number: 503 if number < 2 else 200

    await desk.take(Case().clock("breached", uuid7()))

    await wait_until(lambda: pager.taken(), what="a page")
    assert len({notice.webhook_id for notice in pager.notifications}) == 1
    assert len(pager.notifications) == 3


async def test_a_refusal_goes_to_the_next_channel_at_once(desk: Desk, pager: Pager) -> None:
    oncall = desk.config.oncall.model_dump(mode="json")
    oncall["responders"][0]["rules"]["high"].append({"channel": "logbook", "after": "PT30M"})
    desk.use_oncall(oncall)
    pager.plan = lambda _: 404

    await desk.take(Case().clock("breached", uuid7()))

    page_id = (await desk.page()).page_id
    await sent(desk, page_id)
    refused, next_one = await desk.attempts(page_id)
    assert (refused.channel, refused.state, refused.error) == ("pager", AttemptState.FAILED, "HTTP 404")
    assert (next_one.channel, next_one.state) == ("logbook", AttemptState.SENT)


async def test_when_every_channel_of_a_step_refuses_the_next_step_is_due_at_once(desk: Desk, pager: Pager) -> None:
    pager.plan = lambda number: 404 if number == 0 else 200
    await desk.take(Case().clock("breached", uuid7()))

    async def stepped() -> bool:
        return await desk.paging.step_on() > 0

    await wait_until(stepped, what="the next step")
    (notice,) = await wait_until(lambda: pager.taken(), what="the lead is paged")
    assert (notice.responder, notice.type) == ("lead", "page.escalated")
