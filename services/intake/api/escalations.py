"""POST of one escalation, through the acceptor."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from starlette.responses import Response

from services.intake.acceptor import Acceptor
from services.intake.admission import ATTEMPTS, Admission
from services.intake.api.desk import Desk, who_of
from services.intake.api.direct import add_direct
from services.intake.api.shapes import SubmissionView, submission_body
from services.intake.claims import Busy, Replayed
from services.intake.refusal import Invalid, Refusal
from services.intake.store.reports import Collision
from services.intake.submission import Outcome, Submission, submission_of
from shared.contracts.escalation import Escalation
from shared.contracts.vocabulary import Scope, SubmissionStatus
from shared.db import Tx
from shared.http.idempotency import Answer, Idempotency, IdempotencyDep, replay
from shared.http.security import Principal, require
from shared.observability.tracing import traceparent

Writer = Annotated[Principal, Depends(require(Scope.ESCALATIONS_WRITE))]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": SubmissionView, "description": "A repetition: the case that is there"},
    202: {"model": SubmissionView, "description": "A new case, or a report that joined one"},
}


def add_escalations(app: FastAPI, desk: Desk, acceptor: Acceptor, admission: Admission) -> None:
    """POST /v1/escalations."""
    posting = Posting(desk, acceptor, admission)

    async def post_escalation(escalation: Escalation, principal: Writer, idem: IdempotencyDep) -> Response:
        """Take an escalation in: a new case, a report that joins one, or a repetition."""
        return await posting.post(escalation.model_dump(mode="json", exclude_unset=True), principal, idem)

    add_direct(
        app,
        "/v1/escalations",
        post_escalation,
        posting.post,
        status_code=202,
        responses=_ANSWERS,
        response_model=SubmissionView,
    )


class Posting:
    """From the JSON of an escalation to the answer."""

    def __init__(self, desk: Desk, acceptor: Acceptor, admission: Admission) -> None:
        self._desk = desk
        self._acceptor = acceptor
        self._admission = admission

    async def post(self, sent: Any, principal: Principal, idem: Idempotency) -> Response:
        """Count it, whatever becomes of it."""
        try:
            submission = submission_of(
                sent, who=who_of(principal), config=self._desk.config.current, trace=traceparent()
            )
            return await self._answered(submission, idem)
        except (Refusal, Invalid):
            self._desk.metrics.count(principal.id, "rejected")
            raise

    async def _answered(self, submission: Submission, idem: Idempotency) -> Response:
        try:
            outcome = await self._acceptor.submit(submission, idem.claim)
        except Busy:
            return await self._post_once(submission, idem)
        if isinstance(outcome, Replayed):
            assert idem.claim is not None
            return replay(idem.claim, outcome.stored).response(replayed=True)
        self._desk.metrics.count(submission.who.id, outcome.status)
        return answer_of(outcome).response()

    async def _post_once(self, submission: Submission, idem: Idempotency) -> Response:
        """Behind another request with the same key: wait for its answer, or do the work when it gave none."""
        outcomes: list[Outcome] = []

        async def work(tx: Tx) -> Answer:
            outcomes[:] = [await self._admission.admit(tx, submission)]
            return answer_of(outcomes[0])

        for attempt in range(ATTEMPTS):
            try:
                response = await idem.run(self._desk.db, work)
                break
            except Collision:
                if attempt == ATTEMPTS - 1:
                    raise
        if outcomes:
            self._admission.after_commit()
            self._desk.metrics.count(submission.who.id, outcomes[0].status)
        return response


def answer_of(outcome: Outcome) -> Answer:
    """202 for what is new, 200 for a repetition; the case's place either way."""
    status = 200 if outcome.status is SubmissionStatus.DUPLICATE else 202
    return Answer(status, submission_body(outcome), {"Location": f"/v1/cases/{outcome.case_id}"})
