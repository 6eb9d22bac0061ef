"""What `tocsin post` says of its results, and how it sends: through the batch endpoint, nothing lost on the way."""

import json
from typing import Any

import httpx

from services.client.caller import Caller
from services.commands.escalation_file import Item, read_items
from services.commands.post import Result, lines, post_all, refusals, report
from shared.clock import SystemClock
from shared.contracts.vocabulary import ServiceName

URLS = {name: f"http://{name}" for name in ServiceName}
PROBLEM = {"title": "Unprocessable", "errors": [{"loc": ["policy_area"], "msg": "unknown id"}]}


def a_result(index: int, status: int, body: dict[str, Any]) -> Result:
    return Result(Item(index, f"line {index + 1}", f"rpt-{index}"), status, body)


def accepted(index: int) -> Result:
    return a_result(index, 202, {"status": "accepted", "case_id": f"case-{index}"})


def test_a_short_file_lists_each_case_and_counts() -> None:
    results = [accepted(0), a_result(1, 200, {"status": "duplicate", "case_id": "case-0"})]
    assert lines(results) == [
        "accepted   rpt-0  case case-0",
        "duplicate  rpt-1  case case-0",
        "2 escalations: 1 accepted, 1 duplicate",
    ]


def test_a_long_file_is_counted_only() -> None:
    assert lines([accepted(index) for index in range(300)]) == ["300 escalations: 300 accepted"]


def test_a_refused_item_is_named_with_its_line_and_the_field_at_fault() -> None:
    assert refusals([accepted(0), a_result(1, 422, PROBLEM)]) == ["line 2 (rpt-1): policy_area: unknown id"]


def test_a_refusal_cannot_move_the_cursor_of_a_terminal() -> None:
    (line,) = refusals([Result(Item(0, "line 1", "\x1b[2J"), 422, PROBLEM)])
    assert line.isprintable()


def test_the_report_for_programs_counts_every_kind() -> None:
    told = report([accepted(0), a_result(1, 422, PROBLEM), a_result(2, 0, {})])
    assert (told["accepted"], told["refused"], told["not_sent"], told["grouped"]) == (1, 1, 1, 0)
    assert told["results"][1] == {
        "index": 1, "place": "line 2", "external_id": "rpt-1", "status": 422, "body": PROBLEM
    }  # fmt: skip


class Intake:
    """Answers the batch endpoint; from the `fails_after`-th batch on it is away."""

    def __init__(self, fails_after: int = 1000) -> None:
        self.batches: list[list[Any]] = []
        self.keys: list[str] = []
        self._fails_after = fails_after

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if len(self.batches) >= self._fails_after:
            raise httpx.ConnectError("refused")
        assert request.url.path == "/v1/escalations/batch"
        items = json.loads(request.content)["items"]
        self.batches.append(items)
        self.keys.append(request.headers["Idempotency-Key"])
        results = [
            {"index": at, "status": 202, "body": {"status": "accepted", "case_id": item["external_id"]}}
            for at, item in enumerate(items)
        ]
        return httpx.Response(207, json={"results": results})


async def post_through(intake: Intake, items: list[Item]) -> tuple[list[Result], str | None, int]:
    advanced: list[int] = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(intake)) as client:
        caller = Caller(URLS, "key", client, SystemClock())
        results, trouble = await post_all(caller, items, advanced.append)
    return results, trouble, sum(advanced)


def items_of(count: int) -> list[Item]:
    return read_items(json.dumps([{"external_id": f"rpt-{index}"} for index in range(count)]).encode())


async def test_a_large_file_goes_in_several_batches_each_under_its_own_key() -> None:
    intake = Intake()
    results, trouble, advanced = await post_through(intake, items_of(1100))
    assert [len(batch) for batch in intake.batches] == [500, 500, 100]
    assert len(set(intake.keys)) == 3
    assert trouble is None
    assert [result.body["case_id"] for result in results] == [f"rpt-{index}" for index in range(1100)]
    assert advanced == 1100


async def test_what_could_not_be_sent_is_said_and_what_was_taken_is_kept() -> None:
    results, trouble, advanced = await post_through(Intake(fails_after=1), items_of(600))
    assert [result.kind for result in results] == ["accepted"] * 500 + ["not sent"] * 100
    assert trouble is not None
    assert "cannot reach intake" in trouble
    assert advanced == 600


async def test_a_line_that_is_no_json_is_refused_without_being_sent() -> None:
    intake = Intake()
    items = read_items(b'{"external_id": "a"}\n{oops\n')
    results, _, _ = await post_through(intake, items)
    assert [result.kind for result in results] == ["accepted", "refused"]
    assert intake.batches == [[{"external_id": "a"}]]
