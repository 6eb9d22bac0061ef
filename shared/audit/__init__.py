"""The audit: who did what when, append-only and hash-chained, one table in the schema of each service."""

from shared.audit.entries import Actor, Entry
from shared.audit.store import record

__all__ = ["Actor", "Entry", "record"]
