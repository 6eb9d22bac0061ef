"""The story that `forged` begins with: everything happens once, and every promise is kept."""

from tests.chaos.forged import CALM, LATE, Forge, at
from tests.chaos.history import Kind


def forged() -> Forge:
    """Both cases, told in order of time."""
    forge = Forge()
    _calm(forge)
    _late(forge)
    return forge


def _calm(forge: Forge) -> None:
    forge.open(CALM, "high", "ext-1", 0, 0, "s-1")
    forge.assign(CALM, "a-1", "ben", "offered", 1)
    forge.report(CALM, "other-tool", "ext-2", 2)
    forge.assign(CALM, "a-1", "ben", "declined", 3)
    forge.answer_offer(Kind.DECLINE, CALM, "a-1", "ben", 3)
    forge.assign(CALM, "a-2", "ana", "offered", 4)
    forge.assign(CALM, "a-2", "ana", "accepted", 6)
    forge.answer_offer(Kind.ACCEPT, CALM, "a-2", "ana", 6)
    forge.clock(CALM, "acknowledge", "met", 6.1, state="met", stopped_at=at(6))
    forge.command(CALM, "acknowledge", "case.acknowledged", 10, status="acknowledged")
    forge.command(CALM, "resolve", "case.resolved", 60, status="resolved")
    forge.assign(CALM, "a-2", "ana", "released", 60.1)
    for name in ("first_action", "resolve"):
        forge.clock(CALM, name, "met", 60.1, state="met", stopped_at=at(60))


def _late(forge: Forge) -> None:
    forge.open(LATE, "critical", "ext-3", 0.5, -290, "s-2")
    forge.clock(LATE, "acknowledge", "breached", 10.05, state="breached")
    reason = {"kind": "breach", "clock_id": f"{LATE}-acknowledge"}
    forge.page("p-1", LATE, "triggered", 10.1, state="triggered", reasons=[reason])
    forge.notice("p-1", "page.triggered", 10.2)
    forge.page("p-1", LATE, "acknowledged", 30, state="acknowledged", acknowledged_at=at(30))
    forge.call(Kind.PAGE_ACK, "link", "ana", 30, subject="p-1")
    forge.notice("p-1", "page.acknowledged", 30.2)
