"""Schema history of sla_monitor."""
