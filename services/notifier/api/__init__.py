"""HTTP in: schedules, pages, acknowledgement links."""
