"""A load generator that costs little: raw HTTP/1.1 over kept-alive connections, requests made beforehand."""

import asyncio
import json
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """What a burst gave: status codes, seconds it took, seconds of each request."""

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """2xx answers a second."""
        return sum(n for status, n in self.statuses.items() if 200 <= status < 300) / self.seconds


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        return cls(*await asyncio.open_connection(host, port, limit=1 << 20))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Send one request; its status and body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        return int(head[9:12]), await self._reader.readexactly(int(length))

    def close(self) -> None:
        self._writer.close()


def post(path: str, body: Any, *, host: str, token: str = "") -> bytes:
    """The bytes of a POST of `body` as JSON."""
    text = json.dumps(body, ensure_ascii=False).encode()
    auth = f"Authorization: Bearer {token}\r\n" if token else ""
    kind = f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{auth}{kind}\r\n".encode() + text


async def burst(host: str, port: int, requests: Iterable[bytes], *, connections: int) -> Outcome:
    """All requests as fast as `connections` of them at a time allow."""
    outcome, queue = Outcome(), iter(requests)
    lines = [await Connection.open(host, port) for _ in range(connections)]
    start = time.perf_counter()
    await asyncio.gather(*(_drain(line, queue, outcome) for line in lines))
    outcome.seconds = time.perf_counter() - start
    for line in lines:
        line.close()
    return outcome


async def _drain(line: Connection, queue: Iterator[bytes], outcome: Outcome) -> None:
    for request in queue:
        begun = time.perf_counter()
        status, _ = await line.send(request)
        outcome.latencies.append(time.perf_counter() - begun)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile of `values`; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]
