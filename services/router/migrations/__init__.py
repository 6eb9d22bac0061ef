"""The router's schema, version by version."""
