"""The closed sets of words of the contract. A word that is not here is not spoken."""

from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; from worst to mildest."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for critical … 3 for low: sorts the worst first."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class CaseStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    PENDING = "pending"
    RESOLVED = "resolved"


class SubmissionStatus(StrEnum):
    """What became of a posted escalation."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    GROUPED = "grouped"


class SubjectType(StrEnum):
    POST = "post"
    ACCOUNT = "account"
    MEDIA = "media"
    MESSAGE = "message"
    SPACE = "space"
    AD = "ad"
    LIST = "list"
    COMMUNITY = "community"
    OTHER = "other"


class EvidenceType(StrEnum):
    URL = "url"
    HASH = "hash"
    TEXT = "text"


class ReporterType(StrEnum):
    USER = "user"
    DEPICTED_PERSON = "depicted_person"
    RIGHTS_HOLDER = "rights_holder"
    TRUSTED_FLAGGER = "trusted_flagger"
    AUTHORITY = "authority"
    LAW_ENFORCEMENT = "law_enforcement"
    PRESS = "press"
    INTERNAL = "internal"
    AUTOMATED = "automated"


class Outcome(StrEnum):
    VIOLATION = "violation"
    NO_VIOLATION = "no_violation"
    DUPLICATE = "duplicate"
    OUT_OF_SCOPE = "out_of_scope"


class ReopenKind(StrEnum):
    APPEAL = "appeal"
    NEW_EVIDENCE = "new_evidence"
    ERROR = "error"


class NoteVisibility(StrEnum):
    INTERNAL = "internal"
    PUBLIC = "public"


class ActionScope(StrEnum):
    """Where an action holds: everywhere, or in named regions only."""

    GLOBAL = "global"
    GEO = "geo"


class ActionState(StrEnum):
    PROPOSED = "proposed"
    DONE = "done"


class ReclassifyCause(StrEnum):
    COMMAND = "command"
    REPORT = "report"


class ActorKind(StrEnum):
    PERSON = "person"
    SOURCE = "source"
    SYSTEM = "system"


class PrincipalKind(StrEnum):
    PERSON = "person"
    SOURCE = "source"


class Role(StrEnum):
    SPECIALIST = "specialist"
    LEAD = "lead"


class Scope(StrEnum):
    """What a key may do; `admin` holds every scope."""

    ESCALATIONS_WRITE = "escalations:write"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    ROUTING_READ = "routing:read"
    ROUTING_WRITE = "routing:write"
    SLA_READ = "sla:read"
    ONCALL_READ = "oncall:read"
    ONCALL_WRITE = "oncall:write"
    PAGES_READ = "pages:read"
    PAGES_WRITE = "pages:write"
    ADMIN = "admin"


class Presence(StrEnum):
    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class AssignmentState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    RELEASED = "released"


class RoutingOutcome(StrEnum):
    ASSIGNED = "assigned"
    WAITING = "waiting"
    UNROUTABLE = "unroutable"


class Requirement(StrEnum):
    """A soft requirement that the ladder of `routing.yaml` may relax."""

    REGION = "region"
    POLICY_AREA = "policy_area"
    LANGUAGE = "language"


class ClockKind(StrEnum):
    INTERNAL = "internal"
    REGULATORY = "regulatory"


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    RESCINDED = "rescinded"
    CANCELLED = "cancelled"


class EvidenceState(StrEnum):
    """Whether every fact that could have stopped the clock had been read when it breached."""

    COMPLETE = "complete"
    LAGGING = "lagging"


class Urgency(StrEnum):
    HIGH = "high"
    LOW = "low"


class PageReasonKind(StrEnum):
    BREACH = "breach"
    WARNING = "warning"
    UNROUTABLE = "unroutable"
    DECLINED = "declined"
    MANUAL = "manual"
    COVERAGE = "coverage"
    PLATFORM = "platform"


class PageState(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    EXHAUSTED = "exhausted"


class AttemptState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    SUPPRESSED = "suppressed"


class ChannelKind(StrEnum):
    WEBHOOK = "webhook"
    PAGERDUTY = "pagerduty"
    SLACK = "slack"
    TWILIO_SMS = "twilio_sms"
    TWILIO_VOICE = "twilio_voice"
    EMAIL = "email"
    APPRISE = "apprise"
    LOG = "log"


class ServiceName(StrEnum):
    INTAKE = "intake"
    ROUTER = "router"
    SLA_MONITOR = "sla_monitor"
    NOTIFIER = "notifier"


class Topic(StrEnum):
    CASES = "tocsin.cases"
    ASSIGNMENTS = "tocsin.assignments"
    CLOCKS = "tocsin.clocks"
    PAGES = "tocsin.pages"
    DEAD_LETTERS = "tocsin.dead-letters"


PARTITIONS = 12
"""Of every topic but the dead letters; never more later, because keys would move."""

UNKNOWN_LANGUAGE = "und"
UNKNOWN_REGION = "ZZ"
UNKNOWN_POLICY_AREA = "unknown"
