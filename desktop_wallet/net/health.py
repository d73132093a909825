"""How well one endpoint does, as numbers that fade."""

from __future__ import annotations

import math
from dataclasses import dataclass

from desktop_wallet.core.errors import NetworkFailure, UntrustedReply
from desktop_wallet.core.instants import Instant

_HALF_LIFE_S = 60.0
_NEWEST_WEIGHS = 0.3


@dataclass(slots=True)
class Health:
    """Counts and averages of one endpoint. `now` is always the present instant of one run."""

    requests: int = 0
    failures: int = 0
    healthy: bool = True
    last_error: NetworkFailure | UntrustedReply | None = None
    last_ok: Instant | None = None
    latency_ms: float | None = None
    _weight: float = 0.0
    _weight_at_s: float = 0.0

    def answered(self, latency_ms: float, now: Instant) -> None:
        """Take note of a good answer."""
        self.healthy = True
        self.last_ok = now
        before = latency_ms if self.latency_ms is None else self.latency_ms
        self.latency_ms = before + (latency_ms - before) * _NEWEST_WEIGHS
        self._weight = self.recent_failures(now) / 2
        self._weight_at_s = now.boot_s

    def failed(self, error: NetworkFailure | UntrustedReply, now: Instant) -> None:
        """Take note of a failure; what is kept of the error is its data, not the frames it came through."""
        self.healthy = False
        self.failures += 1
        self.last_error = type(error)(**error.data)
        self._weight = self.recent_failures(now) + 1.0
        self._weight_at_s = now.boot_s

    def recent_failures(self, now: Instant) -> float:
        """Return the failures, each halved every minute and by every good answer since."""
        return self._weight * math.exp2(-max(now.boot_s - self._weight_at_s, 0.0) / _HALF_LIFE_S)
