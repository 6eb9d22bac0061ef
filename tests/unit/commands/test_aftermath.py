"""What stands and what is lost, judged from records and from what the restored schemas know."""

from uuid import UUID

import pytest

from services.commands.aftermath import STEP, Aftermath, Heard, aftermath
from shared.bus.messages import Message, source_of
from shared.bus.positions import Place
from shared.bus.records import Record, read
from shared.bus.renumbering import raised_headers
from shared.contracts.vocabulary import ServiceName
from shared.ids import uuid7
from tests.support.samples import OTHER_ID, sample

CASE = uuid7()
OWNERS = {"case": "intake", "assignment": "router", "clock": "sla_monitor", "page": "notifier"}


def said(type_: str, seq: int, *, case_id: UUID = CASE) -> Record:
    """One record as it lies in the log."""
    event = sample(f"tocsin.{type_}", case_id=case_id)
    message = Message.of(event, key=str(case_id), seq=seq)
    source = source_of(OWNERS[type_.split(".")[0]])
    headers = tuple((name, text.encode()) for name, text in {**message.headers(), "ce_source": source}.items())
    return Record(Place(message.topic.value, 0), seq, message.key.encode(), message.payload, headers)


def judged(*records: Record, **known: int) -> Aftermath:
    """After these records, in an installation that knows so many events of the case by service."""
    heard = Heard()
    for record in records:
        heard.add(read(record))
    return aftermath(heard, {name: {str(CASE): known[name]} if name in known else {} for name in ServiceName})


def test_what_the_sender_knows_stands_and_goes_out_again_once_and_in_order() -> None:
    found = judged(said("case.opened", 1), said("case.acknowledged", 2), said("case.opened", 1), intake=2)
    assert [saying.seq for saying in found.standing[ServiceName.INTAKE]] == [1, 2]
    assert found.lost_cases == []
    assert found.lost_changes == {}


def test_a_case_that_the_database_does_not_know_is_lost_with_its_reports() -> None:
    found = judged(said("case.opened", 1), said("case.report_added", 2))
    assert found.lost_cases == [str(CASE)]
    assert [(one.source, one.external_id, one.case_is_there) for one in found.lost_reports] == [
        ("report-tool", "rpt-1", False)
    ] * 2
    assert found.lost_changes == {}


def test_what_happened_to_a_case_that_is_there_is_named_by_case() -> None:
    found = judged(said("case.resolved", 4), said("case.report_added", 3), intake=2)
    assert found.lost_changes == {str(CASE): ["tocsin.case.report_added", "tocsin.case.resolved"]}
    assert [one.case_is_there for one in found.lost_reports] == [True]


def test_pages_are_kept_in_order_for_cases_that_are_there_and_named_for_those_that_are_not() -> None:
    lost = uuid7()
    found = judged(
        said("page.attempted", 2),
        said("page.triggered", 1),
        said("case.opened", 1, case_id=lost),
        said("page.triggered", 1, case_id=lost),
        intake=1,
    )
    assert [event.type for event in found.lost_pages[CASE]] == ["tocsin.page.triggered", "tocsin.page.attempted"]
    assert found.orphaned_pages == [str(OTHER_ID)]


@pytest.mark.parametrize(("lost", "step"), [(1, STEP), (STEP - 1, STEP), (STEP, 2 * STEP), (2500, 3 * STEP)])
def test_numbers_rise_beyond_everything_that_was_on_a_topic(lost: int, step: int) -> None:
    found = judged(said("case.noted", 5 + lost), intake=5)
    assert found.steps[ServiceName.INTAKE] == step
    assert 5 + step > 5 + lost
    assert found.steps[ServiceName.ROUTER] == STEP


def test_a_record_that_cannot_be_read_is_counted() -> None:
    found = judged(Record(Place("tocsin.cases", 0), 0, b"k", b"{", ()))
    assert found.unreadable == 1


def test_what_is_parked_is_raised_like_all_else() -> None:
    source = source_of("intake")
    raw = [["ce_source", "L3RvY3Npbi9pbnRha2U="], ["ce_sequence", "Nw=="], ["other", "AP8="]]
    assert raised_headers(raw, "k", {("k", source): 1000}) == [raw[0], ["ce_sequence", "MTAwNw=="], raw[2]]
    assert raised_headers(raw, "other key", {("k", source): 1000}) is None
