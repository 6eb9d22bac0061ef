"""The embedded stack: real engines from Python packages, the four services as processes, and their supervisor."""
