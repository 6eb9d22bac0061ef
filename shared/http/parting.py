"""Leaving a connection so that the caller gets the last answer: say that it was the last, hear the rest, then close.

A socket that is closed with bytes unread is reset, and a reset takes an answer away that the caller has not read
yet: whoever sends a body that is too large would see a broken connection, not the 413.
"""

import asyncio
from collections.abc import Callable


class Parting:
    """A connection's transport, which waits with closing while `unread` says that a request is still coming in.

    `parted` is called then: it sets the limit for that, after which `abort` or `end` closes at once.
    """

    def __init__(self, transport: asyncio.Transport, unread: Callable[[], bool], parted: Callable[[], None]) -> None:
        self._transport = transport
        self._unread = unread
        self._parted = parted
        self.over = False
        """Nothing is said any more, and what comes in is dropped."""

    def write(self, data: bytes) -> None:
        """Send, unless it is over."""
        if not self.over:
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether there is no use in sending anything."""
        return self.over or self._transport.is_closing()

    def close(self) -> None:
        """Close once everything is sent; with a request still coming in, part."""
        if self.is_closing():
            return
        if not self._unread() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.over = True
        self._transport.write_eof()
        self._parted()

    def end(self) -> None:
        """Close once everything is sent, whatever comes in."""
        self.over = True
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what was not sent yet is lost."""
        self.over = True
        self._transport.abort()
