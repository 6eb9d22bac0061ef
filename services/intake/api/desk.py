"""What every route of intake works with, and who it is that asks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.intake.api.turns import Turns
from services.intake.case import Who
from services.intake.metrics import IntakeMetrics
from services.intake.visibility import Viewer
from shared.config.holder import ConfigHolder
from shared.contracts.vocabulary import ActorKind
from shared.db import Database
from shared.http.security import Principal


@dataclass(frozen=True)
class Desk:
    """`committed` is called after a command is committed; `require_room` before one is decided.

    It raises `Transient` while the events of a command would find no room.
    """

    db: Database
    config: ConfigHolder
    metrics: IntakeMetrics
    committed: Callable[[], None]
    require_room: Callable[[], None]
    turns: Turns = field(default_factory=Turns)


def who_of(principal: Principal) -> Who:
    """The principal as cases know it."""
    return Who(principal.id, ActorKind(principal.kind.value), principal.is_lead)


def viewer_of(principal: Principal) -> Viewer:
    """The eyes of the principal."""
    return Viewer(principal.id if principal.is_source else None)
