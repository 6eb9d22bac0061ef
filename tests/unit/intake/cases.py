"""Cases, reports and configuration for the unit tests of intake."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from services.intake.case import Case, Who
from services.intake.commands import Command
from services.intake.grouping import opened
from services.intake.report import Report, report_of
from services.intake.transitions import Context, decide
from shared.config.models import Access, Channels, Configuration, OnCallConfig, Roster, Routing, SlaConfig, Taxonomy
from shared.contracts.escalation import Escalation
from shared.contracts.vocabulary import ActorKind
from tests.support.config_dir import configuration

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
CASE_ID = UUID("019aabcd-0000-7000-8000-000000000001")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SOURCE = Who("report-tool", ActorKind.SOURCE)
ANA = Who("ana", ActorKind.PERSON)
BEN = Who("ben", ActorKind.PERSON)
LEAD = Who("lead", ActorKind.PERSON, is_lead=True)


def config(**changed: Any) -> Configuration:
    """The small configuration of the tests; `changed` replaces whole files."""
    files = configuration(pager_url="http://127.0.0.1:9") | changed
    return Configuration(
        taxonomy=Taxonomy.model_validate(files["taxonomy"]),
        access=Access.model_validate(files["access"]),
        roster=Roster.model_validate(files["roster"]),
        routing=Routing.model_validate(files["routing"]),
        sla=SlaConfig.model_validate(files["sla"]),
        oncall=OnCallConfig.model_validate(files["oncall"]),
        channels=Channels.model_validate(files["channels"]),
        version="test",
    )


CONFIG = config()


def escalation(**fields: Any) -> Escalation:
    """A valid escalation."""
    plain = {"external_id": "rpt-1", "summary": "A threat", "policy_area": "violent_content"}
    return Escalation.model_validate({**plain, "language": "es", "region": "MX", **fields})


def report(**fields: Any) -> Report:
    """A report with its defaults."""
    return report_of(escalation(**fields), source="report-tool", config=CONFIG, now=NOW)


def case(**fields: Any) -> Case:
    """A case that has just been opened."""
    return opened(report(**fields), case_id=CASE_ID, who=SOURCE, now=NOW).case


def after(start: Case, *commands: Command, who: Who = ANA, now: datetime = NOW + timedelta(minutes=1)) -> Case:
    """The case after commands that are taken."""
    for command in commands:
        steps = decide(start, command, context(who, now)).steps
        start = steps[-1].case if steps else start
    return start


def context(who: Who = ANA, now: datetime = NOW + timedelta(minutes=1), config: Configuration = CONFIG) -> Context:
    """Whoever decides, a minute after the case came in; ids count up."""
    numbers = count(1)
    return Context(who=who, now=now, config=config, new_id=lambda: UUID(int=next(numbers)))
