"""sla_monitor: owns the clocks of every case and decides that a page is due.

Reads tocsin.cases and tocsin.assignments, emits tocsin.clocks.
"""
