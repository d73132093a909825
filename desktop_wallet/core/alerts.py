"""What the wallet warns of about itself (requirement M4), and when such a warning comes and goes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Instant


class AlertKind(enum.Enum):
    """What is out of the ordinary."""

    LOW_HIT_RATE = "low-hit-rate"
    """Few of the balances that were looked up within an hour came from the cache; a share, 0 to 1."""
    MANY_INVALIDATIONS = "many-invalidations"
    """Balances were declared out of date too often within an hour; how often."""
    PRELOAD_FAILED = "preload-failed"
    """Many balances of the last preload could not be read, and still cannot; a share of it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One warning that stands: what was measured last, the limit that it broke, and since when."""

    kind: AlertKind
    measured: float
    limit: float
    since: Instant


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a warning comes (`limit`) and where it goes again; between the two it stays what it is."""

    limit: float
    ends_at: float

    def broken_by(self, measured: float, *, stands: bool) -> bool:
        """Return whether there is a warning now; `stands`: there was one already."""
        if self.ends_at > self.limit:
            return measured < (self.ends_at if stands else self.limit)
        return measured > (self.ends_at if stands else self.limit)


BOUNDS = {
    AlertKind.LOW_HIT_RATE: Bounds(limit=0.70, ends_at=0.75),
    AlertKind.MANY_INVALIDATIONS: Bounds(limit=1_000, ends_at=800),
    AlertKind.PRELOAD_FAILED: Bounds(limit=0.10, ends_at=0.05),
}
WINDOW_S = 3_600.0
"""Seconds that the hit rate and the invalidations are counted over."""
LEAST_LOOKUPS = 200
LEAST_READS = 20
"""Below these a hit rate says nothing: a wallet that was just opened has nothing in its cache."""
