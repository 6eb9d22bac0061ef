"""What makes two submissions the same, and which of a batch can go side by side."""

from typing import Any

import pytest

from services.intake.refusal import Invalid, Refusal
from services.intake.submission import Known, Outcome, Submission, first_of_each, repeated, submission_of
from tests.unit.intake.cases import CASE_ID, CONFIG, SOURCE, TRACE


def submission(**fields: Any) -> Submission:
    sent = {"external_id": "1", "summary": "s", "policy_area": "unknown", "language": "und", "region": "ZZ", **fields}
    return submission_of(sent, who=SOURCE, config=CONFIG, trace=TRACE)


def test_the_order_of_keys_does_not_count_and_anything_else_does() -> None:
    one = submission(labels={"a": "1", "b": "2"})
    plain = {"labels": {"b": "2", "a": "1"}, "region": "ZZ", "language": "und", "policy_area": "unknown"}
    same = submission_of({**plain, "summary": "s", "external_id": "1"}, who=SOURCE, config=CONFIG, trace=TRACE)

    assert one.body_sha256 == same.body_sha256
    assert one.body_sha256 != submission(labels={"a": "1"}).body_sha256


def test_a_default_that_is_spelled_out_is_another_body() -> None:
    assert submission().body_sha256 != submission(severity="medium").body_sha256


def test_the_same_body_is_a_repetition_and_another_is_refused() -> None:
    sent = submission()

    again = repeated(sent, Known(CASE_ID, 7, sent.body_sha256))
    other = repeated(sent, Known(CASE_ID, 7, b"other"))

    assert isinstance(again, Outcome)
    assert (again.status, again.case_id, again.version) == ("duplicate", CASE_ID, 7)
    assert isinstance(other, Refusal)
    assert other.status == 409


def test_of_one_identity_or_slot_only_the_first_goes_on() -> None:
    subject = {"type": "post", "id": "p"}
    batch = [
        submission(external_id="1"),
        submission(external_id="2", subject=subject),
        submission(external_id="1"),
        submission(external_id="3", subject=subject),
        submission(external_id="4", subject=subject, policy_area="violent_content"),
        submission(external_id="5"),
    ]

    assert list(first_of_each(dict(enumerate(batch)))) == [0, 1, 4, 5]


@pytest.mark.parametrize("sent", [None, [], "text", 7, {"external_id": "\ud800"}, {1: 2}])
def test_what_is_no_escalation_is_refused_field_by_field(sent: Any) -> None:
    with pytest.raises(Invalid) as found:
        submission_of(sent, who=SOURCE, config=CONFIG, trace=TRACE)
    assert found.value.faults


def test_identities_are_per_source() -> None:
    assert submission().identity == ("report-tool", "1")
