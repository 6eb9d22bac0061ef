"""The names of `shared.components.loops`, for the composition of a service."""

from shared.components.loops import Loop, pause_after

__all__ = ["Loop", "pause_after"]
