"""What came in: a balance that rose by more than our own transfers explain (requirement P7).

Two readings tell how much came and between which heights, not from whom. While a transfer of ours waits on a balance
the sum is put off until that one is settled, so that nothing is counted twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import StorageFailure
from desktop_wallet.core.positions import Height
from desktop_wallet.core.receipts import Received
from desktop_wallet.core.transfers import change_of, is_counted
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.services.transfers import TransferBook

_log = logging.getLogger(__name__)

_SHOWN = 2_000
"""Of what came in, how many are held in memory, the newest."""


class Incoming:
    """What came in to the accounts of an unlocked profile, and from which height on that is known."""

    def __init__(self, registry: Registry, transfers: TransferBook, feed: ChangeFeed) -> None:
        """Hold nothing yet."""
        self._registry = registry
        self._transfers = transfers
        self._feed = feed
        self._received: list[Received] = []
        self._known_from: dict[tuple[NetworkId, Address], int] = {}
        self._put_off: dict[BalanceKey, Reading] = {}
        self._unkept_from: dict[tuple[NetworkId, Address], int] = {}
        self._unkept: list[Received] = []
        """What a full disk did not take; it is tried again with what comes next."""
        self._tasks = Tasks()

    async def load(self) -> None:
        """Take what the registry has into memory."""
        self._received = list(await self._registry.load_received(_SHOWN))
        self._known_from = dict(await self._registry.load_known_from())

    def all(self) -> tuple[Received, ...]:
        """Return what came in, newest first."""
        return tuple(self._received)

    def known_from(self, network: NetworkId) -> int | None:
        """Return the height from which on what came in is known for every account read there; None if none was."""
        heights = [height for (of, _), height in self._known_from.items() if of == network]
        return max(heights, default=None)

    def note(self, readings: Iterable[Reading], moved: Iterable[tuple[Reading, Reading]]) -> None:
        """Learn from readings that were taken into the store; `moved` are those with another amount than before."""
        first: dict[tuple[NetworkId, Address], int] = {}
        for reading in readings:
            place = (reading.key.network, reading.key.address)
            if place not in self._known_from and isinstance(reading.position, Height):
                first[place] = self._known_from[place] = reading.position.number
        came = []
        for before, after in moved:
            if before.chain_hash != after.chain_hash:
                self._put_off.pop(after.key, None)  # another chain: nothing came
            elif self._transfers.waiting_on(after.key):
                self._put_off.setdefault(after.key, before)
            else:
                came += self._difference(self._put_off.pop(after.key, before), after)
        if first or came:
            self._tasks.begin(self._keep(first, came), "keep what came in")

    def settled(self, readings: Iterable[Reading]) -> None:
        """Make up what was put off for balances on which no transfer of ours waits any more."""
        came = []
        for reading in readings:
            if reading.key in self._put_off and not self._transfers.waiting_on(reading.key):
                came += self._difference(self._put_off.pop(reading.key), reading)
        if came:
            self._tasks.begin(self._keep({}, came), "keep what came in")

    async def stop(self) -> None:
        """Wait until everything is kept."""
        await self._tasks.finish()

    def _difference(self, before: Reading, after: Reading) -> list[Received]:
        ours = sum(
            change_of(transfer, after.key)
            for transfer in self._transfers.touching(after.key)
            if transfer.state.is_mined and is_counted(transfer, after) and not is_counted(transfer, before)
        )
        amount = after.amount - before.amount - ours
        if amount <= 0:
            return []
        key = after.key
        return [
            Received(
                network=key.network,
                address=key.address,
                asset=key.asset,
                amount=amount,
                from_height=_height(before),
                to_height=_height(after),
                seen_at_s=after.started.wall_s,
                host=after.endpoint,
            )
        ]

    async def _keep(self, first: dict[tuple[NetworkId, Address], int], came: list[Received]) -> None:
        first, self._unkept_from = {**self._unkept_from, **first}, {}
        came, self._unkept = [*self._unkept, *came], []
        try:
            for (network, address), height in first.items():
                await self._registry.note_known_from(network, address, height)
            if came:
                await self._registry.add_received(came)
        except StorageFailure as error:
            _log.warning("what came in was not stored: %s", type(error).__name__)
            self._unkept_from |= first
            self._unkept += came
            return
        if came:
            self._received = [*sorted(came, key=lambda each: -each.seen_at_s), *self._received][:_SHOWN]
            self._feed.publish(ChangeSet(received=True))


def _height(reading: Reading) -> int | None:
    return reading.position.number if isinstance(reading.position, Height) else None
