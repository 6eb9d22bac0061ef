"""Letting escalations in: opens cases many at a time, joins reports to cases that are there, answers repetitions.

Two kinds of transaction, because of the order of locks: one takes free slots and opens cases, and locks no
case; the other locks one case and joins every report that waits for it. Emits case.opened,
case.report_added and case.reclassified.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake import claims
from services.intake.case import Case, Decision, Step
from services.intake.casework import persist, publish
from services.intake.checks import window_fault
from services.intake.claims import Busy, Replayed, StoredAnswer
from services.intake.grouping import join, opened
from services.intake.refusal import Invalid, Refusal
from services.intake.report import Report, Slot, report_of
from services.intake.store import cases, reports
from services.intake.store.reports import StoredReport
from services.intake.submission import Identity, Known, Outcome, Submission, first_of_each, repeated
from shared.components.crash import crash_point
from shared.contracts.vocabulary import SubmissionStatus
from shared.db import Database, Tx
from shared.errors import Transient
from shared.http.idempotency_store import Claim
from shared.ids import uuid7

ATTEMPTS = 5
"""How often one is tried when others move its slot at the same instant."""

Place = int
Submissions = Mapping[Place, Submission]
Claims = Mapping[Place, Claim]
"""The idempotency keys of those submissions that have one."""
Result = Outcome | Refusal | Invalid
Results = dict[Place, Result]
"""What became of each submission; a place that is missing is not decided yet."""
Answers = Mapping[Place, Result | Replayed | Busy]
"""The same, with those that their keys answered."""
Write = Callable[[Tx, Submissions], Awaitable[Results]]


@dataclass(frozen=True, slots=True)
class _Joined:
    """A report and the step by which it came in."""

    submission: Submission
    report: Report
    case: Case


class Admission:
    """Writes submissions, given by place; `committed` is called after each commit, `answer` makes what keys keep."""

    def __init__(self, db: Database, committed: Callable[[], None], answer: StoredAnswer) -> None:
        self._db = db
        self._committed = committed
        self._answer = answer

    async def open_cases(self, submissions: Submissions, keys: Claims) -> Answers:
        """Open a case for each whose slot is free and answer repetitions; what must join a case stays undecided.

        Raises `Collision` when one came in elsewhere at this instant: ask again.
        """
        return await self._once(submissions, keys, self._open)

    async def join_case(self, slot: Slot, submissions: Submissions, keys: Claims) -> Answers:
        """Join them to the unresolved case that holds `slot`, in order; undecided when none holds it (any more)."""
        return await self._once(submissions, keys, lambda tx, fresh: self._join(tx, slot, fresh))

    async def admit(self, tx: Tx, submission: Submission) -> Outcome:
        """Let one in within a transaction of the caller's; raises `Refusal`, `Invalid` or `Collision`.

        It takes a slot or locks a case, never both, unless the case let go of the slot before it was locked.
        """
        for _ in range(ATTEMPTS):
            results = await self._open(tx, {0: submission})
            if not results and submission.slot is not None:
                results = await self._join(tx, submission.slot, {0: submission})
            if results:
                crash_point("intake.before_commit")
                return _or_raise(results[0])
        raise Transient("others change the same case at this instant")

    def after_commit(self) -> None:
        """Tell that something was committed."""
        crash_point("intake.after_commit")
        self._committed()

    async def _once(self, submissions: Submissions, keys: Claims, write: Write) -> Answers:
        """One transaction: keys taken, what is new written, its answers kept under their keys."""
        async with self._db.transaction() as tx:
            answered = await claims.take(tx, keys)
            results = await write(tx, {place: s for place, s in submissions.items() if place not in answered})
            outcomes = {place: result for place, result in results.items() if isinstance(result, Outcome)}
            await claims.keep(tx, keys, outcomes, self._answer)
            crash_point("intake.before_commit")
        self.after_commit()
        return {**answered, **results}

    async def _open(self, tx: Tx, submissions: Submissions) -> Results:
        known = await reports.known(tx, [s.identity for s in submissions.values()])
        results = _judge(submissions, known, await self._db.now(tx))
        fresh = first_of_each({place: s for place, s in submissions.items() if place not in results})
        ids = await _with_slots(tx, {place: uuid7() for place in fresh}, fresh)
        if ids:
            now = await self._db.now(tx)
            steps = await _write_cases(tx, {place: (case_id, fresh[place]) for place, case_id in ids.items()}, now)
            results.update({place: _outcome(SubmissionStatus.ACCEPTED, step.case) for place, step in steps.items()})
            known = {fresh[place].identity: _known(fresh[place], step.case) for place, step in steps.items()}
            results.update(_judge({p: s for p, s in submissions.items() if p not in results}, known, now))
        return results

    async def _join(self, tx: Tx, slot: Slot, submissions: Submissions) -> Results:
        case = await _lock_holder(tx, slot) if submissions else None
        if case is None:
            return {}
        known = await reports.known(tx, [s.identity for s in submissions.values()])
        return await _join_all(tx, case, submissions, known, await self._db.now(tx))


def _or_raise(result: Result) -> Outcome:
    if isinstance(result, Outcome):
        return result
    raise result


def _judge(submissions: Submissions, known: Mapping[Identity, Known], now: datetime) -> Results:
    """The results that need no writing: repetitions, and instants out of range."""
    judged = {place: _judge_one(s, known, now) for place, s in submissions.items()}
    return {place: result for place, result in judged.items() if result is not None}


def _judge_one(submission: Submission, known: Mapping[Identity, Known], now: datetime) -> Result | None:
    before = known.get(submission.identity)
    if before is not None:
        return repeated(submission, before)
    fault = window_fault(submission.escalation, now)
    return Invalid(fault) if fault else None


async def _with_slots(tx: Tx, ids: dict[Place, UUID], fresh: Submissions) -> dict[Place, UUID]:
    """Those whose slot was free and is theirs now, and those that need none."""
    wanted = [(s.slot, ids[place]) for place, s in fresh.items() if s.slot is not None]
    won = await cases.take_slots(tx, wanted) if wanted else set()
    return {place: case_id for place, case_id in ids.items() if fresh[place].slot is None or case_id in won}


async def _write_cases(tx: Tx, new: Mapping[Place, tuple[UUID, Submission]], now: datetime) -> dict[Place, Step]:
    """Write new cases with their reports and events."""
    steps, joined = {}, []
    for place, (case_id, submission) in new.items():
        report = _report(submission, now)
        steps[place] = opened(report, case_id=case_id, who=submission.who, now=now)
        joined.append(_Joined(submission, report, steps[place].case))
    await reports.add(tx, [_stored(item) for item in joined])
    await cases.open_many(tx, [step.case for step in steps.values()])
    await publish(tx, list(steps.values()), [submission.trace for _, submission in new.values()])
    return steps


async def _lock_holder(tx: Tx, slot: Slot) -> Case | None:
    """The case that holds the slot, locked; looked at again, because it may have let go while we waited."""
    case_id = await cases.holder_of_slot(tx, slot)
    case = None if case_id is None else await cases.lock(tx, case_id)
    return case if case_id is not None and await cases.holder_of_slot(tx, slot) == case_id else None


async def _join_all(
    tx: Tx, case: Case, submissions: Submissions, known: dict[Identity, Known], now: datetime
) -> Results:
    """Join what is new to the locked case, one after another; the same escalation twice is a repetition."""
    results: Results = {}
    steps: list[Step] = []
    traces: list[str] = []
    joined: list[_Joined] = []
    latest = case
    for place, submission in submissions.items():
        judged = _judge_one(submission, known, now)
        if judged is not None:
            results[place] = judged
            continue
        report = _report(submission, now)
        added = join(latest, report, who=submission.who, now=now).steps
        steps += added
        traces += [submission.trace] * len(added)
        latest = steps[-1].case
        joined.append(_Joined(submission, report, latest))
        known[submission.identity] = _known(submission, latest)
        results[place] = _outcome(SubmissionStatus.GROUPED, latest)
    await reports.add(tx, [_stored(item) for item in joined])
    await persist(tx, case, Decision(tuple(steps)), traces)
    return results


def _report(submission: Submission, now: datetime) -> Report:
    return report_of(submission.escalation, source=submission.who.id, config=submission.config, now=now)


def _stored(item: _Joined) -> StoredReport:
    return StoredReport(
        report_id=uuid7(),
        case_id=item.case.case_id,
        source=item.report.source,
        external_id=item.report.external_id,
        body_sha256=item.submission.body_sha256,
        severity=item.report.severity,
        graphic=item.report.graphic,
        received_at=item.report.received_at,
        recorded_at=item.case.recorded_at,
        body=item.submission.body,
    )


def _known(submission: Submission, case: Case) -> Known:
    return Known(case.case_id, case.version, submission.body_sha256)


def _outcome(status: SubmissionStatus, case: Case) -> Outcome:
    return Outcome(status, case.case_id, case.version)
