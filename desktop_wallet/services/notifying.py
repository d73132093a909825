"""What another program of this person may tell the running wallet: that a balance changed (requirement I8).

It can only cause balances to be read anew. Which ones it says as `network=…;address=…;asset=…`, with at least one of
them and in that order (CAIP-2, an address, CAIP-19); what is not among the balances of the profile causes nothing.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import deque
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import CODECS
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import InvalidAddress, StorageFailure
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import NetworkId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.services.session import Session

MOST_A_MINUTE = 100
_MINUTE_S = 60.0
_NAMES = ("network", "address", "asset")
_LOOKED_AT_ONCE = 2_000
"""Balances, at half a microsecond each."""
_log = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What became of a notification; the value is the answer at the door."""

    DONE = "ok"
    LOCKED = "locked"
    TOO_MANY = "too many"
    UNKNOWN = "unknown"
    """No balance of the open profile is meant."""
    NOT_UNDERSTOOD = "not understood"
    FAILED = "failed"
    """The registry could not write it down."""


def scope_text(scope: Scope) -> str:
    """Return how a scope is said at the door."""
    named = (("network", scope.network), ("address", scope.address), ("asset", scope.asset))
    return ";".join(f"{name}={value}" for name, value in named if value is not None)


def parse_scope(text: str) -> Scope:
    """Return the scope that a text names; ValueError unless it names something and does not contradict itself."""
    parts = [part.partition("=") for part in text.split(";")]
    names = [name for name, _, _ in parts]
    if names != [name for name in _NAMES if name in names]:
        raise ValueError("the form")
    given = {name: value for name, _, value in parts}
    asset = AssetId.parse(given["asset"]) if "asset" in given else None
    network = NetworkId.parse(given["network"]) if "network" in given else None
    if asset is not None and network not in (None, asset.network):
        raise ValueError("the asset is on another network")
    address = _address(given["address"]) if "address" in given else None
    return Scope(network or (asset.network if asset else None), address, asset)


def _address(text: str) -> Address:
    for codec in CODECS.values():
        try:
            return codec.parse(text)
        except InvalidAddress:
            continue
    raise ValueError("the address")


async def _names_any(scope: Scope, keys: Sequence[BalanceKey]) -> bool:
    """Return whether any of these balances is meant; the window stays at ease meanwhile."""
    for start in range(0, len(keys), _LOOKED_AT_ONCE):
        if any(map(scope.matches, keys[start : start + _LOOKED_AT_ONCE])):
            return True
        await asyncio.sleep(0)
    return False


class Notifying:
    """Takes notifications, at most a hundred in any minute."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none."""
        self._clock = clock
        self._times: deque[Instant] = deque()

    async def notify(self, session: Session | None, text: str) -> Outcome:
        """Let the balances that are meant be read anew, and return what became of it; nothing is kept while locked."""
        try:
            scope = parse_scope(text)
        except ValueError:
            return Outcome.NOT_UNDERSTOOD
        if session is None:
            return Outcome.LOCKED
        if not self._takes_one_more():
            return Outcome.TOO_MANY
        if not await _names_any(scope, session.balances.keys()):
            return Outcome.UNKNOWN
        try:
            await session.balances.invalidate([scope], cause="notified")
        except StorageFailure as error:
            _log.warning("a notification was not recorded: %s", type(error).__name__)
            return Outcome.FAILED
        return Outcome.DONE

    def _takes_one_more(self) -> bool:
        now = self._clock.now()
        while self._times and self._times[0].age_s(now) >= _MINUTE_S:
            self._times.popleft()
        if len(self._times) >= MOST_A_MINUTE:
            return False
        self._times.append(now)
        return True
