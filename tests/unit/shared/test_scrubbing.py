"""What remains of a document when its texts and personal data are taken out."""

import orjson

from shared.contracts.registry import EVENT_TYPES
from shared.protection import scrubbing
from shared.protection.scrubbing import ERASED
from tests.support.samples import sample

REPORT = {
    "external_id": "r-1",
    "summary": "Ana wrote this",
    "description": "more words",
    "policy_area": "violent_content",
    "language": "en",
    "region": "DE",
    "subject": {"type": "post", "id": "p1", "url": "https://x.example/ana"},
    "evidence": [{"type": "text", "value": "words", "graphic": 2}],
    "reporter": {"type": "user", "id": "u-1", "name": "Ana"},
    "legal_orders": [{"clock": "eu.tco.art3", "reference": "A-1"}],
    "stakeholders": [{"address": "ana@example.org"}],
    "labels": {"who": "ana"},
}


def test_of_a_report_the_skeleton_remains() -> None:
    assert scrubbing.report(REPORT) == {
        "external_id": "r-1",
        "summary": ERASED,
        "policy_area": "violent_content",
        "language": "en",
        "region": "DE",
        "subject": {"type": "post", "id": "p1"},
        "evidence": [{"type": "text", "value": ERASED, "graphic": 2}],
        "reporter": {"type": "user"},
        "legal_orders": [{"clock": "eu.tco.art3", "reference": "A-1"}],
    }


def test_every_event_can_be_read_after_it_was_scrubbed() -> None:
    for name, kind in EVENT_TYPES.items():
        scrubbed = scrubbing.raw(sample(name).payload())
        assert scrubbed is not None
        again = kind.model_validate_json(scrubbed)
        assert again.case is None or again.case.summary == ERASED
        assert b"@" not in scrubbed


def test_pend_reasons_stay_because_clocks_are_suspended_by_them() -> None:
    pended = {"reason": "force_majeure", "until": None, "reasons": ["force_majeure"]}
    assert scrubbing.change(pended) == pended
    assert scrubbing.change({"kind": "appeal", "reason": "words"}) == {"kind": "appeal", "reason": ERASED}


def test_why_an_offer_was_declined_is_in_the_words_of_a_person() -> None:
    declined = {"assignment": {"state": "declined", "reason": "words"}, "decision_id": "d"}
    assert scrubbing.change(declined) == {"assignment": {"state": "declined", "reason": ERASED}, "decision_id": "d"}
    released = {"assignment": {"state": "released", "reason": "reclassified"}}
    assert scrubbing.change(released) == released


def test_of_a_stored_answer_the_texts_go_wherever_they_stand() -> None:
    answer = {"version": 3, "summary": "words", "labels": {"a": "b"}, "resolution": {"summary": "w", "by": "ana"}}
    assert scrubbing.document(answer) == {
        "version": 3,
        "summary": ERASED,
        "labels": {},
        "resolution": {"summary": ERASED, "by": "ana"},
    }


def test_nothing_is_left_of_what_cannot_be_read() -> None:
    assert scrubbing.raw(b"\xff not json") == b""
    assert scrubbing.raw(b"[1]") == b""
    assert scrubbing.raw(None) is None


def test_scrubbing_twice_changes_nothing_more() -> None:
    once = scrubbing.report(REPORT)
    assert scrubbing.report(once) == once
    value = orjson.loads(scrubbing.raw(sample("tocsin.case.opened").payload()) or b"")
    assert scrubbing.event(value) == value
