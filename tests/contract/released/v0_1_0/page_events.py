"""Events of tocsin.pages: what notifier says happened to a page. Keyed by case, or by page without one."""

from typing import ClassVar
from uuid import UUID

from tests.contract.released.v0_1_0.events import Event, EventModel
from tests.contract.released.v0_1_0.views import AttemptBrief, PageBrief
from tests.contract.released.v0_1_0.vocabulary import Topic


class PageEvent(Event):
    """Base of the events of tocsin.pages; manual and platform pages have no case."""

    topic: ClassVar[Topic] = Topic.PAGES


class PageChange(EventModel):
    page: PageBrief


class PageTriggered(PageEvent):
    type: ClassVar[str] = "tocsin.page.triggered"
    change: PageChange


class PageUpdated(PageEvent):
    type: ClassVar[str] = "tocsin.page.updated"
    change: PageChange


class PageEscalated(PageEvent):
    type: ClassVar[str] = "tocsin.page.escalated"
    change: PageChange


class AttemptChange(EventModel):
    page_id: UUID
    attempt: AttemptBrief


class PageAttempted(PageEvent):
    type: ClassVar[str] = "tocsin.page.attempted"
    change: AttemptChange


class PageAcknowledged(PageEvent):
    type: ClassVar[str] = "tocsin.page.acknowledged"
    change: PageChange


class PageResolved(PageEvent):
    type: ClassVar[str] = "tocsin.page.resolved"
    change: PageChange


class PageExhausted(PageEvent):
    type: ClassVar[str] = "tocsin.page.exhausted"
    change: PageChange
