"""One fault each: what spoils the forged history in one place, and the figure that must tell of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.chaos import crowded
from tests.chaos.forged import CALM, LATE, Forge, at
from tests.chaos.history import Kind
from tests.chaos.verdict import Figure


def an_escalation_is_nowhere(forge: Forge) -> None:
    answer = {"case_id": "case-gone", "status": "accepted"}
    forge.call(Kind.ESCALATION, "escalation", "report-tool", 70, 202, external_id="ext-9", answer=answer)


def a_command_is_nowhere(forge: Forge) -> None:
    forge.call(Kind.COMMAND, "note", "ana", 70, subject=CALM, answer={"case_id": CALM, "version": 9})


def a_command_was_another(forge: Forge) -> None:
    forge.call(Kind.COMMAND, "note", "ana", 70, subject=CALM, answer={"case_id": CALM, "version": 4})


def an_accepted_offer_is_nowhere(forge: Forge) -> None:
    forge.call(Kind.ACCEPT, "accept", "ana", 70, subject="a-9", answer={"case_id": CALM})


def an_acknowledged_page_rings_on(forge: Forge) -> None:
    page_about(forge, LATE, "acknowledge", 40, reasons=[])
    forge.call(Kind.PAGE_ACK, "key", "lead", 50, subject="page-acknowledge")


def a_stored_event_was_never_sent(forge: Forge) -> None:
    forge.tables["intake"]["timeline"].append({"case_id": CALM, "source": "/tocsin/intake", "sequence": 5})


def a_report_joined_a_resolved_case(forge: Forge) -> None:
    forge.report(CALM, "report-tool", "ext-9", 70)
    forge.cases[CALM]["reports"] = 2


def a_report_opens_two_cases(forge: Forge) -> None:
    forge.open("case-again", "low", "ext-1", 70, 70, "s-9")
    forge.calls.pop()
    forge.tables["intake"]["reports"].pop()


def a_subject_has_two_cases(forge: Forge) -> None:
    forge.open("case-again", "low", "ext-9", 70, 70, "s-2")
    forge.tables["intake"]["open_subject"].pop()


def a_key_has_two_answers(forge: Forge) -> None:
    again = next(call for call in forge.calls if call.name == "resolve")
    forge.calls.append(replace(again, answer={"case_id": CALM, "version": 3}, name="acknowledge"))


def an_event_is_missing_in_its_topic(forge: Forge) -> None:
    later = next(r for r in reversed(forge.records) if (r.key, r.service) == (LATE, "sla_monitor"))
    forge.records[forge.records.index(later)] = replace(later, seq=later.seq + 1)


def a_consumer_left_an_event_out(forge: Forge) -> None:
    row = next(row for row in forge.tables["router"]["consumed"] if row["key"] == LATE)
    row["last_seq"] -= 1


def the_timeline_left_an_event_out(forge: Forge) -> None:
    forge.tables["intake"]["timeline"].pop()


def two_events_have_one_sequence(forge: Forge) -> None:
    last = forge.records[-1]
    forge.records.append(replace(last, ce_id="ce-other", offset=last.offset + 1))


def a_key_stands_in_two_partitions(forge: Forge) -> None:
    forge.records[-1] = replace(forge.records[-1], partition=5)


def an_event_was_recorded_before_the_one_before(forge: Forge) -> None:
    last = forge.records[-1]
    forge.records[-1] = replace(last, value={**last.value, "recorded_at": at(1).isoformat()})


def a_case_is_offered_to_two(forge: Forge) -> None:
    forge.assign(LATE, "a-8", "ben", "offered", 50)
    forge.assign(LATE, "a-9", "ana", "offered", 51)
    forge.assign(LATE, "a-8", "ben", "expired", 52)


def a_case_is_with_two(forge: Forge) -> None:
    forge.assign(LATE, "a-8", "ben", "offered", 50)
    forge.assign(LATE, "a-9", "ana", "offered", 51)
    forge.tables["intake"]["cases"][1] |= {"assignee": "ana", "assignment_id": "a-9"}


def an_offer_exceeds_a_capacity(forge: Forge) -> None:
    crowded.six_units_of_ana(forge)
    forge.open("case-one-more", "low", "ext-20", 41, 41, "s-20")
    forge.assign("case-one-more", "a-20", "ana", "offered", 42)


def an_offer_exceeds_a_capacity_by_a_claim_just_before(forge: Forge) -> None:
    crowded.offer_crosses_claim(forge, claim_booked=41.99)


def an_offer_was_never_booked(forge: Forge) -> None:
    forge.assign(LATE, "a-8", "ben", "offered", 50)
    forge.booked.pop()


def a_clock_runs_past_its_due(forge: Forge) -> None:
    forge.open("case-late", "critical", "ext-9", 50, -250, "s-9")


def a_clock_met_although_it_was_late(forge: Forge) -> None:
    _stopped(forge, occurred=61, state="met")


def a_stop_in_time_does_not_rescind(forge: Forge) -> None:
    _stopped(forge, occurred=49, state="breached")
    page_about(forge, "case-stopped", "acknowledge", 60.2)


def breached_although_stopped(forge: Forge, recorded: float = 10.2, evidence: str = "complete") -> None:
    forge.open("case-stopped", "critical", "ext-9", 7, -290, "s-9")
    forge.command("case-stopped", "acknowledge", "case.acknowledged", 8, by="lead", status="acknowledged")
    forge.clock("case-stopped", "acknowledge", "breached", recorded, state="breached")
    last = forge.records[-1]
    clock = last.value["change"]["clock"] | {"evidence": evidence}
    forge.records[-1] = replace(last, value={**last.value, "change": {"clock": clock}})
    page_about(forge, "case-stopped", "acknowledge", recorded + 0.1)
    forge.clock("case-stopped", "acknowledge", "rescinded", recorded + 0.2, state="rescinded", stopped_at=at(8))


def a_clock_breaches_before_it_is_due(forge: Forge) -> None:
    forge.open("case-early", "critical", "ext-9", 20, -240, "s-9")
    forge.clock("case-early", "acknowledge", "breached", 55, state="breached")
    page_about(forge, "case-early", "acknowledge", 55.1)


def a_clock_breaches_twice(forge: Forge) -> None:
    forge.clock(LATE, "acknowledge", "breached", 12)


def a_breach_has_two_pages(forge: Forge) -> None:
    page_about(forge, LATE, "acknowledge", 40)


def a_breach_has_no_page(forge: Forge) -> None:
    forge.pages["p-1"]["reasons"] = []


def a_page_called_nobody(forge: Forge) -> None:
    forge.page("p-2", LATE, "triggered", 50, state="triggered")
    forge.notice("p-2", "page.triggered", 50.1, state="failed")


def a_sent_attempt_never_arrived(forge: Forge) -> None:
    forge.notice("p-1", "page.escalated", 20)
    forge.told.pop()


def a_notice_has_two_ids(forge: Forge) -> None:
    forge.notice("p-1", "page.triggered", 10.3)


def an_unknown_notice_arrived(forge: Forge) -> None:
    forge.arrive("hook-of-nobody", "page.escalated", "p-1", 20)


def a_call_left_after_the_acknowledgement(forge: Forge) -> None:
    forge.notice("p-1", "page.escalated", 32, step=1, responder="lead")


def an_unsigned_notification(forge: Forge) -> None:
    forge.arrive("hook-0", "page.triggered", "p-1", 10.3, signed=False)


def a_row_stayed_in_an_outbox(forge: Forge) -> None:
    forge.tables["router"]["outbox"].append({"key": CALM, "seq": 6, "type": "tocsin.assignment.released"})


def a_dead_letter(forge: Forge) -> None:
    letter = {"topic": "tocsin.cases", "partition": 0, "offset": 3, "reason": "invalid"}
    forge.tables["notifier"]["dead_letter"].append(letter)


def never_quiet(forge: Forge) -> None:
    forge.unsettled.append("router at 3 of 9 in tocsin.cases/0")


def a_service_knows_another_status(forge: Forge) -> None:
    forge.tables["sla_monitor"]["cases"][0]["summary"]["status"] = "acknowledged"


def a_service_never_heard_of_a_case(forge: Forge) -> None:
    del forge.tables["notifier"]["cases"][1]


def the_read_model_shows_another_assignee(forge: Forge) -> None:
    forge.tables["intake"]["cases"][1]["assignee"] = "ben"


def a_load_is_not_what_is_held(forge: Forge) -> None:
    forge.tables["router"]["specialists"][0]["load"] = 3


def a_clock_is_not_as_its_topic_says(forge: Forge) -> None:
    forge.tables["sla_monitor"]["clocks"][0]["state"] = "cancelled"


def a_page_is_not_as_its_topic_says(forge: Forge) -> None:
    forge.tables["notifier"]["page"][0]["state"] = "exhausted"


def an_assignment_is_not_as_its_topic_says(forge: Forge) -> None:
    forge.tables["router"]["assignments"][0]["state"] = "expired"


def a_resolved_case_waits_on(forge: Forge) -> None:
    forge.tables["router"]["cases"][0]["phase"] = "waiting"


def page_about(forge: Forge, case_id: str, clock: str, when: float, **changes: Any) -> None:
    """A page about a breach, called out."""
    page_id = f"page-{clock}"
    reasons = [{"kind": "breach", "clock_id": f"{case_id}-{clock}"}]
    forge.page(page_id, case_id, "triggered", when, **({"state": "triggered", "reasons": reasons} | changes))
    forge.notice(page_id, "page.triggered", when + 0.1)


def pend(forge: Forge, case_id: str, when: float, reasons: list[str]) -> None:
    """The case waits for these reasons, or for none any more."""
    forge.cases[case_id]["status"] = "pending" if reasons else "acknowledged"
    event = "case.pended" if reasons else "case.resumed"
    forge.tell("intake", case_id, event, when, {"reasons": reasons})


def _stopped(forge: Forge, *, occurred: float, state: str) -> None:
    """A clock due at 50 whose stop is told at 60."""
    forge.open("case-stopped", "critical", "ext-9", 20, -250, "s-9")
    forge.command(
        "case-stopped", "acknowledge", "case.acknowledged", 60, by="lead", occurred=occurred, status="acknowledged"
    )
    forge.clock("case-stopped", "acknowledge", state, 60.1, state=state, stopped_at=at(occurred))


FAULTS: list[tuple[Figure, Callable[[Forge], None]]] = [
    (Figure.LOST, an_escalation_is_nowhere),
    (Figure.LOST, a_command_is_nowhere),
    (Figure.LOST, a_command_was_another),
    (Figure.LOST, an_accepted_offer_is_nowhere),
    (Figure.LOST, an_acknowledged_page_rings_on),
    (Figure.LOST, a_stored_event_was_never_sent),
    (Figure.LOST, a_report_joined_a_resolved_case),
    (Figure.TWICE, a_report_opens_two_cases),
    (Figure.TWICE, a_subject_has_two_cases),
    (Figure.TWICE, a_key_has_two_answers),
    (Figure.GAPS, an_event_is_missing_in_its_topic),
    (Figure.GAPS, a_consumer_left_an_event_out),
    (Figure.GAPS, the_timeline_left_an_event_out),
    (Figure.ORDER, two_events_have_one_sequence),
    (Figure.ORDER, a_key_stands_in_two_partitions),
    (Figure.ORDER, an_event_was_recorded_before_the_one_before),
    (Figure.ASSIGNED, a_case_is_offered_to_two),
    (Figure.ASSIGNED, a_case_is_with_two),
    (Figure.CAPACITY, an_offer_exceeds_a_capacity),
    (Figure.CAPACITY, an_offer_exceeds_a_capacity_by_a_claim_just_before),
    (Figure.CAPACITY, an_offer_was_never_booked),
    (Figure.UNBREACHED, a_clock_runs_past_its_due),
    (Figure.UNBREACHED, a_clock_met_although_it_was_late),
    (Figure.UNFOUNDED, a_stop_in_time_does_not_rescind),
    (Figure.UNFOUNDED, breached_although_stopped),
    (Figure.UNFOUNDED, a_clock_breaches_before_it_is_due),
    (Figure.BREACHED_TWICE, a_clock_breaches_twice),
    (Figure.BREACHED_TWICE, a_breach_has_two_pages),
    (Figure.UNPAGED, a_breach_has_no_page),
    (Figure.UNPAGED, a_page_called_nobody),
    (Figure.UNPAGED, a_sent_attempt_never_arrived),
    (Figure.WEBHOOK_IDS, a_notice_has_two_ids),
    (Figure.WEBHOOK_IDS, an_unknown_notice_arrived),
    (Figure.UNSIGNED, an_unsigned_notification),
    (Figure.AFTER_ACK, a_call_left_after_the_acknowledgement),
    (Figure.OUTBOX, a_row_stayed_in_an_outbox),
    (Figure.DEAD_LETTERS, a_dead_letter),
    (Figure.UNSETTLED, never_quiet),
    (Figure.DIVERGED, a_service_knows_another_status),
    (Figure.DIVERGED, a_service_never_heard_of_a_case),
    (Figure.DIVERGED, the_read_model_shows_another_assignee),
    (Figure.DIVERGED, a_load_is_not_what_is_held),
    (Figure.DIVERGED, a_clock_is_not_as_its_topic_says),
    (Figure.DIVERGED, a_page_is_not_as_its_topic_says),
    (Figure.DIVERGED, an_assignment_is_not_as_its_topic_says),
    (Figure.DIVERGED, a_resolved_case_waits_on),
]
