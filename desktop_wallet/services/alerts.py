"""Warns where the wallet itself works badly (requirement M4): in the status bar, on the Diagnostics page, in logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from desktop_wallet.core.alerts import BOUNDS, LEAST_LOOKUPS, LEAST_READS, Alert, AlertKind
from desktop_wallet.core.changes import ChangeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.services.metrics import Metrics

_LOOKS = 1_000
"""Balances that failed and are looked at again in one go; the others wait for the next time."""
_log = logging.getLogger(__name__)


class Alerts:
    """The warnings of a session. `check` is called once a minute, and by the metrics when one may be due at once."""

    def __init__(
        self, metrics: Metrics, feed: ChangeFeed, clock: Clock, still_fails: Callable[[BalanceKey], bool]
    ) -> None:
        """Watch these metrics; `still_fails` tells whether the last try to read a balance failed."""
        self._metrics = metrics
        self._feed = feed
        self._clock = clock
        self._still_fails = still_fails
        self._current: dict[AlertKind, Alert] = {}
        metrics.on_worth_a_look = self.check

    def current(self) -> tuple[Alert, ...]:
        """Return the warnings that stand, the oldest first."""
        return tuple(self._current.values())

    def check(self) -> None:
        """Raise what is due and take back what is over; whoever listens is told of either."""
        measured = self._measure()
        before = dict(self._current)
        for kind, bounds in BOUNDS.items():
            value = measured.get(kind)
            stood = self._current.get(kind)
            if value is not None and bounds.broken_by(value, stands=stood is not None):
                since = self._clock.now() if stood is None else stood.since
                self._current[kind] = Alert(kind, value, bounds.limit, since)
                if stood is None:
                    _log.warning("alert %s: measured %.4g, limit %.4g", kind.value, value, bounds.limit)
            elif stood is not None:
                del self._current[kind]
                _log.info("alert %s is over", kind.value)
        if self._current != before:
            self._feed.publish(ChangeSet(alerts=True))

    def _measure(self) -> Mapping[AlertKind, float]:
        """Return what there is to judge by; what says nothing yet is missing."""
        recent = self._metrics.recent
        sums = recent.sums()
        measured: dict[AlertKind, float] = {AlertKind.MANY_INVALIDATIONS: sums["invalidations"]}
        lookups = sums["hits"] + sums["misses"]
        if lookups >= LEAST_LOOKUPS and sums["reads"] >= LEAST_READS:
            measured[AlertKind.LOW_HIT_RATE] = sums["hits"] / lookups
        if recent.preload_asked:
            failed = recent.preload_failed
            for _ in range(min(len(failed), _LOOKS)):
                key = failed.popleft()
                if self._still_fails(key):
                    failed.append(key)
            measured[AlertKind.PRELOAD_FAILED] = len(failed) / recent.preload_asked
        return measured
