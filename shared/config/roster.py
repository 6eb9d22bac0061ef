"""roster.yaml: the specialists with what each can do and when, and pools of them."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from shared.config.base import ConfigModel, Id, Text, Whole, refuse
from shared.config.calendars import CalendarSpec
from shared.config.regions import RegionOrGroup
from shared.contracts.scalars import LanguageTag

ALWAYS = "always"
Proficiency = Annotated[Whole, Field(ge=1, le=5)]


def _shape(value: Any) -> str:
    return ALWAYS if isinstance(value, str) else "calendar"


Shifts = Annotated[
    Annotated[Literal["always"], Tag(ALWAYS)] | Annotated[CalendarSpec, Tag("calendar")], Discriminator(_shape)
]


class Specialist(ConfigModel):
    """Languages by proficiency (5 native … 1 basic); `capacity` in units; conflicts in `affiliations`."""

    id: Id
    name: Text
    languages: dict[LanguageTag, Proficiency]
    regions: tuple[RegionOrGroup, ...]
    policy_areas: tuple[Id, ...]
    certifications: tuple[Id, ...] = ()
    capacity: Annotated[Whole, Field(ge=1, le=1000)]
    shifts: Shifts
    opt_outs: tuple[Id, ...] = ()
    affiliations: tuple[RegionOrGroup, ...] = ()

    @model_validator(mode="after")
    def _can_do_something(self) -> Self:
        lists = {"languages": self.languages, "regions": self.regions, "policy_areas": self.policy_areas}
        refuse(
            ((name,), f"no {name} are named, so no case could ever go to {self.id}; name at least one")
            for name, values in lists.items()
            if not values
        )
        return self


class Pool(ConfigModel):
    """Specialists to whom a case can be transferred together."""

    specialists: tuple[Id, ...]


class Roster(ConfigModel):
    """All specialists and pools."""

    specialists: tuple[Specialist, ...]
    pools: dict[Id, Pool] = Field(default_factory=dict)
