"""What can be done to the pages of a case: raise, join, close, acknowledge, step on, hand over. No I/O.

Each call changes a `CasePages` by the decisions of the pure modules and notes the attempts and events that
follow from them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notifier import delivery, escalation, pages
from services.notifier.case_pages import CasePages
from services.notifier.delivery import CALLS, OPENERS, Attempt, NoticeType
from services.notifier.pages import Page, Paged, Placing, Reason
from services.notifier.reach import Contact, Rulebook, Target
from shared.contracts.events import Actor
from shared.contracts.page_events import (
    PageAcknowledged,
    PageEscalated,
    PageExhausted,
    PageResolved,
    PageTriggered,
    PageUpdated,
)
from shared.contracts.vocabulary import (
    CaseStatus,
    ChannelKind,
    PageReasonKind,
    PageState,
    Severity,
    Urgency,
)
from shared.ids import uuid7


@dataclass(frozen=True)
class Way:
    """What is known of a channel where an attempt is noted: its kind, and the destination as it may be shown."""

    kind: ChannelKind
    destination: str


@dataclass(frozen=True)
class Desk:
    """Works by one rulebook at one instant."""

    rulebook: Rulebook
    ways: Mapping[str, Way]
    now: datetime

    def raise_reason(
        self, case: CasePages, reason: Reason, policy: str, urgency: Urgency, severity: Severity | None
    ) -> None:
        """A reason of a case for which a rule asks to page: a new page, or one more reason on one."""
        resolved = case.summary is not None and case.summary.status is CaseStatus.RESOLVED
        placement = pages.place(
            case.pages.values(), reason, policy=policy, severity=severity, urgency=urgency, resolved=resolved
        )
        if placement.placing is Placing.KNOWN:
            self._recognise(case, reason)
            return
        if reason.kind is PageReasonKind.BREACH:
            self._supersede_warnings(case, policy, reason.at if resolved else None)
        if placement.placing is Placing.JOIN and placement.page is not None:
            self._join(case, placement.page, reason)
            return
        page = placement.page or self._new_page(case, policy, urgency, severity)
        if placement.placing is Placing.RECORD:
            page = pages.recorded(page, reason, self.now)
            case.put(page)
            case.say(PageUpdated if placement.page else PageResolved, page)
        else:
            self.open(case, pages.joined(page, reason))

    def open(self, case: CasePages, page: Page, by: Actor | None = None) -> Page:
        """A new page takes its first step."""
        page = self._step(case, page)
        case.say(PageTriggered, page, by)
        if page.state is PageState.EXHAUSTED:
            case.say(PageExhausted, page)
        return page

    def close(self, case: CasePages, closes: Callable[[Reason], bool], by: str) -> None:
        """Close the reasons that `closes` picks, on every page of the case."""
        for page in case.open_pages():
            closed = pages.close(page, closes, by, self.now)
            if closed is not page:
                self._closed(case, closed)

    def acknowledge(self, case: CasePages, page: Page, by: Actor) -> Page:
        """Somebody has it: what is queued is taken back, those who got it are told."""
        acknowledged = pages.acknowledge(page, by.id, self.now)
        if acknowledged is not page:
            case.put(acknowledged)
            self._end_calls(case, acknowledged, NoticeType.ACKNOWLEDGED)
            case.say(PageAcknowledged, acknowledged, by)
        return acknowledged

    def resolve(self, case: CasePages, page: Page, why: str, by: Actor | None = None) -> Page:
        """Close one page with every reason; `why` is what closed it."""
        closed = pages.close(page, lambda _: True, why, self.now)
        if closed is not page:
            self._closed(case, closed, by)
        return closed

    def step_on(self, case: CasePages, page: Page) -> None:
        """Nobody acknowledged in time."""
        if page.unacknowledged:
            page = self._step(case, page)
            case.say(PageExhausted if page.state is PageState.EXHAUSTED else PageEscalated, page)

    def hand_over(self, case: CasePages, page: Page) -> None:
        """Page whoever has come on call meanwhile in a schedule that this page asked before."""
        if not page.unacknowledged:
            return
        current = {schedule: self.rulebook.on_call(schedule, self.now) for schedule in page.watching}
        incoming = [
            Target(responder=found.responder, schedule=schedule, source=found.source)
            for schedule, found in current.items()
            if found.responder is not None and found.responder != page.watching[schedule]
        ]
        watching = {schedule: found.responder for schedule, found in current.items()}
        reached = self._call(case, replace(page, watching=watching), incoming)
        case.put(reached)
        if len(reached.responders) > len(page.responders):
            case.say(PageEscalated, reached)

    def _new_page(self, case: CasePages, policy: str, urgency: Urgency, severity: Severity | None) -> Page:
        return Page(
            page_id=uuid7(),
            key=case.key,
            case_id=case.case_id,
            policy=policy,
            severity=severity,
            urgency=urgency,
            reasons=(),
            created_at=self.now,
        )

    def _recognise(self, case: CasePages, reason: Reason) -> None:
        """A page that was remembered after a restore learns of its clock."""
        for page in list(case.pages.values()):
            known = pages.recognised(page, reason)
            if known is not page:
                case.put(known)

    def _join(self, case: CasePages, page: Page, reason: Reason) -> None:
        """Tell the current step's targets, unless the page itself has not left yet: then it says so."""
        page = pages.joined(page, reason)
        case.put(page)
        current = [a for a in case.told(page) if (a.step, a.round) == (page.step, page.round)]
        about = str(reason.clock_id) if reason.clock_id else f"{reason.kind.value} {reason.at.isoformat()}"
        case.put_attempts(self._again(case, page, current, NoticeType.UPDATED, about))
        case.say(PageUpdated, page)

    def _supersede_warnings(self, case: CasePages, policy: str, at: datetime | None) -> None:
        for page in pages.superseded_by_breach(case.pages.values(), policy, at):
            ended = pages.supersede(page, self.now)
            if page.open:
                self._closed(case, ended)
            else:
                case.put(ended)

    def _closed(self, case: CasePages, page: Page, by: Actor | None = None) -> None:
        case.put(page)
        if not page.open:
            self._end_calls(case, page, NoticeType.RESOLVED)
            case.say(PageResolved, page, by)

    def _end_calls(self, case: CasePages, page: Page, news: NoticeType) -> None:
        queued = [attempt for attempt in case.queued(page) if attempt.type in CALLS]
        case.put_attempts(delivery.suppress(attempt, f"the page is {page.state.value}") for attempt in queued)
        case.put_attempts(self._again(case, page, case.told(page), news, None))

    def _step(self, case: CasePages, page: Page) -> Page:
        """Take the next step and call its targets."""
        ahead = escalation.advance(self.rulebook.policy(page.policy), page, self.rulebook, self.now)
        watched = {schedule: self.rulebook.on_call(schedule, self.now).responder for schedule in ahead.schedules}
        page = replace(
            page,
            state=ahead.state,
            step=ahead.step,
            round=ahead.round,
            step_due_at=self.now + ahead.wait,
            steps=(*page.steps, *ahead.steps),
            watching={**page.watching, **watched},
        )
        page = self._call(case, page, ahead.targets)
        case.put(page)
        return page

    def _call(self, case: CasePages, page: Page, targets: Iterable[Target]) -> Page:
        """Intend a notice on each channel of each target; the page names them."""
        calls = [a for a in case.attempts_of(page) if a.type in OPENERS]
        type_ = (
            NoticeType.ESCALATED
            if any((a.step, a.round) != (page.step, page.round) for a in calls)
            else NoticeType.TRIGGERED
        )
        for target in targets:
            contacts = self.rulebook.contacts(target, page.urgency)
            new = [self._attempt(page, target.responder, contact, type_, None) for contact in contacts]
            new = [attempt for attempt in new if not case.has_notice(attempt.webhook_id)]
            if new:
                case.put_attempts({attempt.webhook_id: attempt for attempt in new}.values())
                page = replace(page, responders=(*page.responders, self._paged(page, target)))
        return page

    def _again(
        self, case: CasePages, page: Page, told: Iterable[Attempt], type_: NoticeType, about: str | None
    ) -> list[Attempt]:
        """A further notice to those who got an earlier one."""
        now = timedelta(0)
        new = [self._attempt(page, a.responder, Contact(a.channel, now), type_, about) for a in told]
        return [attempt for attempt in new if not case.has_notice(attempt.webhook_id)]

    def _attempt(
        self, page: Page, responder: str | None, contact: Contact, type_: NoticeType, about: str | None
    ) -> Attempt:
        way = self.ways.get(contact.channel)
        due = self.now + contact.after
        id_ = delivery.webhook_id(page.page_id, page.step, page.round, responder, contact.channel, type_, about)
        return Attempt(
            attempt_id=uuid7(),
            page_id=page.page_id,
            webhook_id=id_,
            type=type_,
            responder=responder,
            channel=contact.channel,
            step=page.step,
            round=page.round,
            urgency=page.urgency,
            due_at=due,
            next_at=due,
            destination=way.destination if way else "",
            kind=way.kind if way else None,
            about=about,
        )

    def _paged(self, page: Page, target: Target) -> Paged:
        return Paged(
            responder=target.name,
            step=page.step,
            round=page.round,
            at=self.now,
            schedule=target.schedule,
            source=target.source,
            config_version=self.rulebook.config_version,
            tzdata_version=self.rulebook.tzdata_version,
        )
