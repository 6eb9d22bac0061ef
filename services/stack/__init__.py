"""The embedded stack: real engines from Python packages, the four services as processes, and their supervisor."""

from enum import StrEnum


class ServiceName(StrEnum):
    """The four services, in the order of their ports and of the way of an escalation."""

    INTAKE = "intake"
    ROUTER = "router"
    SLA_MONITOR = "sla_monitor"
    NOTIFIER = "notifier"
