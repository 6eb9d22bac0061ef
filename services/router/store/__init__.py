"""All SQL of the router's schema: cases, assignments, decisions, and how specialists stand."""
