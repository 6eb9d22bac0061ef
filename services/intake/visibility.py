"""What a principal may see and filter of cases (contract section 4).

Pure. A person sees every case whole. A source sees the cases that hold a report of its own, and of those
their status, outcome, actions, public notes and its own reports.
"""

from dataclasses import dataclass, fields

from services.intake.refusal import Reason, Refusal
from shared.contracts.vocabulary import CaseStatus, NoteVisibility, Severity


@dataclass(frozen=True, slots=True)
class Viewer:
    """`source`: the source whose eyes these are; None for a person."""

    source: str | None = None

    @property
    def notes(self) -> tuple[NoteVisibility, ...]:
        """The notes that it may read."""
        return tuple(NoteVisibility) if self.source is None else (NoteVisibility.PUBLIC,)

    def forbid_sources(self, what: str) -> None:
        """Raise for a source."""
        if self.source is not None:
            raise Refusal(Reason.NOT_FOR_SOURCES, f"{what} are not for sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list of cases is narrowed to; None: everything."""

    status: tuple[CaseStatus, ...] | None = None
    severity: tuple[Severity, ...] | None = None
    policy_area: str | None = None
    language: str | None = None
    region: str | None = None
    assignee: str | None = None
    source: str | None = None
    q: str | None = None

    def check(self, viewer: Viewer) -> None:
        """A source narrows by what it sees: the status, and `q` in its own reports."""
        if viewer.source is None:
            return
        own = {"status", "q", *(("source",) if self.source == viewer.source else ())}
        hidden = [f.name for f in fields(self) if f.name not in own and getattr(self, f.name) is not None]
        if hidden:
            raise Refusal(Reason.NOT_FOR_SOURCES, f"sources narrow by status and q, not by {', '.join(hidden)}")
