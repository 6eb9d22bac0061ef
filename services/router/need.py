"""What a case needs of the person who takes it, and the case as it waits. Pure.

Cases with the same need are decided together: who may take them is found once.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.vocabulary import Severity

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """What decides who may take a case, and how well.

    `conflicted` may not take it (named by the source, or decided it before an appeal), `declined` would not.
    A transfer names one `specialist` or a `pool`; `prefers` is who had it before; `familiar` know its subject.
    """

    severity: Severity
    policy_area: str
    language: str
    region: str
    conflicted: frozenset[str] = NOBODY
    declined: frozenset[str] = NOBODY
    specialist: str | None = None
    pool: str | None = None
    override_exposure: bool = False
    prefers: str | None = None
    familiar: frozenset[str] = NOBODY


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that has nobody. `due` is None while no clock of it runs; `since` is when it began to wait."""

    case_id: UUID
    need: Need
    due: datetime | None
    since: datetime
