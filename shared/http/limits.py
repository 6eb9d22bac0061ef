"""Rate limits: a token bucket per principal, in the memory of this process."""

import math
from dataclasses import dataclass

from shared.clock import Clock
from shared.http.problems import rate_limited


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """`rate` requests a second with a burst of one second's worth. Each instance of a service counts alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def spend(self, principal: str, rate: float) -> None:
        """Take one request, or raise 429 with the whole seconds until there is one again."""
        bucket = self._filled(principal, rate)
        if bucket.tokens < 1.0:
            raise rate_limited(max(1, math.ceil((1.0 - bucket.tokens) / rate)))
        bucket.tokens -= 1.0

    def _filled(self, principal: str, rate: float) -> _Bucket:
        now = self._clock.monotonic()
        burst = max(1.0, rate)
        bucket = self._buckets.get(principal)
        if bucket is None:
            bucket = self._buckets[principal] = _Bucket(burst, now)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        return bucket
