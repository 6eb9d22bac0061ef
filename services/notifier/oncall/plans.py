"""From a schedule as it is written (contract section 7) to the plan that the resolver is asked."""

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.notifier.oncall.layers import Layer
from services.notifier.oncall.overrides import Override
from services.notifier.oncall.resolver import Plan
from services.notifier.oncall.rotation import Rotation
from services.notifier.oncall.windows import DAY, Window
from shared.config.base import seconds_of
from shared.config.calendars import WeeklyWindow
from shared.config.schedules import Layer as LayerSpec
from shared.config.schedules import Schedule, TurnCount


def plan_of(schedule: Schedule, overrides: Iterable[Override] = ()) -> Plan:
    """The plan of a schedule with its overrides, which stand in the order of their creation."""
    zone = ZoneInfo(schedule.time_zone)
    return Plan(tuple(_layer(layer, zone) for layer in schedule.layers), tuple(overrides))


def _layer(spec: LayerSpec, zone: ZoneInfo) -> Layer:
    rotation = Rotation(spec.rotation.unit, spec.rotation.length, spec.rotation.anchor, zone)
    return Layer(
        id=spec.id,
        rotation=rotation,
        responders=spec.responders,
        windows=tuple(window for weekly in spec.restrict or () for window in _windows(weekly)),
        active_only=spec.count is TurnCount.ACTIVE,
        fallthrough=spec.fallthrough,
        start=spec.start,
        end=spec.end,
    )


def _windows(weekly: WeeklyWindow) -> list[Window]:
    opens, closes = (timedelta(seconds=seconds_of(wall)) for wall in (weekly.open, weekly.close))
    return [Window(day.number, opens, closes if closes > opens else closes + DAY) for day in weekly.days]
