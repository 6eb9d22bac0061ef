"""PostgreSQL for every service: pool, faults, leases, timers, migrations and the tables all share."""

from shared.db.pool import Database, Row, Tx

__all__ = ["Database", "Row", "Tx"]
