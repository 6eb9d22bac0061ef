"""Which step of its policy a page takes next (semantics section 4). Pure.

All targets of a step at once. Not acknowledged in time: the next step; after the last one all again, a new
round each; then `exhausted`: the fallback, as the step after the last in the same round, again each hour as
a further round. A step with nobody is skipped at once, and with nobody in any step the fallback is next:
nothing waits in silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.pages import Page, StepTaken
from services.notifier.reach import Rulebook, Target, schedules_of
from shared.config.oncall import EscalationPolicy, Step
from shared.contracts.vocabulary import PageState

EXHAUSTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Advance:
    """The step that a page takes now: whom it reaches, when the next is due, and what was skipped before it.

    `schedules` are those that were asked on the way, also the ones that gave nobody.
    """

    state: PageState
    step: int
    round: int
    targets: tuple[Target, ...]
    wait: timedelta
    steps: tuple[StepTaken, ...]
    schedules: tuple[str, ...]


def advance(policy: EscalationPolicy | None, page: Page, rulebook: Rulebook, now: datetime) -> Advance:
    """The step after the page's last one; a page that has taken none begins.

    A policy that the configuration has lost has no steps and no fallback: the page is exhausted and shows it.
    """
    if policy is None:
        return _exhausted(page, (), (), (), (), now)
    reached = [tuple(rulebook.targets(step.notify, page.urgency, now)) for step in policy.steps]
    positions = _positions(page, policy) if any(reached) else _this_round(page, policy)
    taken: list[StepTaken] = []
    asked: list[str] = []
    for step, round_ in positions:
        taken.append(StepTaken(step, round_, now, skipped=not reached[step]))
        asked += schedules_of(policy.steps[step].notify)
        if reached[step]:
            wait = policy.steps[step].ack_timeout
            return Advance(PageState.TRIGGERED, step, round_, reached[step], wait, tuple(taken), tuple(asked))
    fallback = tuple(rulebook.targets(policy.fallback, page.urgency, now))
    asked += schedules_of(policy.fallback)
    return _exhausted(page, policy.steps, fallback, taken, asked, now)


def _exhausted(
    page: Page,
    steps: Sequence[Step],
    fallback: tuple[Target, ...],
    skipped: Sequence[StepTaken],
    asked: Sequence[str],
    now: datetime,
) -> Advance:
    """The fallback: in the round of the last step, each further hour in a round of its own."""
    round_ = skipped[-1].round if skipped else page.round + int(page.state is PageState.EXHAUSTED)
    taken = StepTaken(len(steps), round_, now, skipped=not fallback)
    return Advance(PageState.EXHAUSTED, len(steps), round_, fallback, EXHAUSTED_EVERY, (*skipped, taken), tuple(asked))


def _positions(page: Page, policy: EscalationPolicy) -> Iterator[tuple[int, int]]:
    """(step, round) of what may still come, in order; nothing once the page is exhausted."""
    if page.state is PageState.EXHAUSTED:
        return
    yield from _this_round(page, policy)
    for round_ in range(page.round + 1, policy.repeat + 1):
        yield from ((step, round_) for step in range(len(policy.steps)))


def _this_round(page: Page, policy: EscalationPolicy) -> Iterator[tuple[int, int]]:
    """(step, round) of what is left of the page's round."""
    if page.state is not PageState.EXHAUSTED:
        first = page.step + 1 if page.steps else 0
        yield from ((step, page.round) for step in range(first, len(policy.steps)))
