"""Which assets' balances came from the cache (requirement X3)."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from desktop_wallet.core.assets import AssetId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_wallet.core.balances import BalanceKey

_asset = attrgetter("asset")
_HITS, _MISSES = "asset_hits", "asset_misses"
_GATHERED = 1_000
"""Balances after which they are sorted by asset: a fraction of a millisecond, which no read pays alone."""
_MOST_ASSETS = 500


class Lookups(NamedTuple):
    """Balances that were looked up: those the cache had, and those a server was asked for."""

    hits: int = 0
    misses: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Return the hits among all, 0 to 1; None before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


class AssetLookups:
    """Counts look-ups by asset. Reading a balance from memory takes microseconds, so noting it takes less."""

    def __init__(self) -> None:
        self._asked: Counter[AssetId] = Counter()
        self._missed: Counter[AssetId] = Counter()
        self._reads = 0
        self._keys: list[BalanceKey] = []
        self._missing: list[BalanceKey] = []

    def note(self, keys: Sequence[BalanceKey], missing: Sequence[BalanceKey]) -> bool:
        """Take in one read and what of it was missing; return whether it is time to `sort`."""
        self._reads += 1
        self._keys += keys
        if missing:
            self._missing += missing
        return len(self._keys) >= _GATHERED

    def sort(self) -> tuple[int, Lookups]:
        """Count by asset what was noted since the last time; return how many reads that were, and their sum."""
        reads, self._reads = self._reads, 0
        asked, missed = _add(self._asked, self._keys), _add(self._missed, self._missing)
        self._keys.clear()
        self._missing.clear()
        return reads, Lookups(asked - missed, missed)

    def snapshot(self) -> dict[AssetId, Lookups]:
        """Return the counts of each asset, the one looked up most often first; call `sort` before."""
        most = self._asked.most_common(_MOST_ASSETS)
        return {asset: Lookups(asked - self._missed[asset], self._missed[asset]) for asset, asked in most}

    def clear(self) -> None:
        """Set every count to 0."""
        self._reads = 0
        self._keys.clear()
        self._missing.clear()
        self._asked.clear()
        self._missed.clear()

    def to_save(self) -> dict[str, int]:
        """Return the counts by the names that `restore` knows."""
        counts = {}
        for asset, found in self.snapshot().items():
            counts[f"{_HITS} {asset}"] = found.hits
            counts[f"{_MISSES} {asset}"] = found.misses
        return counts

    def restore(self, saved: Mapping[str, int]) -> None:
        """Add what an earlier run saved; names that are none of ours are left out, so are counts below 0."""
        for name, count in saved.items():
            prefix, _, asset = name.partition(" ")
            if prefix not in (_HITS, _MISSES) or count <= 0:
                continue
            with suppress(ValueError):
                known = AssetId.parse(asset)
                self._asked[known] += count
                self._missed[known] += count if prefix == _MISSES else 0


def _add(counts: Counter[AssetId], keys: Sequence[BalanceKey]) -> int:
    """Count the assets of these balances; return how many balances they are."""
    # Keys share their assets' objects: those are told apart by identity, for hashing ids by value costs ten times that.
    assets = {id(asset): asset for asset in map(_asset, keys)}
    for identity, count in Counter(map(id, map(_asset, keys))).items():
        counts[assets[identity]] += count
    return len(keys)
