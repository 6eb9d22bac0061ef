"""Refusals and faults as problems."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.intake.refusal import Crowded, Invalid, Reason, Refusal
from shared.errors import Permanent, Transient
from shared.http import problems
from shared.http.problems import Problem

_TITLES = {
    Reason.ILLEGAL_TRANSITION: "Not in this state",
    Reason.EXTERNAL_ID_CONFLICT: "The id is taken",
    Reason.LEADS_ONLY: "Not allowed",
    Reason.NOT_FOR_SOURCES: "Not allowed",
    Reason.NOT_FOUND: "Not found",
    Reason.VERSION_MISMATCH: "Another version",
}


def problem_of(error: Exception) -> Problem:
    """The problem that says what `error` says; anything unknown is a fault of our own."""
    match error:
        case Problem():
            return error
        case Refusal():
            title = _TITLES.get(error.reason, "Conflict")
            return Problem(error.status, error.reason.value, title, error.detail, extra={"reason": error.reason.value})
        case Invalid():
            return problems.invalid([(("body", *fault.loc), fault.msg) for fault in error.faults])
        case Crowded():
            return problems.rate_limited(round(error.retry_after))
        case Transient():
            return problems.unavailable(error.retry_after)
        case Permanent():
            return problems.unprocessable(("body",), str(error))
        case _:
            return problems.internal()


def add_refusals(app: FastAPI) -> None:
    """Answer them wherever they are raised below a route."""
    for kind in (Refusal, Invalid, Crowded, Permanent):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return problem_of(error).response(request.url.path)
