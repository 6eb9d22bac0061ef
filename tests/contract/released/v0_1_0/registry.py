"""Every event type by name, complete: importing this module imports every topic's classes."""

import tests.contract.released.v0_1_0.assignment_events
import tests.contract.released.v0_1_0.case_events
import tests.contract.released.v0_1_0.clock_events
import tests.contract.released.v0_1_0.page_events  # noqa: F401
from tests.contract.released.v0_1_0.events import EVENT_TYPES, Event

__all__ = ["EVENT_TYPES", "Event"]
