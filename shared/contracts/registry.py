"""Every event type by name, complete: importing this module imports every topic's classes."""

import shared.contracts.assignment_events
import shared.contracts.case_events
import shared.contracts.clock_events
import shared.contracts.page_events  # noqa: F401
from shared.contracts.events import EVENT_TYPES, Event

__all__ = ["EVENT_TYPES", "Event"]
