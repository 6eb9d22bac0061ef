"""All SQL of sla_monitor's schema: cases with their facts, clocks, timers, and pinned rules."""
