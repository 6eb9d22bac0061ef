"""How the pager behaves in a round: it refuses some notices a few times, so that calls wait to be sent again. Pure.

A call that waits is what an acknowledgement must take back; without any of them nothing could leave too late.
"""

from collections.abc import Callable
from random import Random

SHARE = 0.08
"""Of all notices: few enough that no circuit opens for long."""

TRIES = 3
"""After so many refusals it is taken: two to four seconds, more than an acknowledgement may take to hold."""


def busy(seed: int) -> Callable[[str, int], bool]:
    """Whether a try of this webhook-id after so many others is refused; the same for the same seed and id."""

    def refused(webhook_id: str, tries: int) -> bool:
        return tries < TRIES and Random(f"{seed}/{webhook_id}").random() < SHARE

    return refused


def never(_webhook_id: str, _tries: int) -> bool:
    """Nobody acknowledges any more: refusing would only put off the quiet."""
    return False
