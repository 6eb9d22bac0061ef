"""The names of `shared.components.component`, for the composition of a service."""

from shared.components.component import READY, Check, Component

__all__ = ["READY", "Check", "Component"]
