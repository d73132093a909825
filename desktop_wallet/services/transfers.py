"""Every signed transfer of a profile, in memory as the registry has it; pending and spendable follow from it."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

from desktop_wallet.core.cautions import PaidBefore, is_dust
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.transfers import (
    TransferKind,
    TransferState,
    expected_change,
    scopes,
    spendable,
    touched,
)
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.transfers import Transfer, TransferId
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.feed import ChangeFeed

_PAID = (TransferState.CONFIRMED, TransferState.FINALIZED)


class TransferBook:
    """The transfers of an unlocked profile. Every change stands in the registry before it is seen here."""

    def __init__(self, registry: Registry, feed: ChangeFeed, decimals_of: Callable[[AssetId], int]) -> None:
        """Hold nothing yet; `decimals_of` tells an asset's decimals, to know dust."""
        self._registry = registry
        self._feed = feed
        self._decimals_of = decimals_of
        self._all: dict[TransferId, Transfer] = {}
        self._slots: dict[tuple[NetworkId, Address, int], list[TransferId]] = defaultdict(list)
        self._touching: dict[BalanceKey, dict[TransferId, Transfer]] = defaultdict(dict)
        self._waiting: dict[BalanceKey, dict[TransferId, Transfer]] = {}
        self._paid: dict[Address, PaidBefore] | None = None
        self._changing = asyncio.Lock()
        self._tasks = Tasks()
        self.on_invalidated: Callable[[Sequence[Scope]], None] = lambda _: None
        """Told of every invalidation that was recorded with a transfer."""
        self.on_moved: Callable[[NetworkId], None] = lambda _: None
        """Told of a network on which a balance moved that waits for a transfer."""

    async def load(self) -> None:
        """Take everything from the registry into memory."""
        for transfer in await self._registry.load_transfers():
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
        return tuple(
            transfer
            for transfer in self._all.values()
            if transfer.draft.network == network and (not transfer.final or transfer.is_waiting)
        )

    def of_account(self, network: NetworkId, sender: Address) -> tuple[Transfer, ...]:
        """Return the transfers of one account on one network, the first one first."""
        return tuple(t for t in self._all.values() if (t.draft.network, t.draft.sender) == (network, sender))

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
        return expected_change(key, reading, self._with_rivals(waiting.values())) if waiting else None

    def spendable(
        self, key: BalanceKey, reading: Reading, *, without: tuple[NetworkId, Address, int] | None = None
    ) -> int:
        """Return what may be spent of a balance; `without` names a nonce that is about to be used again."""
        transfers = (t for t in self._touching.get(key, {}).values() if t.slot != without)
        return spendable(key, reading, self._with_rivals(transfers))

    def _with_rivals(self, transfers: Iterable[Transfer]) -> Iterable[Transfer]:
        """Return transfers with all that was signed for the same nonces: a cancel touches fewer balances than they."""
        slots = {transfer.slot for transfer in transfers}
        return [self._all[each] for slot in slots for each in self._slots[slot]]

    # Whom we paid

    def paid(self, address: Address) -> PaidBefore:
        """Return how often an address was paid."""
        return self._paid_before().get(address, PaidBefore())

    def paid_addresses(self) -> tuple[Address, ...]:
        """Return every address that was ever paid more than dust, and nobody who only paid us."""
        return tuple(self._paid_before())

    def _paid_before(self) -> dict[Address, PaidBefore]:
        if self._paid is None:
            paid: dict[Address, PaidBefore] = {}
            for transfer in self._all.values():
                draft = transfer.draft
                if transfer.state not in _PAID or draft.kind is not TransferKind.PAYMENT:
                    continue
                if not is_dust(draft.amount, self._decimals_of(draft.asset)):
                    before = paid.get(draft.recipient, PaidBefore())
                    last_s = max(before.last_s or 0.0, transfer.at_s)
                    paid[draft.recipient] = PaidBefore(before.times + 1, last_s)
            self._paid = paid
        return self._paid

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
            self._tell(after, stale)
            return after

    def _put(self, transfer: Transfer) -> None:
        if transfer.id not in self._all:
            self._slots[transfer.slot].append(transfer.id)
        self._all[transfer.id] = transfer
        self._paid = None
        for key in touched(transfer.draft, transfer.fee.asset):
            self._touching[key][transfer.id] = transfer
            if transfer.is_waiting:
                self._waiting.setdefault(key, {})[transfer.id] = transfer
            elif key in self._waiting:
                self._waiting[key].pop(transfer.id, None)
                if not self._waiting[key]:
                    del self._waiting[key]

    def _tell(self, transfer: Transfer, stale: Sequence[Scope]) -> None:
        keys = frozenset(touched(transfer.draft, transfer.fee.asset))
        self._feed.publish(ChangeSet(balances=keys, transfers=frozenset({transfer.id})))
        try:
            if stale:
                self.on_invalidated(stale)
        except Exception as error:  # noqa: BLE001 - a bug of ours: told of, but it breaks no payment (requirement I5)
            context = {"message": "what follows an invalidation failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
