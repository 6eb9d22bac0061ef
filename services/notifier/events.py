"""The events of tocsin.pages, made from what was said about a case's pages."""

from datetime import datetime

from services.notifier.case_pages import CasePages
from services.notifier.delivery import Attempt
from services.notifier.pages import Page
from services.notifier.views import attempt_brief, page_brief
from shared.bus.messages import Message
from shared.contracts.events import Actor
from shared.contracts.page_events import AttemptChange, PageChange
from shared.contracts.vocabulary import ServiceName

SYSTEM = Actor.system(ServiceName.NOTIFIER.value)


def messages_of(case: CasePages, now: datetime) -> list[Message]:
    """One message for each thing said, numbered on from the key's last."""
    messages = []
    for event_type, subject, actor in case.said:
        case.seq += 1
        event = event_type(
            case_id=case.case_id,
            occurred_at=now,
            recorded_at=now,
            actor=actor or SYSTEM,
            change=_change(subject),
            case=case.summary,
        )
        messages.append(Message.of(event, key=str(case.key), seq=case.seq))
    return messages


def _change(subject: Page | Attempt) -> PageChange | AttemptChange:
    if isinstance(subject, Page):
        return PageChange(page=page_brief(subject))
    return AttemptChange(page_id=subject.page_id, attempt=attempt_brief(subject))
