"""Ports of this machine's loopback address: which are free, and a choice that stays free.

Chosen ports lie below the range from which the kernel takes the ports of outgoing connections: one of those could
otherwise hold an engine's port at the moment of its restart.
"""

import random
import socket
import time
from collections.abc import Sequence

LOOPBACK = "127.0.0.1"
RANGE = range(15_000, 32_000)

_DICE = random.SystemRandom()
"""Two processes that were given the same seed must not choose alike."""


def is_free(port: int) -> bool:
    """Whether a server can listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose(count: int, *, adjacent: bool = False) -> list[int]:
    """`count` different free ports, in a row when `adjacent`."""
    while True:
        start = _DICE.choice(RANGE[: -count - 1])
        ports = list(range(start, start + count)) if adjacent else _DICE.sample(RANGE, count)
        if all(map(is_free, ports)):
            return ports


def taken(ports: Sequence[int], *, patience: float) -> list[int]:
    """Those that stay taken for `patience` seconds (processes of an earlier start may just be ending)."""
    give_up = time.monotonic() + patience
    while (busy := [port for port in ports if not is_free(port)]) and time.monotonic() < give_up:
        time.sleep(0.05)
    return busy
