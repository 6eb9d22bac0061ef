"""Commands that cannot be done, as problems."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.router.commands import Refusal, Refused
from shared.http.problems import Problem, conflict, forbidden, not_found


@contextmanager
def as_problems() -> Iterator[None]:
    """Turn a refused command into the problem that tells of it."""
    try:
        yield
    except Refused as refused:
        raise _problem(refused.reason) from None


def _problem(reason: Refusal) -> Problem:
    match reason:
        case Refusal.UNKNOWN:
            return not_found("There is no such assignment.")
        case Refusal.NOT_YOURS:
            return forbidden("An assignment is answered by its specialist or by a lead.")
        case Refusal.ACCEPTED:
            return conflict("assignment-accepted", "The assignment was accepted; hand the case on by transferring it.")
        case Refusal.ENDED:
            return conflict("assignment-ended", "The assignment has ended; the case is with somebody else or waits.")
