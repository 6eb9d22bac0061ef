"""All pages of one key (a case, or a page without one), in memory, with what was changed on them.

Handlers, timers and workers load one under the key's lock, let the pure modules change it, and save what
changed with the events in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from services.notifier.delivery import GOT_IT, OPENERS, Attempt
from services.notifier.pages import Page
from shared.contracts.events import Actor, CaseSummary
from shared.contracts.page_events import PageAttempted, PageEvent
from shared.contracts.vocabulary import AttemptState

Said = tuple[type[PageEvent], Page | Attempt, Actor | None]
"""An event, what it is about, and who did it (None: notifier itself)."""


@dataclass
class CasePages:
    """`attempts` are those of pages that are not resolved. `seq` is that of the last event of the key."""

    key: UUID
    case_id: UUID | None
    summary: CaseSummary | None = None
    seq: int = 0
    pages: dict[UUID, Page] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    changed_pages: dict[UUID, Page] = field(default_factory=dict)
    changed_attempts: dict[UUID, Attempt] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    learned: bool = False

    def learn(self, summary: CaseSummary | None) -> None:
        """Keep the newer of two summaries, by intake's version."""
        if summary is not None and (self.summary is None or summary.version > self.summary.version):
            self.summary, self.learned = summary, True

    def put(self, page: Page) -> None:
        """Keep the page as it is now."""
        self.pages[page.page_id] = self.changed_pages[page.page_id] = page

    def put_attempts(self, attempts: Iterable[Attempt]) -> None:
        """Keep attempts, new or changed."""
        for attempt in attempts:
            self.attempts[attempt.attempt_id] = self.changed_attempts[attempt.attempt_id] = attempt

    def say(self, event: type[PageEvent], page: Page, actor: Actor | None = None) -> None:
        """Emit an event with the page as it is now."""
        self.said.append((event, page, actor))

    def attempted(self, attempt: Attempt) -> None:
        """Emit that a try ended."""
        self.said.append((PageAttempted, attempt, None))

    def open_pages(self) -> list[Page]:
        """Those not resolved, oldest first."""
        return [page for page in self.pages.values() if page.open]

    def attempts_of(self, page: Page) -> list[Attempt]:
        """All of a page's attempts."""
        return [attempt for attempt in self.attempts.values() if attempt.page_id == page.page_id]

    def queued(self, page: Page) -> list[Attempt]:
        """Those that a worker would still send."""
        waiting = {AttemptState.PENDING, AttemptState.AMBIGUOUS}
        return [a for a in self.attempts_of(page) if a.next_at is not None and a.state in waiting]

    def told(self, page: Page) -> list[Attempt]:
        """One attempt for each (responder, channel) that has, or may have, got the page: the latest."""
        got = {(a.responder, a.channel): a for a in self.attempts_of(page) if a.type in OPENERS and a.state in GOT_IT}
        return list(got.values())

    def has_notice(self, webhook_id: UUID) -> bool:
        """Whether this very notice was intended before."""
        return any(attempt.webhook_id == webhook_id for attempt in self.attempts.values())
