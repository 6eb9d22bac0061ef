"""The four services, the command `tocsin`, and the embedded stack."""
