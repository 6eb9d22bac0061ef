"""The router: who gets which case, who is present, and why it was decided so."""
