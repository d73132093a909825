"""What the cache counts of itself (requirement M1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """The counters at one moment. `stale` answers are hits or misses too and counted apart."""

    hits_memory: int = 0
    hits_disk: int = 0
    misses: int = 0
    stale: int = 0
    sets: int = 0
    rows_refused: int = 0
    seal_failures: int = 0
    evictions: int = 0
    invalidations: int = 0
    expired: int = 0
    errors: int = 0
    bytes_on_disk: int = 0
    pages: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Return the share of lookups that memory or disk answered, 0 to 1; None before the first."""
        hits = self.hits_memory + self.hits_disk
        lookups = hits + self.misses
        return hits / lookups if lookups else None


GAUGES = ("bytes_on_disk", "pages")
"""What is measured anew instead of being added up."""
_NAMES = tuple(field.name for field in fields(CacheCounts))


class CacheMetrics:
    """Counts since the profile was made: earlier runs' counts come in through `restore`. Used on the loop's thread."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_NAMES, 0)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter; KeyError if there is none of that name."""
        self._counts[name] += by

    def measure(self, name: str, value: int) -> None:
        """Set a gauge; KeyError if there is none of that name."""
        if name not in GAUGES:
            raise KeyError(name)
        self._counts[name] = value

    def snapshot(self) -> CacheCounts:
        """Return the counts as they are now."""
        return CacheCounts(**self._counts)

    def restore(self, saved: Mapping[str, int]) -> None:
        """Add what an earlier run saved. Names that are not known are left out, so are counts below 0."""
        for name, value in saved.items():
            if name in self._counts and name not in GAUGES and value > 0:
                self._counts[name] += value

    def to_save(self) -> dict[str, int]:
        """Return the counts that outlive this run; gauges do not."""
        return {name: value for name, value in asdict(self.snapshot()).items() if name not in GAUGES}

    def reset(self) -> None:
        """Set every counter to 0."""
        self._counts.update(dict.fromkeys(_NAMES, 0))
