"""Between a case and its row: columns for what lists are narrowed by, one `detail` document for the rest."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel

from services.intake.case import Case, Pend, Resolution
from shared.contracts.case_events import Stakeholder
from shared.contracts.escalation import Subject
from shared.contracts.events import LegalOrder
from shared.contracts.views import ActionView
from shared.contracts.vocabulary import CaseStatus, Outcome, ReporterType, Severity, SubjectType
from shared.db import Row

_DETAIL = (
    "reporter_type",
    "labels",
    "acknowledged_by",
    "resolution",
    "pends",
    "actions",
    "legal_orders",
    "reporter_types",
    "excluded_specialists",
    "stakeholders",
)
_PLAIN = tuple(f.name for f in fields(Case) if f.name not in {*_DETAIL, "status", "severity", "subject", "outcome"})


COLUMNS = ", ".join((*_PLAIN, "status", "severity", "outcome", "subject_type", "subject_id", "detail"))
"""Of a whole case. Never `*`: a statement whose result grows with a migration fails where it was prepared before."""

NEW_COLUMNS = (
    "case_id",
    "version",
    "status",
    "source",
    "external_id",
    "reports",
    "summary",
    "policy_area",
    "language",
    "region",
    "severity",
    "graphic",
    "subject_type",
    "subject_id",
    "received_at",
    "created_at",
    "recorded_at",
    "detail",
)
"""Of a case that has just been opened. Named one by one: a column of a later version keeps its default."""


def detail_of(case: Case) -> bytes:
    """The `detail` document as JSON."""
    document = {name: getattr(case, name) for name in _DETAIL}
    document["subject_url"] = case.subject.url if case.subject else None
    return orjson.dumps(document, default=_plain, option=orjson.OPT_UTC_Z)


def new_row(case: Case) -> dict[str, Any]:
    """The columns of a case that has just been opened; what is not named is null."""
    return {
        "case_id": case.case_id,
        "version": case.version,
        "status": case.status,
        "source": case.source,
        "external_id": case.external_id,
        "reports": case.reports,
        "summary": case.summary,
        "policy_area": case.policy_area,
        "language": case.language,
        "region": case.region,
        "severity": case.severity,
        "graphic": case.graphic,
        "subject_type": case.subject.type if case.subject else None,
        "subject_id": case.subject.id if case.subject else None,
        "received_at": case.received_at,
        "created_at": case.created_at,
        "recorded_at": case.recorded_at,
        "detail": orjson.Fragment(detail_of(case)),
    }


def case_from(row: Row) -> Case:
    """The case of a row of `cases` with its `COLUMNS`."""
    detail = row["detail"]
    return Case(
        **{name: row[name] for name in _PLAIN},
        status=CaseStatus(row["status"]),
        severity=Severity(row["severity"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        subject=_subject(row),
        reporter_type=ReporterType(detail["reporter_type"]) if detail["reporter_type"] else None,
        labels=detail["labels"],
        acknowledged_by=detail["acknowledged_by"],
        resolution=Resolution(**detail["resolution"]) if detail["resolution"] else None,
        pends=tuple(_pend(p) for p in detail["pends"]),
        actions=tuple(ActionView.model_validate(item) for item in detail["actions"]),
        legal_orders=tuple(LegalOrder.model_validate(item) for item in detail["legal_orders"]),
        reporter_types=tuple(ReporterType(item) for item in detail["reporter_types"]),
        excluded_specialists=tuple(detail["excluded_specialists"]),
        stakeholders=tuple(Stakeholder.model_validate(item) for item in detail["stakeholders"]),
    )


def _pend(item: dict[str, Any]) -> Pend:
    return Pend(item["reason"], datetime.fromisoformat(item["until"]) if item["until"] else None)


def _subject(row: Row) -> Subject | None:
    if row["subject_type"] is None:
        return None
    kind, url = SubjectType(row["subject_type"]), row["detail"]["subject_url"]
    return Subject.model_construct(type=kind, id=row["subject_id"], url=url)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"no JSON for {type(value).__name__}")
