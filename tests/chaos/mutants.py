"""Mutations of intake, router and sla_monitor as exact replacements, each with the test that must fail under it.

`python -m tests.chaos.mutate` tries them; `mutations.md` says which guarantee each of them breaks.
"""

from dataclasses import dataclass

GROUPING = "tests/integration/intake/test_grouping.py"
ASSIGNING = "tests/integration/router/test_assigning.py"
FIRING = "tests/integration/sla_monitor/test_firing.py"
DISORDER = "tests/unit/sla_monitor/test_disorder.py"
CLAIMS = "tests/integration/router/test_claims.py"
OFFERS = "tests/integration/router/test_offers.py"


@dataclass(frozen=True)
class Mutant:
    """`old`, which stands once in `path`, becomes `new`; `test` (a file, and `-k` where given) must then fail."""

    name: str
    path: str
    old: str
    new: str
    test: str
    chosen: str = ""


INTAKE = (
    Mutant(
        "no second look at the slot's holder",
        "services/intake/admission.py",
        "return case if case_id is not None and await cases.holder_of_slot(tx, slot) == case_id else None",
        "return case",
        "tests/integration/intake/test_second_look.py",
    ),
    Mutant(
        "answered although nothing is committed",
        "services/intake/admission.py",
        "        async with self._db.transaction() as tx:\n            answered",
        "        async with self._db.connection() as tx:\n            answered",
        "tests/chaos/test_crash_table.py",
        "intake_before_commit",
    ),
    Mutant(
        "not only the first of each identity and slot goes on",
        "services/intake/submission.py",
        "        if seen.isdisjoint(keys):\n            found[place] = submission",
        "        found[place] = submission",
        GROUPING,
        "at_one_instant",
    ),
    Mutant(
        "another body is a repetition too",
        "services/intake/submission.py",
        "if before.body_sha256 != submission.body_sha256:",
        "if False:",
        "tests/unit/intake/test_submission.py",
    ),
    Mutant(
        "pend reasons do not end by themselves",
        "services/intake/pending.py",
        "if p.until is not None and p.until <= now)",
        "if False)",
        "tests/unit/intake/test_pending.py",
    ),
    Mutant(
        "commands do not end what is over first",
        "services/intake/transitions.py",
        "settled = expire(case, now=context.now)",
        "settled: tuple[Step, ...] = ()",
        "tests/unit/intake/test_transitions.py",
    ),
    Mutant(
        "commands are taken in any state",
        "services/intake/transitions.py",
        "if case.status not in ALLOWED[type(command)]:",
        "if False:",
        "tests/unit/intake/test_transitions.py",
    ),
    Mutant(
        "who proposed may confirm",
        "services/intake/actions.py",
        "if proposed.by == who.id:",
        "if False:",
        "tests/unit/intake/test_actions.py",
    ),
    Mutant(
        "If-Match is not compared",
        "services/intake/casework.py",
        "if expected is not None and case.version not in expected:",
        "if False:",
        "tests/integration/intake/test_commands.py",
        "version",
    ),
    Mutant(
        "a resolved case keeps its slot",
        "services/intake/store/cases.py",
        "    if old is not None:\n        await tx.execute(_DROP_SLOT, *old, case_id)\n",
        "",
        GROUPING,
        "resolved_case",
    ),
    Mutant(
        "answers are not kept under their keys",
        "services/intake/claims.py",
        "    await idempotency_store.store(tx, kept)\n",
        "    del kept\n",
        "tests/integration/intake/test_escalations.py",
        "key",
    ),
    Mutant(
        "an end of any assignment ends the live one",
        "services/intake/holder.py",
        "ended = event.change.assignment.assignment_id == self.assignment_id",
        "ended = True",
        "tests/integration/intake/test_other_topics.py",
    ),
)

ROUTER = (
    Mutant(
        "capacity is not compared when units are booked",
        "services/router/store/specialists.py",
        "AND s.load + wanted.units <= wanted.capacity",
        "",
        "tests/integration/router/test_guards.py",
    ),
    Mutant(
        "a decision holds although its case changed",
        "services/router/rounds.py",
        "return case.phase is Phase.WAITING and case.revision == made.revisions[case.case_id]",
        "return True",
        ASSIGNING,
        "before_a_change",
    ),
    Mutant(
        "a case may have two live assignments",
        "services/router/migrations/versions/0001_cases_and_assignments.py",
        "CREATE UNIQUE INDEX assignments_live",
        "CREATE INDEX assignments_live",
        "tests/integration/router/test_guards.py",
    ),
    Mutant(
        "a former matcher writes",
        "services/router/rounds.py",
        "    await lease.check(tx, epoch)\n",
        "",
        ASSIGNING,
        "lost_its_lease",
    ),
    Mutant(
        "presence is not asked when units are booked",
        "services/router/store/specialists.py",
        "       AND coalesce(s.presence, 'available') = 'available'\n    RETURNING",
        "    RETURNING",
        ASSIGNING,
        "left_meanwhile",
    ),
    Mutant(
        "who declined is offered it again",
        "services/router/eligibility.py",
        "if specialist.id in need.declined:",
        "if False:",
        "tests/unit/router/test_eligibility.py",
    ),
    Mutant(
        "a claim asks for no certification",
        "services/router/casework.py",
        "if refusal(need, specialist, self.rules) is not None:",
        "if False:",
        CLAIMS,
        "certification",
    ),
    Mutant(
        "an earlier claim takes a later one's case",
        "services/router/casework.py",
        "live.claimed and live.accepted_at is not None and live.accepted_at > at:",
        "live.claimed and live.accepted_at is not None and False:",
        CLAIMS,
        "happened_earlier",
    ),
    Mutant(
        "who goes offline keeps offers",
        "services/router/commands.py",
        "                work.give_back(case, AssignmentState.RELEASED, OFFLINE)\n",
        "                pass\n",
        ASSIGNING,
        "goes_offline",
    ),
    Mutant(
        "an offer past its time is accepted",
        "services/router/commands.py",
        "        if not _open(asked, work):\n            raise Refused(Refusal.ENDED)\n        work.accept",
        "        work.accept",
        OFFERS,
        "past_its_time",
    ),
)

SLA_MONITOR = (
    Mutant(
        "evidence of one topic is enough",
        "services/sla_monitor/store/timers.py",
        "GROUP BY partition HAVING count(*) = cardinality($1::text[])",
        "GROUP BY partition",
        FIRING,
        "both_topics",
    ),
    Mutant(
        "clocks fire without evidence",
        "services/sla_monitor/store/timers.py",
        "coalesce(seen.complete, '-infinity') AS complete,",
        "statement_timestamp() + $3::interval AS complete,",
        FIRING,
        "thirty_seconds or both_topics or on_its_way",
    ),
    Mutant(
        "patience counts from due alone",
        "services/sla_monitor/store/timers.py",
        "- $5::interval >= $4::timestamptz\n",
        "- $5::interval >= $4::timestamptz - interval '1 day'\n",
        FIRING,
        "just_started",
    ),
    Mutant(
        "a clock is written without compare-and-set",
        "services/sla_monitor/store/clocks.py",
        " WHERE clocks.revision = excluded.revision - 1\n",
        "",
        "tests/integration/sla_monitor/test_guards.py",
    ),
    Mutant(
        "a sweep locks no case",
        "services/sla_monitor/store/cases.py",
        '_LOCK_FREE = _LOCK + " SKIP LOCKED"',
        '_LOCK_FREE = _LOCK.replace("FOR UPDATE", "")',
        FIRING,
        "locked",
    ),
    Mutant(
        "a stop in time does not rescind",
        "services/sla_monitor/settlement.py",
        "return ClockState.RESCINDED if known in (ClockState.BREACHED, ClockState.RESCINDED) else ClockState.MET",
        "return ClockState.MET",
        FIRING,
        "rescinds",
    ),
    Mutant(
        "a clock met at due is late",
        "services/sla_monitor/clock.py",
        "return due is None or stop <= due",
        "return due is None or stop < due",
        "tests/unit/sla_monitor/test_clocks_of_a_case.py",
    ),
    Mutant(
        "facts are kept as they come",
        "services/sla_monitor/facts.py",
        "return tuple(sorted((*known, fact), key=lambda other: other.seq))",
        "return (*known, fact)",
        "tests/unit/sla_monitor/test_facts.py",
    ),
    Mutant(
        "the last acknowledgement counts",
        "services/sla_monitor/facts.py",
        "return facts if known is not None and known.at <= mark.at else replace(facts, acknowledged=mark)",
        "return replace(facts, acknowledged=mark)",
        DISORDER,
    ),
    Mutant(
        "an older summary wins",
        "services/sla_monitor/handlers.py",
        "summary = event.case if event.case.version > case.summary.version else case.summary",
        "summary = event.case",
        "tests/integration/sla_monitor/test_guards.py",
    ),
    Mutant(
        "sequences are not counted on",
        "services/sla_monitor/caseload.py",
        "written = [replace(one.case, seq=one.case.seq + len(one.steps)) for one in reviews]",
        "written = [one.case for one in reviews]",
        FIRING,
        "gapless",
    ),
)

MUTANTS = (*INTAKE, *ROUTER, *SLA_MONITOR)
