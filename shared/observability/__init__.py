"""How a service shows what it does: metrics, structured log lines, traces."""
