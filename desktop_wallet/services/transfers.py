"""Every signed transfer of a profile, in memory as the registry has it; pending and spendable follow from it."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from desktop_wallet.core.cautions import PaidBefore, is_dust
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.transfers import (
    TransferKind,
    TransferState,
    expected_change,
    scopes,
    shows,
    spendable,
    touched,
)
from desktop_wallet.services.taking import Taking
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.transfers import Transfer, TransferId
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.services.slicing import Slicer
    from desktop_wallet.services.taking import Slot

_log = logging.getLogger(__name__)
_PAID = (TransferState.CONFIRMED, TransferState.FINALIZED)
_SHOWN = 8
"""Digits of a transfer's id, which is ours and random, in a log."""
_LOADED_AT_ONCE = 25
"""At about 30 microseconds each, under a millisecond."""


class TransferBook:
    """The transfers of an unlocked profile. Every change stands in the registry before it is seen here."""

    def __init__(self, registry: Registry, feed: ChangeFeed, decimals_of: Callable[[AssetId], int]) -> None:
        """Hold nothing yet; `decimals_of` tells an asset's decimals, to know dust."""
        self._registry = registry
        self._feed = feed
        self._decimals_of = decimals_of
        self._all: dict[TransferId, Transfer] = {}
        self._slots: dict[Slot, list[TransferId]] = defaultdict(list)
        self._touching: dict[BalanceKey, dict[TransferId, Transfer]] = defaultdict(dict)
        self._waiting: dict[BalanceKey, dict[TransferId, Transfer]] = {}
        self._happened: dict[BalanceKey, dict[TransferId, Transfer]] = {}
        """Those that every reading has to show: not many, for what is final is none of them."""
        self._unfinished: dict[NetworkId, dict[TransferId, Transfer]] = defaultdict(dict)
        self._of_account: dict[tuple[NetworkId, Address], dict[TransferId, Transfer]] = defaultdict(dict)
        self._taking = Taking()
        self._paid: dict[Address, dict[TransferId, Transfer]] = {}
        """Payments that arrived, dust too, by whom they were to."""
        self._changing = asyncio.Lock()
        self._tasks = Tasks()
        self.on_invalidated: Callable[[Sequence[Scope]], None] = lambda _: None
        """Told of every invalidation that was recorded with a transfer."""
        self.on_moved: Callable[[NetworkId], None] = lambda _: None
        """Told of a network on which a balance moved that waits for a transfer."""

    async def load(self, slicer: Slicer) -> None:
        """Take everything from the registry into memory, in slices."""
        async for part in slicer.slices(await self._registry.load_transfers(), _LOADED_AT_ONCE):
            for transfer in part:
                self._put(transfer)

    # What is there

    def all(self) -> tuple[Transfer, ...]:
        """Return every transfer, newest first."""
        return tuple(reversed(self._all.values()))

    def get(self, transfer: TransferId) -> Transfer:
        """Return one transfer as it is now."""
        return self._all[transfer]

    def siblings(self, transfer: Transfer) -> tuple[Transfer, ...]:
        """Return our other transactions of the same nonce, the first one first."""
        return tuple(self._all[each] for each in self._slots[transfer.slot] if each != transfer.id)

    def unfinished(self, network: NetworkId) -> tuple[Transfer, ...]:
        """Return the transfers of a network whose outcome may still change, or whose balances are not settled."""
        return tuple(self._unfinished.get(network, {}).values())

    def of_account(self, network: NetworkId, sender: Address) -> tuple[Transfer, ...]:
        """Return the transfers of one account on one network, the first one first."""
        return tuple(self._of_account.get((network, sender), {}).values())

    def free_nonce(self, network: NetworkId, sender: Address, least: int) -> int:
        """Return the first nonce from `least` on that is not used up and that nothing was ever signed for here.

        What was signed for is only ever replaced. A gap is filled, whether another program left it or a server that
        counted too many made us leave it.
        """
        own = self.of_account(network, sender)
        used_up = (each.nonce + 1 for each in own if each.state.is_mined or each.state is TransferState.REPLACED)
        signed = {each.nonce for each in own}
        return next(nonce for nonce in itertools.count(max([least, *used_up])) if nonce not in signed)

    # What follows for balances

    def touching(self, key: BalanceKey) -> tuple[Transfer, ...]:
        """Return every transfer that changes a balance, or would have."""
        return tuple(self._touching.get(key, {}).values())

    def waiting_on(self, key: BalanceKey) -> tuple[Transfer, ...]:
        """Return the transfers that make a balance Pending."""
        return tuple(self._waiting.get(key, {}).values())

    def expected_change(self, key: BalanceKey, reading: Reading | None) -> int | None:
        """Return what waiting transfers will still do to a balance; None where none waits."""
        waiting = self._waiting.get(key)
        if not waiting:
            return None
        return expected_change(key, reading, self._of_slots({each.slot for each in waiting.values()}))

    def spendable(self, key: BalanceKey, reading: Reading, *, without: Slot | None = None) -> int:
        """Return what may be spent of a balance; `without` names a nonce that is about to be used again."""
        return spendable(key, reading, self._of_slots(s for s in self._taking.slots(key, reading) if s != without))

    @property
    def happened(self) -> Collection[BalanceKey]:
        """Return the balances that a transfer changed which is not final yet: of others `shows_receipts` is true."""
        return self._happened.keys()

    def shows_receipts(self, key: BalanceKey, reading: Reading) -> bool:
        """Return whether a reading is from after every transfer that touches the balance and is known to have happened.

        What is final is left out: a valid reading stands above it, unless the whole chain is another one.
        """
        happened = self._happened.get(key)
        return happened is None or all(shows(each, reading) for each in happened.values())

    def _of_slots(self, slots: Iterable[Slot]) -> Iterable[Transfer]:
        """Return all that was signed for these nonces: a cancel touches fewer balances than what it cancels."""
        return [self._all[each] for slot in slots for each in self._slots[slot]]

    # Whom we paid

    def paid(self, address: Address) -> PaidBefore:
        """Return how often an address was paid."""
        payments = [each for each in self._paid.get(address, {}).values() if not self._is_dust(each)]
        return PaidBefore(len(payments), max(each.at_s for each in payments)) if payments else PaidBefore()

    def paid_addresses(self) -> tuple[Address, ...]:
        """Return every address that was ever paid more than dust, and nobody who only paid us."""
        return tuple(
            address
            for address, payments in self._paid.items()
            if not all(self._is_dust(payment) for payment in payments.values())
        )

    def _is_dust(self, transfer: Transfer) -> bool:
        return is_dust(transfer.draft.amount, self._decimals_of(transfer.draft.asset))

    # Changes

    async def add(self, transfer: Transfer, cause: str) -> None:
        """Store a signed transfer together with its invalidation, then show it; raises StorageFailure, AlreadyThere.

        Whoever is cancelled while it is written stops nothing: memory follows the disk.
        """
        await asyncio.shield(self._tasks.start(self._add(transfer, cause), "add a transfer"))

    async def _add(self, transfer: Transfer, cause: str) -> None:
        async with self._changing:
            stale = scopes(transfer)
            await self._registry.add_transfer(transfer, stale, cause)
            self._put(transfer)
            self._note(transfer, stale, cause)
            self._tell(transfer, stale)

    async def change(
        self, transfer: TransferId, step: Callable[[Transfer], Transfer | None], cause: str = ""
    ) -> Transfer:
        """Store what `step` makes of a transfer, then show it; return the transfer as it is then.

        `step` sees the newest state and returns None to leave it. With a `cause`, its balances are invalidated in the
        same database transaction. Raises StorageFailure. Cancelled, it does what `add` does.
        """
        return await asyncio.shield(self._tasks.start(self._change(transfer, step, cause), "change a transfer"))

    async def stop(self) -> None:
        """Wait until everything is written."""
        await self._tasks.finish()

    async def _change(self, transfer: TransferId, step: Callable[[Transfer], Transfer | None], cause: str) -> Transfer:
        async with self._changing:
            before = self._all[transfer]
            after = step(before)
            if after is None or after == before:
                return before
            stale = scopes(after) if cause else ()
            await self._registry.update_transfer(before, after, stale, cause)
            self._put(after)
            if after.state is not before.state or cause:
                self._note(after, stale, cause)
            self._tell(after, stale)
            return after

    def _put(self, transfer: Transfer) -> None:
        draft = transfer.draft
        if transfer.id not in self._all:
            self._slots[transfer.slot].append(transfer.id)
        self._all[transfer.id] = transfer
        self._of_account[draft.network, draft.sender][transfer.id] = transfer
        _keep(self._unfinished[draft.network], transfer, here=not transfer.final or transfer.is_waiting)
        if draft.kind is TransferKind.PAYMENT:
            _keep(self._paid.setdefault(draft.recipient, {}), transfer, here=transfer.state in _PAID)
        self._taking.note([self._all[each] for each in self._slots[transfer.slot]])
        for key in touched(draft, transfer.fee.asset):
            self._touching[key][transfer.id] = transfer
            if not transfer.final and _may_have_happened(transfer):
                self._happened.setdefault(key, {})[transfer.id] = transfer
            elif key in self._happened:
                self._happened[key].pop(transfer.id, None)
                if not self._happened[key]:
                    del self._happened[key]
            if transfer.is_waiting:
                self._waiting.setdefault(key, {})[transfer.id] = transfer
            elif key in self._waiting:
                self._waiting[key].pop(transfer.id, None)
                if not self._waiting[key]:
                    del self._waiting[key]

    @staticmethod
    def _note(transfer: Transfer, stale: Sequence[Scope], cause: str) -> None:
        """Log the step; never an amount, nor to whom."""
        fields = {
            "transfer": transfer.id[:_SHOWN],
            "network": transfer.draft.network,
            "state": transfer.state.value,
            "attempt": transfer.attempt,
            "cause": cause or "none",
            "invalidated": len(stale),
        }
        _log.info("transfer", extra={"fields": fields})

    def _tell(self, transfer: Transfer, stale: Sequence[Scope]) -> None:
        keys = frozenset(touched(transfer.draft, transfer.fee.asset))
        self._feed.publish(ChangeSet(balances=keys, transfers=frozenset({transfer.id})))
        try:
            if stale:
                self.on_invalidated(stale)
        except Exception as error:  # noqa: BLE001 - a bug of ours: told of, but it breaks no payment (requirement I5)
            context = {"message": "what follows an invalidation failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)


def _may_have_happened(transfer: Transfer) -> bool:
    """Return whether it was mined, or a server acknowledged it: all that there is where there are no blocks."""
    acknowledged = any(step.state is TransferState.BROADCAST for step in transfer.steps)
    return transfer.state.is_mined or (acknowledged and transfer.state is not TransferState.REPLACED)


def _keep(held: dict[TransferId, Transfer], transfer: Transfer, *, here: bool) -> None:
    """Hold the transfer, or hold it no more."""
    if here:
        held[transfer.id] = transfer
    else:
        held.pop(transfer.id, None)
