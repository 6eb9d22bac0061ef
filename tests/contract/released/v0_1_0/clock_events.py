"""Events of tocsin.clocks: what sla_monitor says happened to a clock of a case."""

from typing import ClassVar

from tests.contract.released.v0_1_0.events import CaseBound, EventModel
from tests.contract.released.v0_1_0.views import ClockView
from tests.contract.released.v0_1_0.vocabulary import Topic


class ClockEvent(CaseBound):
    """Base of the events of tocsin.clocks."""

    topic: ClassVar[Topic] = Topic.CLOCKS


class ClockChange(EventModel):
    clock: ClockView


class ClockStarted(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.started"
    change: ClockChange


class ClockPaused(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.paused"
    change: ClockChange


class ClockResumed(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.resumed"
    change: ClockChange


class ClockRetargeted(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.retargeted"
    change: ClockChange


class WarnedChange(ClockChange):
    percent: int


class ClockWarned(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.warned"
    change: WarnedChange


class ClockMet(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.met"
    change: ClockChange


class ClockBreached(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.breached"
    change: ClockChange


class StoppedChange(ClockChange):
    """A breached clock was stopped `late_by` seconds of open time after due."""

    late_by: float


class ClockStopped(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.stopped"
    change: StoppedChange


class ClockRescinded(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.rescinded"
    change: ClockChange


class ClockCancelled(ClockEvent):
    type: ClassVar[str] = "tocsin.clock.cancelled"
    change: ClockChange
