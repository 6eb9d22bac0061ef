"""The seven configuration files (contract section 10): models, loading with faults, reload, secrets."""
