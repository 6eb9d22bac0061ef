"""The edge of every service: server, health, problems, security, idempotency, paging, documentation."""
