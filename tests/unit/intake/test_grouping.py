"""A report that joins a case: what it adds, what it raises, what it leaves."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.intake.case import Case
from services.intake.grouping import join
from services.intake.report import Report
from shared.contracts.vocabulary import ReclassifyCause, Severity
from tests.unit.intake.cases import NOW, SOURCE, case, report

LATER = NOW + timedelta(minutes=3)
ORDER = {"clock": "eu.tco.art3", "reference": "R-1", "received_at": "2026-11-22T10:00:00Z"}


def joined(before: Case, new: Report) -> Case:
    return join(before, new, who=SOURCE, now=LATER).steps[-1].case


def test_a_milder_report_adds_itself_and_nothing_else() -> None:
    decision = join(case(severity="high"), report(severity="low", graphic=0), who=SOURCE, now=LATER)

    (step,) = decision.steps
    assert step.kind.type == "tocsin.case.report_added"
    assert (step.case.reports, step.case.version, step.case.severity) == (2, 2, Severity.HIGH)
    assert step.occurred_at == LATER


def test_a_worse_report_raises_in_a_second_step() -> None:
    steps = join(case(severity="low", graphic=0), report(severity="high", graphic=3), who=SOURCE, now=LATER).steps
    change: Any = steps[1].change

    assert [step.kind.type for step in steps] == ["tocsin.case.report_added", "tocsin.case.reclassified"]
    assert (steps[0].case.severity, steps[1].case.severity, steps[1].case.graphic) == ("low", "high", 3)
    assert change.cause is ReclassifyCause.REPORT
    assert (change.before.severity, change.after.graphic) == ("low", 3)


def test_the_first_order_of_a_reference_stands() -> None:
    first = case(legal_orders=[ORDER])
    again = {**ORDER, "due_at": "2026-11-23T10:00:00Z"}

    orders = joined(first, report(legal_orders=[again, {**ORDER, "reference": "R-2"}])).legal_orders

    assert [(order.reference, order.due_at) for order in orders] == [("R-1", None), ("R-2", None)]


def test_reporters_stakeholders_and_exclusions_are_united() -> None:
    first = case(
        reporter={"type": "user"}, stakeholders=[{"address": "a@example.org"}], excluded_specialists=["ana", "x"]
    )
    second = report(
        reporter={"type": "authority"},
        stakeholders=[{"address": "A@EXAMPLE.org"}, {"address": "b@example.org"}],
        excluded_specialists=["x", "ben"],
    )

    found = joined(first, second)

    assert found.reporter_types == ("user", "authority")
    assert [stakeholder.address for stakeholder in found.stakeholders] == ["a@example.org", "b@example.org"]
    assert found.excluded_specialists == ("ana", "x", "ben")
    assert (found.reporter_type, found.source, found.summary) == ("user", "report-tool", "A threat")


def test_an_order_without_an_instant_starts_at_the_report_s() -> None:
    new = report(received_at="2026-11-22T12:00:00Z", legal_orders=[{"clock": "eu.tco.art3", "reference": "R"}])

    assert new.legal_orders[0].received_at == new.received_at == NOW - timedelta(hours=5)


_REPORTS = st.builds(
    report,
    severity=st.sampled_from(list(Severity)).map(str),
    graphic=st.integers(0, 3),
    excluded_specialists=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
    legal_orders=st.lists(st.sampled_from("123").map(lambda n: {**ORDER, "reference": n}), max_size=3),
)


@given(reports=st.lists(_REPORTS, min_size=1, max_size=6), chance=st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter_to_what_the_case_is(reports: list[Report], chance: Any) -> None:
    def outcome(order: list[Report]) -> tuple[Any, ...]:
        found = case(severity="low", graphic=0)
        for item in order:
            found = joined(found, item)
        references = frozenset(order.reference for order in found.legal_orders)
        return found.severity, found.graphic, found.reports, references, frozenset(found.excluded_specialists)

    shuffled = list(reports)
    chance.shuffle(shuffled)
    assert outcome(shuffled) == outcome(reports)
    assert outcome(reports)[0] == min([Severity.LOW, *(r.severity for r in reports)], key=lambda s: s.rank)
