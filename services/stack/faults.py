"""What can go wrong while a stack starts; each message says what to do next."""

from shared.errors import TocsinError


class StackFault(TocsinError):
    """The stack cannot start or go on as it is; shown to a person as one or two lines."""
