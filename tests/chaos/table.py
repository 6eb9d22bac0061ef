"""What the rounds came to, by act: a table for a person, and the same as data for `chaos.json`. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.bench.load import percentile
from tests.chaos.recovery import Figure
from tests.chaos.rounds import Outcome


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One for each act in the order of first appearance, and one for all together."""
    acts = dict.fromkeys(outcome.plan.act for outcome in outcomes)
    by_act = [_row(act, [outcome for outcome in outcomes if outcome.plan.act == act]) for act in acts]
    return [*by_act, _row("all", outcomes)]


def text(outcomes: Sequence[Outcome]) -> str:
    """The table: rounds, faults (named below), activity, seconds of recovery as p50/p99/max."""
    titles = ["act", "rounds", "faults", "activity", *(f"{figure.value} s" for figure in Figure), "a round s"]
    lines = [titles, *(_cells(row) for row in rows(outcomes))]
    widths = [max(len(line[place]) for line in lines) for place in range(len(titles))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*table, "", *_must_be_zero(outcomes)])


def told(outcome: Outcome) -> str:
    """One round in a line, and every fault below it."""
    timings = ", ".join(f"{t.figure.value} {t.seconds:.1f} s" for t in outcome.timings if t.figure is not Figure.PAGING)
    verdict = "clean" if outcome.clean else "FAULTS"
    line = f"{outcome.plan.act} seed {outcome.plan.seed}: {verdict} in {outcome.seconds:.0f} s  {timings}"
    if outcome.clean:
        idle = outcome.verdict.idle
        return f"{line}  (never happened: {', '.join(idle)})" if idle else line
    paged = [f"a page of {case}, resolved on time" for case in outcome.unasked]
    return "\n".join(filter(None, [line, outcome.broken, outcome.verdict.summary(), *paged]))


def _row(act: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "act": act,
        "rounds": len(outcomes),
        "seeds": [outcome.plan.seed for outcome in outcomes],
        "faults": _summed(outcome.figures for outcome in outcomes),
        "activity": _summed(outcome.verdict.activity for outcome in outcomes),
        "reported": _summed(outcome.verdict.reported for outcome in outcomes),
        "seconds": round(sum(outcome.seconds for outcome in outcomes) / max(1, len(outcomes)), 1),
        **{figure.value: _spread(outcomes, figure) for figure in Figure},
    }


def _spread(outcomes: Sequence[Outcome], figure: Figure) -> dict[str, float]:
    values = [t.seconds for outcome in outcomes for t in outcome.timings if t.figure is figure]
    measures = {"p50": percentile(values, 50), "p99": percentile(values, 99), "max": max(values, default=0.0)}
    return {"count": len(values)} | {name: round(value, 2) for name, value in measures.items()}


def _cells(row: dict[str, Any]) -> list[str]:
    spreads = [_spread_cell(row[figure.value]) for figure in Figure]
    head = [row["act"], str(row["rounds"]), str(sum(row["faults"].values())), str(sum(row["activity"].values()))]
    return [*head, *spreads, str(row["seconds"])]


def _spread_cell(spread: dict[str, float]) -> str:
    if not spread["count"]:
        return "–"
    return f"{spread['p50']:.2f}/{spread['p99']:.2f}/{spread['max']:.2f} ({spread['count']:.0f})"


def _must_be_zero(outcomes: Sequence[Outcome]) -> list[str]:
    faults = _summed(outcome.figures for outcome in outcomes)
    return ["must be zero: " + " · ".join(f"{name} {count}" for name, count in faults.items())]


def _summed(many: Iterable[Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in many:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total
