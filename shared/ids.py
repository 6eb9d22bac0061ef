"""Identifiers: UUID version 7 (RFC 9562 section 5.7), which Python's library has only from 3.14 on."""

import os
import threading
import time
from uuid import UUID


class _Generator:
    """Millisecond time, then a 12-bit counter that keeps ids of one process in order, then 62 random bits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def next(self) -> UUID:
        with self._lock:
            ms = max(time.time_ns() // 1_000_000, self._last_ms)
            self._counter = self._counter + 1 if ms == self._last_ms else 0
            if self._counter > 0xFFF:
                ms, self._counter = ms + 1, 0
            self._last_ms = ms
            counter = self._counter
        random = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
        return UUID(int=(ms << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | random)


uuid7 = _Generator().next
