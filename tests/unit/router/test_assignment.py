"""An assignment's own instants: expiry, acceptance, the end of the shift."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from services.router.assignment import Assignment, accepted, ended, return_at
from services.router.shifts import Always, Weekly, Window
from shared.contracts.vocabulary import AssignmentState
from shared.ids import uuid7
from tests.unit.router.people import NOW, minutes

UNTIL_TWO = Weekly(ZoneInfo("UTC"), (Window(frozenset({0, 2}), timedelta(hours=8), timedelta(hours=14)),))
END = NOW.replace(hour=14)
OFFERED, ACCEPTED = AssignmentState.OFFERED, AssignmentState.ACCEPTED


def offer() -> Assignment:
    return Assignment(
        assignment_id=uuid7(),
        case_id=uuid7(),
        specialist="ana",
        state=OFFERED,
        units=1,
        handling=minutes(22),
        offered_at=NOW,
        expires_at=NOW + minutes(5),
    )


def test_an_offer_ends_with_the_shift_and_an_accepted_case_a_quarter_of_an_hour_later() -> None:
    assert return_at(OFFERED, UNTIL_TWO, NOW) == END
    assert return_at(ACCEPTED, UNTIL_TWO, NOW) == END + minutes(15)


def test_taken_on_off_shift_it_ends_with_the_next_shift() -> None:
    assert return_at(ACCEPTED, UNTIL_TWO, END + minutes(60)) == END + timedelta(days=2) + minutes(15)


def test_nothing_returns_from_a_shift_without_end_or_from_a_stranger() -> None:
    assert return_at(ACCEPTED, Always(), NOW) is None
    assert return_at(ACCEPTED, None, NOW) is None


def test_accepting_keeps_when_it_was_offered() -> None:
    taken = accepted(offer(), at=NOW - minutes(1), now=NOW, shifts=UNTIL_TWO)
    assert (taken.state, taken.accepted_at, taken.offered_at) == (ACCEPTED, NOW - minutes(1), NOW)
    assert taken.return_at == END + minutes(15)
    assert taken.live


def test_what_is_over_says_when_and_why() -> None:
    over = ended(offer(), AssignmentState.RELEASED, "resolved", at=NOW + minutes(1))
    assert not over.live
    view = over.view()
    assert (view.state, view.reason, view.ended_at) == (AssignmentState.RELEASED, "resolved", NOW + minutes(1))
