"""What becomes of signed transfers: handed to servers, watched until nothing can change any more, and settled.

One watch a network asks for all its transfers in one batch: half a second after a broadcast, then about once a block,
then rarely. What the best server denies is looked for on every server. A receipt alone settles nothing: the balances
are read pinned to a block above it, from a server on which the receipt's block stands.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import Acknowledgement, Mined, Wanted
from desktop_wallet.core.errors import NetworkFailure, StorageFailure, UntrustedReply, VaultLocked
from desktop_wallet.core.sightings import Finding, Patience, conclude, is_denied
from desktop_wallet.core.signing import SignedTransaction
from desktop_wallet.core.transfers import EDGES, Ahead, Step, Transfer, TransferState, advance, ahead_of, touched
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.sightings import Sighting
    from desktop_wallet.core.transfers import TransferId
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.transfers import TransferBook

_log = logging.getLogger(__name__)

FIRST_LOOK_S = 0.5
"""After a broadcast; only the first look (requirement I7)."""
_SHORTEST_LOOK_S = 2.0
"""Where blocks come faster: a server that allows 100 requests a minute has others to answer too."""
_LONGEST_LOOK_S = 15.0
_PATIENT_AFTER_LOOKS = 60
"""What was not mined by then is looked for at the longest pause only."""
_SELDOM_S = 60.0
"""For what is dropped, replaced or closed by hand, and for what only waits to be final."""
RESEND_FOR_S = 600.0
"""While this session sent it so recently, a transfer that every server denies is handed to them again."""
_RESEND_EVERY_S = 15.0
_WITH_BLOCK = (TransferState.CONFIRMED, TransferState.FAILED, TransferState.REPLACED, TransferState.FINALIZED)


@dataclass(slots=True, eq=False)
class _Watch:
    """The watch over one network's transfers: `looks` since the last broadcast, and the pause before the next one."""

    looks: int = 0
    pause_s: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, after_s: float) -> None:
        """Look next after that time, whatever was planned."""
        self.looks, self.pause_s = 0, after_s
        self.changed.set()

    def hurry(self) -> None:
        """Look at once, and go on as before then."""
        self.pause_s = 0.0
        self.changed.set()


class Settling:
    """Watches every transfer of the unlocked profile that may still change."""

    def __init__(self, parts: SessionParts, balances: Balances) -> None:
        """Build on the parts of a session; nothing is asked before `begin`."""
        self._parts = parts
        self._balances = balances
        self._book: TransferBook = parts.transfers
        self._watches: dict[NetworkId, _Watch] = {}
        self._denials: dict[TransferId, int] = {}
        self._looked_up: set[TransferId] = set()
        self._sent: dict[TransferId, Instant] = {}
        """When this session handed a transfer to servers first: these may be handed over again."""
        self._handed: dict[TransferId, Instant] = {}
        """When it did so last."""
        self._handing_over: dict[TransferId, asyncio.Event] = {}
        """What no server has taken yet, and what tells that one has."""
        self._looked: dict[TransferId, Instant] = {}
        """When a transfer was last looked for."""
        self._tasks = Tasks()
        self._stopped = False
        self._book.on_moved = self._look_soon
        self._used_nonces: dict[tuple[NetworkId, Address], int] = {}
        """How many transactions of an account stood in blocks at the last look."""
        self.rounds = 0
        """How often everything open on a network was looked at, and what follows was done."""

    @property
    def delivering(self) -> bool:
        """Return whether a transfer is being handed to servers."""
        return bool(self._handing_over)

    def looked_up(self, transfer: TransferId) -> bool:
        """Return whether every server has been asked for a transfer since it was last handed to one."""
        return transfer in self._looked_up

    def ahead_of(self, transfer: Transfer) -> Ahead:
        """Return what a transfer waits for before its own turn comes, as far as the last look showed it."""
        network, sender, _ = transfer.slot
        used = self._used_nonces.get((network, sender))
        return Ahead() if used is None else ahead_of(transfer, used, self._book.of_account(network, sender))

    def begin(self) -> None:
        """Look after everything that is open on networks that are on: after an unlock, or when one was switched on."""
        for network in {t.draft.network for t in self._book.all() if not t.final or t.is_waiting}:
            if self._parts.book.is_on(network):
                self._watch(network)

    def look_now(self) -> None:
        """Look at once, because a person asked."""
        self._looked.clear()
        self.begin()
        for watch in self._watches.values():
            watch.wake(0.0)

    def _look_soon(self, network: NetworkId) -> None:
        """Look at once, because a balance moved that waits for a transfer: until it is found that counts twice."""
        if network in self._watches:
            self._watches[network].hurry()

    async def stop(self) -> None:
        """End every watch."""
        self._stopped = True
        await self._tasks.stop()

    # Handing over

    async def deliver(self, transfer: TransferId) -> Transfer:
        """Hand a stored transfer to the servers; return it once one has it, or when all have been tried.

        What the servers say is noted; a disk that is full then changes nothing about the payment. Raises VaultLocked.
        """
        if self._stopped:
            raise VaultLocked
        if transfer not in self._handing_over:
            self._sent[transfer] = self._parts.clock.now()
            self._looked_up.discard(transfer)
            self._used_nonces.pop(self._book.get(transfer).slot[:2], None)  # what is ahead of it, the next look tells
            self._denials.pop(transfer, None)
            taken = asyncio.Event()
            self._begin_handing_over(transfer, taken)
            await taken.wait()
        return self._book.get(transfer)

    def _begin_handing_over(self, transfer: TransferId, taken: asyncio.Event) -> None:
        self._handing_over[transfer] = taken
        self._handed[transfer] = self._parts.clock.now()
        self._tasks.begin(self._hand_over(transfer, taken), "hand over")

    async def _hand_over(self, transfer: TransferId, taken: asyncio.Event) -> None:
        known = self._book.get(transfer)
        try:
            adapter = self._parts.adapters.of(known.draft.network)
            async for delivery in adapter.broadcast(SignedTransaction(known.raw, known.transaction)):
                _log.info("broadcast at %s: %s", delivery.host, delivery.acknowledgement.value)
                if delivery.acknowledgement is Acknowledgement.TAKEN:
                    await self._note(transfer, TransferState.BROADCAST, host=delivery.host)
                    self._let_go(known, taken)  # a server that never answers holds up nothing that follows
            await self._note(transfer, TransferState.UNKNOWN, cause="broadcast not acknowledged")
        finally:
            self._let_go(known, taken)

    def _let_go(self, transfer: Transfer, taken: asyncio.Event) -> None:
        if self._handing_over.get(transfer.id) is taken:
            del self._handing_over[transfer.id]
            if not self._stopped:
                self._watch(transfer.draft.network).wake(FIRST_LOOK_S)
        taken.set()

    async def _note(self, transfer: TransferId, state: TransferState, *, host: str = "", cause: str = "") -> None:
        wanted = {
            TransferState.BROADCAST: (TransferState.SIGNED, TransferState.UNKNOWN, TransferState.DROPPED),
            TransferState.UNKNOWN: (TransferState.SIGNED, TransferState.DROPPED),
        }[state]

        def step(before: Transfer) -> Transfer | None:
            if before.state not in wanted:
                return None
            return replace(advance(before, Step(state, self._parts.clock.now().wall_s, host=host)), closed=False)

        await self._change(transfer, step, cause)

    # Watching

    def _watch(self, network: NetworkId) -> _Watch:
        watch = self._watches.get(network)
        if watch is None and not self._stopped:
            watch = self._watches[network] = _Watch()
            self._tasks.begin(self._keep_watch(network, watch), f"watch {network}")
        return watch or _Watch()

    async def _keep_watch(self, network: NetworkId, watch: _Watch) -> None:
        try:
            while self._book.unfinished(network):
                await self._pause(watch)
                if not self._parts.book.is_on(network):
                    return  # switched off meanwhile, or removed; `begin` takes it up again
                watch.looks += 1
                try:
                    await self._look(network)
                except Exception as error:  # noqa: BLE001 - a bug of ours: told of, and no reason to watch no longer
                    context = {"message": f"a look at {network} failed", "exception": error}
                    asyncio.get_running_loop().call_exception_handler(context)
                self.rounds += 1
                if not watch.changed.is_set():  # else somebody asked for another pause meanwhile
                    watch.pause_s = self._pause_s(network, watch.looks)
        finally:
            if self._watches.get(network) is watch:
                del self._watches[network]

    async def _pause(self, watch: _Watch) -> None:
        """Return when the pause is over; one that is changed meanwhile begins anew."""
        over = False
        while not over:
            watch.changed.clear()
            sleeping = self._tasks.start(_sleep(self._parts.sleep, watch.pause_s), "pause")
            waking = self._tasks.start(_wait(watch.changed), "wake")
            try:
                await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
                over = sleeping.done()
            finally:
                sleeping.cancel()
                waking.cancel()

    def _pause_s(self, network: NetworkId, looks: int) -> float:
        if not any(transfer.is_waiting for transfer in self._book.unfinished(network)):
            return _SELDOM_S
        if looks > _PATIENT_AFTER_LOOKS:
            return _LONGEST_LOOK_S
        block_s = self._parts.book.network(network).block_time_s
        return min(FIRST_LOOK_S * 2.0**looks, max(block_s, _SHORTEST_LOOK_S), _LONGEST_LOOK_S)

    async def _look(self, network: NetworkId) -> None:
        """Ask once for everything on a network that is due, and do what follows.

        What is in no doubt comes first, from one server: no payment waits for a slow one because of another's.
        """
        calm: list[Transfer] = []
        doubtful: list[Transfer] = []
        for transfer in filter(self._is_due, self._book.unfinished(network)):
            (doubtful if self._in_doubt(transfer) else calm).append(transfer)
            self._looked[transfer.id] = self._parts.clock.now()
        try:
            doubtful += await self._look_for(network, calm, everywhere=False)
            await self._settle(network)
            if doubtful:
                await self._look_for(network, doubtful, everywhere=True)
                await self._settle(network)
        except (NetworkFailure, UntrustedReply) as error:
            _log.info("%s could not be asked for transactions: %s", network, type(error).__name__)

    def _is_due(self, transfer: Transfer) -> bool:
        last = self._looked.get(transfer.id)
        lately = last is not None and last.age_s(self._parts.clock.now()) < _SELDOM_S - 1.0
        return transfer.id not in self._handing_over and (transfer.is_waiting or not lately)

    async def _look_for(self, network: NetworkId, transfers: Sequence[Transfer], *, everywhere: bool) -> list[Transfer]:
        """Ask one server, or every one, and do what follows; return what the one denies, to be asked everywhere."""
        if not transfers:
            return []
        adapter = self._parts.adapters.of(network)
        handed = {transfer.id: self._handed.get(transfer.id) for transfer in transfers}
        wanted = [Wanted(t.transaction, t.draft.sender, t.nonce, t.block) for t in transfers]
        sightings = await adapter.look_up(wanted, everywhere=everywhere)
        for sighting in sightings:
            for sender, used in sighting.used_nonces.items():
                self._used_nonces[network, sender] = used
        denied = [] if everywhere else [transfer for transfer in transfers if is_denied(transfer, sightings)]
        later = {transfer.id for transfer in denied}
        complete = everywhere and len(sightings) >= len(adapter.endpoint_statuses())
        for transfer in transfers:
            # For what was handed over meanwhile the servers were asked before they had it.
            if transfer.id not in later and self._handed.get(transfer.id) is handed[transfer.id]:
                await self._conclude(transfer.id, sightings, complete=complete)
        return denied

    def _in_doubt(self, transfer: Transfer) -> bool:
        in_doubt = transfer.state in (TransferState.SIGNED, TransferState.UNKNOWN, TransferState.DROPPED)
        return in_doubt or self._denials.get(transfer.id, 0) > 0

    async def _conclude(self, which: TransferId, sightings: Sequence[Sighting], *, complete: bool) -> None:
        transfer = self._book.get(which)
        if which in self._handing_over:
            return
        if transfer.state is TransferState.SIGNED:  # an earlier run ended between the record and the answer
            await self._note(which, TransferState.UNKNOWN, cause="found after a restart")
            transfer = self._book.get(which)
        if is_denied(transfer, sightings):
            self._denials[which] = self._denials.get(which, 0) + 1
        else:
            self._denials.pop(which, None)
        if complete:
            self._looked_up.add(which)
        young = self._is_young(transfer)
        patience = Patience(self._denials.get(which, 0), complete=complete and not young)
        finding = conclude(transfer, sightings, self._book.siblings(transfer), patience)
        if finding is not None:
            await self._take(which, finding)
        elif young and self._denials.get(which) and self._resend_is_due(which):
            self._begin_handing_over(which, asyncio.Event())

    def _is_young(self, transfer: Transfer) -> bool:
        sent = self._sent.get(transfer.id)
        if sent is None or transfer.closed or not transfer.state.is_open:
            return False
        if any(sibling.attempt > transfer.attempt for sibling in self._book.siblings(transfer)):
            return False  # a newer transaction took its place
        return sent.age_s(self._parts.clock.now()) < RESEND_FOR_S

    def _resend_is_due(self, transfer: TransferId) -> bool:
        last = self._handed.get(transfer)
        return last is None or last.age_s(self._parts.clock.now()) >= _RESEND_EVERY_S

    async def _take(self, which: TransferId, finding: Finding) -> None:
        """Go through the states of a finding, each stored with its invalidation."""
        now_s = self._parts.clock.now().wall_s
        for state in finding.states:
            block = finding.block if state in _WITH_BLOCK else None
            step = Step(state, now_s, block.number if block else None, finding.host)

            def go(before: Transfer, step: Step = step, block: Height | None = block) -> Transfer | None:
                if step.state not in EDGES[before.state]:
                    return None  # a step of another hand came in between; the next look sees both
                return advance(before, step, block=block, fee_paid=finding.fee_paid if block else None)

            # What becomes final changes no balance any more.
            await self._change(which, go, cause="" if state is TransferState.FINALIZED else state.value)
        if not finding.states and finding.final:
            await self._change(which, lambda before: replace(before, final=True))

    async def _change(self, which: TransferId, step: Callable[[Transfer], Transfer | None], cause: str = "") -> None:
        try:
            await self._book.change(which, step, cause)
        except StorageFailure as error:
            # The payment is what it is; what could not be written is seen again at the next look.
            _log.warning("a transfer's step was not stored: %s", type(error).__name__)

    # Settling

    async def _settle(self, network: NetworkId) -> None:
        """Read the balances of what is mined, pinned above its block, and note that they are settled."""
        mined = [t for t in self._book.unfinished(network) if t.state.is_mined and t.settled is None]
        if mined and not await self._settle_together(network, mined) and len(mined) > 1:
            for transfer in mined:  # one that no other server agrees to holds up no other
                await self._settle_together(network, [transfer])

    async def _settle_together(self, network: NetworkId, mined: Sequence[Transfer]) -> bool:
        """Settle by one read what can be; return whether anything could be read."""
        ours = set(self._parts.book.keys(network=network))
        keys = {transfer.id: ours.intersection(touched(transfer.draft, transfer.fee.asset)) for transfer in mined}
        wanted = set().union(*keys.values())
        told = tuple(
            Mined(transfer.block, transfer.draft.sender, transfer.nonce, transfer.steps[-1].host)
            for transfer in mined
            if transfer.block is not None
        )
        read = await self._balances.settle(network, tuple(wanted), told) if wanted else {}
        for transfer in mined:
            if not keys[transfer.id] <= read.keys():
                continue  # a contract that gives no number holds up no other payment
            at = next((read[key] for key in keys[transfer.id]), transfer.block)

            def settle(before: Transfer, seen: Transfer = transfer, at: Height | None = at) -> Transfer | None:
                return replace(before, settled=at) if before.block == seen.block else None

            await self._change(transfer.id, settle)
        self._parts.incoming.settled(
            reading for key in wanted if (reading := self._balances.state(key).reading) is not None
        )
        return bool(read) or not wanted


async def _sleep(sleep: Callable[[float], Awaitable[None]], pause_s: float) -> None:
    await sleep(pause_s)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
