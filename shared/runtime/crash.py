"""The names of `shared.components.crash`, for the composition of a service."""

from shared.components.crash import CrashPoint, crash_point

__all__ = ["CrashPoint", "crash_point"]
