"""Schedules: layers of rotations (contract section 7); in oncall.yaml and in a schedule preview alike."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.config.base import ConfigModel, Flag, Id, LocalDateTime, TimeZone, Whole, refuse, repeated
from shared.config.calendars import WeeklyWindow
from shared.contracts.scalars import Instant


class RotationUnit(StrEnum):
    """Counted on the local calendar; hours step on wall time."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class TurnCount(StrEnum):
    """Whether turns without any covered time use up a responder (`calendar`) or not (`active`)."""

    CALENDAR = "calendar"
    ACTIVE = "active"


class Rotation(ConfigModel):
    """Turns of `length` units from `anchor` on, which is local wall time; nobody before it."""

    unit: RotationUnit
    length: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    anchor: LocalDateTime


class Layer(ConfigModel):
    """A rotation of responders; an empty place (null) is a gap, or with `fallthrough` the layer below."""

    id: Id
    rotation: Rotation
    responders: Annotated[tuple[Id | None, ...], Field(max_length=1000)]
    restrict: tuple[WeeklyWindow, ...] | None = None
    fallthrough: Flag = False
    count: TurnCount = TurnCount.CALENDAR
    start: Instant | None = None
    end: Instant | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.responders:
            refuse([(("responders",), "nobody is named; name responders, or null for an empty place")])
        if self.start and self.end and self.end <= self.start:
            refuse([(("end",), f"the layer ends before it begins; give a time after {self.start.isoformat()}")])
        return self


class Schedule(ConfigModel):
    """Later layers win where they cover. `owner` (a responder) is told of gaps ahead."""

    id: Id
    time_zone: TimeZone
    owner: Id | None = None
    layers: Annotated[tuple[Layer, ...], Field(max_length=100)]

    @model_validator(mode="after")
    def _layer_ids(self) -> Self:
        refuse(
            (("layers", index, "id"), f"layer {layer!r} stands twice; give each layer of a schedule its own id")
            for index, layer in repeated(layer.id for layer in self.layers)
        )
        return self
