"""Plain words for lengths of time, codes and clocks. Pure."""

from shared.contracts.views import ClockView
from shared.contracts.vocabulary import ClockState

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))

_JOINERS = "\u200c\u200d"


def length(seconds: float) -> str:
    """The two largest units of a length of time: `1 h 5 min`, `42 s`; below a second `0 s`."""
    rest = round(abs(seconds))
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part) or "0 s"


def spaced(code: str | None) -> str:
    """`at_capacity` as `at capacity`."""
    return plain(str(code or "no reason given").replace("_", " "))


def plain(text: str) -> str:
    """Text from outside without control characters, which a terminal would obey; joiners of scripts stay."""
    return "".join(character if character.isprintable() or character in _JOINERS else " " for character in text)


def clock(view: ClockView) -> str:
    """Where a clock stands: `12 min left`, `overdue by 3 min`, `met with 20 min to spare`."""
    left = length(view.remaining_seconds)
    if view.state is ClockState.RUNNING:
        return f"{left} left" if view.remaining_seconds >= 0 else f"overdue by {left}"
    if view.state is ClockState.PAUSED:
        return f"paused with {left} left"
    if view.state is ClockState.MET:
        return f"met with {left} to spare"
    if view.state is ClockState.BREACHED:
        late = f", stopped {left} late" if view.stopped_at else f", overdue by {left}"
        return f"breached{late}" + (f" ({spaced(view.cause)})" if view.cause else "")
    return str(view.state)
