"""Who is on call, as a closed-form function of a schedule and its overrides: pure, without clock or I/O."""
