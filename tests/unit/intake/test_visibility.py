"""What a source may see and ask for; and what events never carry."""

import pytest

from services.intake.grouping import opened
from services.intake.refusal import Refusal
from services.intake.summary import event_of, summary_of
from services.intake.visibility import Filters, Viewer
from shared.contracts.vocabulary import CaseStatus, NoteVisibility
from tests.unit.intake.cases import CASE_ID, NOW, SOURCE, case, report

PERSON, TOOL = Viewer(), Viewer("report-tool")


def test_a_source_reads_public_notes_and_no_timelines() -> None:
    assert TOOL.notes == (NoteVisibility.PUBLIC,)
    assert set(PERSON.notes) == set(NoteVisibility)
    PERSON.forbid_sources("timelines")
    with pytest.raises(Refusal) as refused:
        TOOL.forbid_sources("timelines")
    assert refused.value.status == 403


@pytest.mark.parametrize("name", ["policy_area", "language", "region", "assignee", "source"])
def test_a_source_cannot_ask_for_what_it_cannot_see(name: str) -> None:
    filters = Filters(**{name: "x"})

    filters.check(PERSON)
    with pytest.raises(Refusal):
        filters.check(TOOL)


def test_a_source_may_ask_for_its_own() -> None:
    Filters(status=(CaseStatus.OPEN,), q="x", source="report-tool").check(TOOL)


def test_the_summary_is_the_case_after_the_change() -> None:
    found = case(
        subject={"type": "post", "id": "p", "url": "https://x"},
        reporter={"type": "user", "name": "Jane"},
        stakeholders=[{"address": "a@example.org"}],
    )

    summary = summary_of(found)

    assert (summary.version, summary.status, summary.reports) == (1, "open", 1)
    assert summary.subject is not None
    assert summary.subject.model_dump() == {"type": "post", "id": "p"}
    assert summary.has_stakeholders
    assert "Jane" not in summary.model_dump_json()
    assert "example.org" not in summary.model_dump_json()


def test_an_event_names_case_instants_and_actor() -> None:
    event = event_of(opened(report(), case_id=CASE_ID, who=SOURCE, now=NOW))

    assert (event.type, event.case_id) == ("tocsin.case.opened", CASE_ID)
    assert (event.occurred_at, event.recorded_at) == (NOW, NOW)
    assert (event.actor.kind, event.actor.id) == ("source", "report-tool")
