"""How long reads take, by network: all of them added up, and the last ones one by one."""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desktop_wallet.core.networks import NetworkId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.instants import Instant

_KEPT = 256
"""Reads a network whose times are kept one by one; the percentiles are theirs."""
_MOST_NETWORKS = 200
_LONGEST_MS = 3_600_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long reads of one network took, in milliseconds: mean of all, percentiles of the last 256."""

    count: int
    mean_ms: float
    p50_ms: float
    p95_ms: float


@dataclass(slots=True)
class _Times:
    count: int = 0
    total_ms: int = 0
    last_ms: deque[int] = field(default_factory=lambda: deque(maxlen=_KEPT))
    newest: tuple[Instant, Instant] | None = None


class Latencies:
    """Read latencies of every network. `changed`: something came since it was last kept."""

    def __init__(self) -> None:
        self._times: dict[NetworkId, _Times] = {}
        self.changed = False

    def note(self, network: NetworkId, reading: Reading) -> None:
        """Take in how long a read took; the readings of one batch share their times and count once."""
        times = self._times.setdefault(network, _Times())
        newest = (reading.started, reading.ended)
        if times.newest == newest:
            return
        times.newest = newest
        took_ms = min(max(round(reading.started.age_s(reading.ended) * 1000), 0), _LONGEST_MS)
        times.count += 1
        times.total_ms += took_ms
        times.last_ms.append(took_ms)
        self.changed = True

    def snapshot(self) -> dict[NetworkId, Latency]:
        """Return the figures of every network that was read."""
        return {network: _figures(times) for network, times in self._times.items() if times.last_ms}

    def clear(self) -> None:
        """Forget every time."""
        self._times.clear()
        self.changed = True

    def to_save(self) -> str:
        """Return what `restore` takes."""
        return json.dumps(
            {str(network): [times.count, times.total_ms, *times.last_ms] for network, times in self._times.items()}
        )

    def restore(self, text: str) -> None:
        """Take over what an earlier run saved; what cannot be read is left out."""
        if not text:
            return
        try:
            body: Mapping[str, Sequence[Any]] = json.loads(text)
            kept = {NetworkId.parse(name): _restored(numbers) for name, numbers in list(body.items())[:_MOST_NETWORKS]}
        except (ValueError, TypeError, AttributeError):
            _log.warning("the kept read latencies are not understood and count as none")
        else:
            self._times = kept


def _restored(numbers: Sequence[Any]) -> _Times:
    count, total_ms, *last_ms = numbers
    if any(type(number) is not int or number < 0 for number in numbers):
        raise TypeError
    return _Times(count, total_ms, deque(last_ms, maxlen=_KEPT))


def _figures(times: _Times) -> Latency:
    ordered = sorted(times.last_ms)
    return Latency(times.count, times.total_ms / times.count, _percentile(ordered, 50), _percentile(ordered, 95))


def _percentile(ordered: Sequence[int], percent: int) -> float:
    """Return the smallest value that at least so many percent do not exceed (nearest rank)."""
    return float(ordered[-(-percent * len(ordered) // 100) - 1])
