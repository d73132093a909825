"""Tokens whose answers are too long for a reply, or for the node: found by halving, and left out for a while.

A contract may return as much as its gas allows, 200 kB for the asking. Read together with others, every such answer
would cost them theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_wallet.chains.adapter import failure_of
from desktop_wallet.core.errors import EndpointRefused, NoEndpointLeft, OversizedReply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey, ReadFailure
    from desktop_wallet.core.instants import Clock, Instant

_LEFT_OUT_S: Final = 600.0
"""After this time it may have been a server's doing after all."""


class TooLong:
    """Remembers tokens that were found to answer too long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[AssetId, tuple[Instant, NoEndpointLeft]] = {}

    def note(self, asset: AssetId, error: NoEndpointLeft) -> None:
        """Take note of a token whose answers alone were too long."""
        self._found[asset] = (self._clock.now(), NoEndpointLeft(**error.data))  # without the frames it came through

    def failures(self, keys: Iterable[BalanceKey]) -> tuple[ReadFailure, ...]:
        """Return those of the keys that are better not asked for now, as failures."""
        if not self._found:
            return ()
        now = self._clock.now()
        self._found = {asset: found for asset, found in self._found.items() if found[0].age_s(now) < _LEFT_OUT_S}
        return tuple(failure_of(key, self._found[key.asset][1], now) for key in keys if key.asset in self._found)


def is_too_long(error: NoEndpointLeft) -> bool:
    """Return whether the last reply was too long, or contract calls were refused: what was asked may be to blame."""
    last = error.data.get("last")
    if isinstance(last, OversizedReply):
        return last.data.get("limit") == "bytes"
    return isinstance(last, EndpointRefused) and last.data.get("call") == "eth_call"


def halves(keys: tuple[BalanceKey, ...]) -> tuple[tuple[BalanceKey, ...], ...]:
    """Return the keys in two parts: the coin's and the tokens', or each half of the tokens; one part cannot be cut."""
    coins = tuple(key for key in keys if key.asset.is_native)
    if coins and len(coins) < len(keys):
        return coins, tuple(key for key in keys if not key.asset.is_native)
    assets = list(dict.fromkeys(key.asset for key in keys))
    if len(assets) == 1:
        return (keys,)
    first = set(assets[: len(assets) // 2])
    return tuple(key for key in keys if key.asset in first), tuple(key for key in keys if key.asset not in first)
