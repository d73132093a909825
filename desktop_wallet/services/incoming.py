"""What came in: token payments from the logs of their contracts, everything else by difference (requirement P7).

Two readings tell how much came and between which heights, not from whom. While a transfer of ours waits on a balance
the sum is put off until that one is settled, so that nothing is counted twice.

A log tells the sender and the transaction too. A stretch of a token's balance is told by logs once every block of it
was looked through and holds one, and by the difference until then or where its contract logs nothing; never by both.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import StorageFailure
from desktop_wallet.core.positions import Height
from desktop_wallet.core.receipts import Received
from desktop_wallet.core.transfers import change_of, is_counted
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.receipts import LogScan
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.services.transfers import TransferBook

_log = logging.getLogger(__name__)

_SHOWN = 2_000
"""Of what came in, how many differences are held in memory, the newest."""
_LOGGED = 1_000
"""Of what logs told, how many are, and as many of no worth; each is judged anew whenever something comes in."""
_MOST_ROUNDS = 3
"""Rounds of looking through logs for which the word of a difference is kept back."""


@dataclass(frozen=True, slots=True)
class SeenHead:
    """The height of the newest reading of a network, and the chain it is of."""

    number: int
    chain_hash: str | None


class Incoming:
    """What came in to the accounts of an unlocked profile, and from which height on that is known."""

    def __init__(self, registry: Registry, transfers: TransferBook, feed: ChangeFeed) -> None:
        """Hold nothing yet."""
        self._registry = registry
        self._transfers = transfers
        self._feed = feed
        self._differences: list[Received] = []
        self._logged: list[Received] = []
        self._scans: dict[tuple[NetworkId, Address], LogScan] = {}
        self._shown: tuple[Received, ...] | None = ()
        self._known_from: dict[tuple[NetworkId, Address], int] = {}
        self._heads: dict[NetworkId, SeenHead] = {}
        self._put_off: dict[BalanceKey, Reading] = {}
        self._unkept_from: dict[tuple[NetworkId, Address], int] = {}
        self._unkept: list[Received] = []
        """What a full disk did not take; it is tried again with what comes next."""
        self._untold: dict[Received, int] = {}
        """Differences of which nobody was told yet, because logs may tell more: for how many rounds."""
        self._told: list[Received] = []
        """Differences that were told of before logs could: those must not tell it once more."""
        self._tasks = Tasks()
        self.awaits_logs: Callable[[NetworkId], bool] = lambda _: False
        """Whether logs are about to tell of a network's tokens."""
        self.is_worth_telling: Callable[[Received], bool] = lambda _: True
        """Whether a person should hear of it: no spam, and of an asset that they have."""
        self.on_moved: Callable[[NetworkId], None] = lambda _: None
        """Told that the balance of a token is another one than before."""
        self.on_asked: Callable[[NetworkId], None] = lambda _: None
        """Told that a person asked a network anew."""

    async def load(self) -> None:
        """Take what the registry has into memory."""
        self._differences = list(await self._registry.load_received(_SHOWN))
        self._logged = list(await self._registry.load_logged(_LOGGED))
        self._scans = {(scan.network, scan.address): scan for scan in await self._registry.load_log_scans()}
        self._known_from = dict(await self._registry.load_known_from())
        self._shown = None

    def all(self) -> tuple[Received, ...]:
        """Return what came in, newest first, what is suspected of being spam too."""
        if self._shown is None:
            self._shown = self._without_doubles()
        return self._shown

    def logged(self) -> Sequence[Received]:
        """Return every payment that logs told of, in no order."""
        return self._logged

    def known_from(self, network: NetworkId) -> int | None:
        """Return the height from which on what came in is known for every account read there; None if none was."""
        heights = [height for (of, _), height in self._known_from.items() if of == network]
        return max(heights, default=None)

    def known_places(self, network: NetworkId) -> dict[Address, int]:
        """Return the height from which on each account is known on a network."""
        return {address: height for (of, address), height in self._known_from.items() if of == network}

    def head(self, network: NetworkId) -> SeenHead | None:
        """Return the height of the newest reading of this run; None before the first."""
        return self._heads.get(network)

    def scan(self, network: NetworkId, address: Address) -> LogScan | None:
        """Return how far the logs of an address are known; None if nobody looked yet."""
        return self._scans.get((network, address))

    # From readings

    def note(self, readings: Iterable[Reading], moved: Iterable[tuple[Reading, Reading]]) -> None:
        """Learn from readings that were taken into the store; `moved` are those with another amount than before."""
        first: dict[tuple[NetworkId, Address], int] = {}
        reading = None
        network: NetworkId | None = None
        address: Address | None = None
        for reading in readings:
            key = reading.key
            if key.address is address and key.network is network:
                continue  # neighbours share the very objects (services/grouping.py)
            network, address = key.network, key.address
            place = (network, address)
            if place not in self._known_from and isinstance(reading.position, Height):
                first[place] = self._known_from[place] = reading.position.number
        if reading is not None and isinstance(reading.position, Height):  # one batch has one position
            self._heads[reading.key.network] = SeenHead(reading.position.number, reading.chain_hash)
        came = []
        tokens = set()
        for before, after in moved:
            if not after.key.asset.is_native:
                tokens.add(after.key.network)
            if before.chain_hash != after.chain_hash:
                self._put_off.pop(after.key, None)  # another chain: nothing came
            elif self._transfers.waiting_on(after.key):
                self._put_off.setdefault(after.key, before)
            else:
                came += self._difference(self._put_off.pop(after.key, before), after)
        if first or came:
            self._tasks.begin(self._keep(first, came), "keep what came in")
        for network in tokens:
            self.on_moved(network)

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
            self._differences = [*sorted(came, key=_seen_at_s, reverse=True), *self._differences][:_SHOWN]
            later = [row for row in came if not row.asset.is_native and self.awaits_logs(row.network)]
            self._untold.update(dict.fromkeys(later, 0))
            for network in {row.network for row in later}:
                self.on_moved(network)  # also of what was put off until a transfer of ours was settled
            self._show_anew([row for row in came if row not in self._untold])

    # From logs

    def is_ours(self, received: Received) -> bool:
        """Return whether a transfer of ours paid it: that one is shown as sent already."""
        key = BalanceKey(received.network, received.address, received.asset)
        trace = received.trace
        return trace is not None and any(
            transfer.transaction == trace.transaction and transfer.draft.recipient == received.address
            for transfer in self._transfers.touching(key)
        )

    async def take_logged(
        self, rows: Collection[Received], scans: Collection[LogScan], gone: Collection[str] = ()
    ) -> None:
        """Store what logs tell, with how far was looked; `gone` are hashes of blocks that left the chain.

        Raises StorageFailure: then nothing was taken, and the same blocks are to be looked through again.
        """
        networks = {scan.network for scan in scans}
        for network in networks if gone else ():
            await self._registry.drop_logged(network, gone)
        new = await self._registry.add_logged([row for row in rows if not self.is_ours(row)], scans)
        lost = [row for row in self._logged if _block_hash(row) in gone]
        left = [row for row in self._logged if _block_hash(row) not in gone] if lost else self._logged
        self._logged = sorted([*new, *left], key=_seen_at_s, reverse=True)[: 2 * _LOGGED]
        self._scans.update({(scan.network, scan.address): scan for scan in scans})
        if not new and not lost:
            self._shown = None
            return
        # One that stands in another block now was told of when it stood in the one that is gone.
        moved = {_payment(row) for row in lost}
        self._show_anew([row for row in new if _payment(row) not in moved and not self._was_told(row)])

    def round_ended(self, network: NetworkId, *, caught_up: bool, failed: bool) -> None:
        """Tell of what logs did not explain: a round of looking through a network's logs has ended."""
        told = []
        for row, rounds in list(self._untold.items()):
            if row.network != network:
                continue
            scan = self._scans.get((network, row.address))
            covered = scan is not None and scan.covers(row)
            if not covered and not failed and not caught_up and rounds < _MOST_ROUNDS:
                self._untold[row] = rounds + 1
                continue
            del self._untold[row]
            if covered and self._has_log(row):
                continue
            told.append(row)
        self._told += [row for row in told if row.from_height is not None]
        if told:
            self._show_anew(told)

    def _has_log(self, row: Received) -> bool:
        return any(_explains(log, row) for log in self._logged)

    def _was_told(self, log: Received) -> bool:
        return any(_explains(log, row) for row in self._told)

    def _without_doubles(self) -> tuple[Received, ...]:
        """Return the differences that logs do not explain, and the logs of stretches that no difference tells."""
        logs: dict[tuple[Address, object], list[Received]] = defaultdict(list)
        for log in sorted(self._logged, key=_to_height):
            logs[log.address, log.asset].append(log)
        heights = {of: [_to_height(log) for log in some] for of, some in logs.items()}
        left_out: set[int] = set()
        """Their places in memory: to hash thousands of rows would take longer than a frame."""
        for row in self._differences:
            of = row.address, row.asset
            if row.from_height is None or row.to_height is None or of not in logs:
                continue
            # Only those within its heights: each with each would hold up the window for seconds.
            first, end = (bisect_right(heights[of], height) for height in (row.from_height, row.to_height))
            within = [log for log in logs[of][first:end] if _explains(log, row)]
            if within:
                scan = self._scans.get((row.network, row.address))
                told_twice = [row] if scan is not None and scan.covers(row) else within
                left_out.update(map(id, told_twice))
        rows = [row for row in (*self._differences, *self._logged) if id(row) not in left_out]
        return tuple(sorted(rows, key=lambda row: (row.seen_at_s, row.to_height or 0), reverse=True))

    def _show_anew(self, came: Iterable[Received]) -> None:
        self._shown = None
        self._feed.publish(ChangeSet(received=True, came=tuple(row for row in came if self.is_worth_telling(row))))


def _explains(log: Received, row: Received) -> bool:
    """Return whether a log's payment is a part of what a difference of readings tells."""
    if row.from_height is None or row.to_height is None or log.to_height is None or not log.amount:
        return False
    if (log.network, log.address, log.asset) != (row.network, row.address, row.asset):
        return False
    return row.from_height < log.to_height <= row.to_height


def _payment(row: Received) -> tuple[object, ...]:
    return row.network, row.address, row.asset, row.amount, row.trace and row.trace.transaction


def _block_hash(row: Received) -> str:
    return "" if row.trace is None else row.trace.block_hash


def _to_height(row: Received) -> int:
    return row.to_height or 0


def _seen_at_s(row: Received) -> float:
    return row.seen_at_s


def _height(reading: Reading) -> int | None:
    return reading.position.number if isinstance(reading.position, Height) else None
