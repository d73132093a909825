"""Looks through the networks' logs for token payments to our accounts, and for tokens that are in no list (P7).

One look at a network goes from where the last one ended to the head of its newest reading, a bounded number of blocks
and questions at a time, and over the last blocks once more: those can be replaced. What cannot be had is told by
difference of readings instead, and the page says so.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from desktop_wallet.chains.adapter import LogRefusal, ReadsTransferLogs
from desktop_wallet.core.errors import NetworkFailure, StorageFailure, UntrustedReply
from desktop_wallet.core.freshness import TTL_S, Purpose
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.receipts import LogScan, LogTrace, Received
from desktop_wallet.services.backing_off import BackOff
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.adapter import LogAnswer
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.receipts import TransferLog
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.found_tokens import FoundTokens
    from desktop_wallet.services.incoming import SeenHead
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.settings import SettingsKeeper

_log = logging.getLogger(__name__)

FIRST_LOOK_S: Final = 10.0
"""After an unlock: the balances come first."""
SOON_S: Final = 1.0
"""After a balance moved: what moves together is looked for together."""
CATCHING_UP_S: Final = 20.0
"""Between two looks at a network that is not at its head yet."""
OVERLAP_BLOCKS: Final = 64
"""Blocks below the last one that are looked through once more, since a reorganisation may have replaced them."""
FIRST_SPAN: Final = 1_000
MOST_SPAN: Final = 10_000
ASKS_A_ROUND: Final = 8
"""Questions to one network in one round."""
_STEADY: Final = 4
_LOOKED_UP_A_ROUND: Final = 8
"""Blocks whose logs are missing, of which a round asks whether they still stand."""
_WITHOUT_LOGS_S: Final = 3_600.0
"""Until a network without logs is asked again."""
_FIRST_PAUSE_S: Final = 60.0


@dataclass(slots=True, eq=False)
class _Looking:
    """How one network is looked through: how many blocks at once, and how many it has refused."""

    pause: BackOff
    span: int = FIRST_SPAN
    most: int = MOST_SPAN
    steady: int = 0
    """Spans of the most blocks that were answered one after the other."""
    has_logs: bool = True
    caught_up: bool = True
    soon: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def answered(self) -> None:
        """Take note that it answered for a whole span: the next may be larger."""
        self.pause.worked()
        self.has_logs = True
        self.steady = self.steady + 1 if self.span == self.most else 0
        if self.steady >= _STEADY:
            # One full block, or one server's bad hour, must not slow it down for as long as the program runs.
            self.most, self.steady = min(2 * self.most, MOST_SPAN), 0
        self.span = min(2 * self.span, self.most)

    def refused(self, blocks: int) -> None:
        """Take note that so many blocks were too much."""
        self.most = self.span = max(blocks // 2, 1)
        self.steady = 0


class Discovery:
    """Looks for payments and tokens while the profile is unlocked, the person lets it, and networks are chosen."""

    def __init__(self, parts: SessionParts, accounts: Accounts, settings: SettingsKeeper, tokens: FoundTokens) -> None:
        """Build on the parts of a session; nothing is asked before `begin`."""
        self._parts = parts
        self._incoming = parts.incoming
        self._accounts = accounts
        self._settings = settings
        self._tokens = tokens
        self._networks: dict[NetworkId, _Looking] = {}
        self._tasks = Tasks()
        self._stopped = False
        self._incoming.awaits_logs = self.follows_logs
        self._incoming.is_worth_telling = tokens.is_worth_telling
        self._incoming.on_moved = self.look_soon
        self._incoming.on_asked = self.look_soon

    def begin(self) -> None:
        """Look a while after this call, and then as often as lists are renewed."""
        self._tasks.begin(self._keep_looking(), "look for payments and tokens")

    def follows_logs(self, network: NetworkId) -> bool:
        """Return whether logs tell of a network's tokens: looking is on, and its servers have logs as far as known."""
        return self._is_wanted(network) and self._of(network).has_logs

    def look_soon(self, network: NetworkId) -> None:
        """Look at a network in a moment: a token's balance moved, or somebody asked."""
        looking = self._of(network)
        if not looking.soon and not self._stopped and self._is_wanted(network):
            looking.soon = True
            self._tasks.begin(self._look_in_a_moment(network, looking), "look for payments")

    def look_now(self) -> None:
        """Look at every network, because a person asked."""
        for network in self._tokens.networks():
            self.look_soon(network.id)

    async def look(self, network: NetworkId) -> None:
        """Look once at a network; every fault of it, or of the disk, only ends the look."""
        looking = self._of(network)
        async with looking.turn:
            if not self._is_wanted(network) or looking.pause.left_s:
                self._incoming.round_ended(network, caught_up=False, failed=True)
                return
            failed = True
            try:
                failed = not await self._look(network, looking)
                if self._is_wanted(network):
                    await self._tokens.describe(network)
            except (NetworkFailure, UntrustedReply) as error:
                looking.pause.failed()
                _log.info("%s: logs could not be looked through: %s", network, type(error).__name__)
            except StorageFailure as error:
                _log.warning("what logs told was not stored: %s", type(error).__name__)
            finally:
                self._incoming.round_ended(network, caught_up=looking.caught_up, failed=failed)

    async def stop(self) -> None:
        """End every look."""
        self._stopped = True
        await self._tasks.stop()

    # Within

    def _of(self, network: NetworkId) -> _Looking:
        looking = self._networks.get(network)
        if looking is None:
            pause = BackOff(self._parts.clock, first_s=_FIRST_PAUSE_S, longest_s=_WITHOUT_LOGS_S)
            looking = self._networks[network] = _Looking(pause)
        return looking

    def _is_wanted(self, network: NetworkId) -> bool:
        return self._settings.now.discover and self._parts.book.is_on(network)

    async def _keep_looking(self) -> None:
        await self._parts.sleep(FIRST_LOOK_S)
        while True:
            on = self._tokens.networks()
            for network in on:
                await self.look(network.id)
            policy = self._parts.policy()
            pauses = [policy.ttl_s(Purpose.LISTS, network) for network in on]
            if any(not self._of(network.id).caught_up for network in on):
                pauses.append(CATCHING_UP_S)
            await self._parts.sleep(min(pauses, default=TTL_S[Purpose.LISTS]))

    async def _look_in_a_moment(self, network: NetworkId, looking: _Looking) -> None:
        try:
            await self._parts.sleep(SOON_S)
        finally:
            looking.soon = False
        await self.look(network)

    async def _look(self, network: NetworkId, looking: _Looking) -> bool:
        """Look through as much as one round may; return whether logs were to be had."""
        adapter = self._parts.adapters.of(network)
        head = self._incoming.head(network)
        if not isinstance(adapter, ReadsTransferLogs):
            looking.has_logs = False
            return False
        if head is None:
            return True
        scans = {scan.address: scan for scan in await self._scans(network, head)}
        asks, overlap = ASKS_A_ROUND, OVERLAP_BLOCKS
        while scans and asks:
            # Accounts that are known up to the same block go together; those that lag behind come first.
            lowest = min(scan.through for scan in scans.values())
            group = [scan for scan in scans.values() if scan.through == lowest]
            target = min((scan.through for scan in scans.values() if scan.through > lowest), default=head.number)
            at = max(lowest - overlap, min(scan.begun_at for scan in group))
            overlap = 0
            if at >= target:
                break
            while at < target and asks and self._is_wanted(network):  # it may be switched off meanwhile
                asks -= 1
                blocks = range(at + 1, min(at + looking.span, target) + 1)
                answer = await adapter.transfers_to([scan.address for scan in group], blocks[0], blocks[-1])
                if answer.refusal is LogRefusal.NO_LOGS:
                    looking.has_logs = False
                    looking.span, looking.most = FIRST_SPAN, MOST_SPAN
                    looking.pause.failed(at_least_s=_WITHOUT_LOGS_S)
                    return False
                if answer.refusal is LogRefusal.TOO_MUCH:
                    looking.refused(len(blocks))
                    if len(blocks) > 1:
                        continue
                    # One block too full for anybody: what is in it is known by difference alone.
                    _log.warning("%s: the logs of block %d are too many", network, at + 1)
                    answer = replace(answer, through=at + 1)
                elif answer.through == blocks[-1]:
                    looking.answered()
                if answer.through <= at:
                    break
                group = [replace(scan, through=max(scan.through, answer.through)) for scan in group]
                await self._take(network, answer, range(at + 1, answer.through + 1), group)
                scans.update((scan.address, scan) for scan in group)
                at = answer.through
            if at < target:
                break  # the server is not there yet, or it is enough for now
        looking.caught_up = all(scan.through >= head.number for scan in scans.values())
        return True

    async def _scans(self, network: NetworkId, head: SeenHead) -> list[LogScan]:
        """Return how far each account is known on the chain as it is now; a new chain begins at its head."""
        now_s = self._parts.clock.now().wall_s
        known = self._incoming.known_places(network)
        scans = []
        for account in self._accounts.accounts():
            begun_at = known.get(account.address)
            if begun_at is None or account.hidden:
                continue
            scan = self._incoming.scan(network, account.address)
            if scan is None:
                begun_at = min(begun_at, head.number)
                scan = LogScan(network, account.address, begun_at, begun_at, head.chain_hash, 0.0)
            elif scan.chain_hash and head.chain_hash and scan.chain_hash != head.chain_hash:
                scan = LogScan(network, account.address, head.number, head.number, head.chain_hash, now_s)
            scans.append(scan)
        begun = [scan for scan in scans if scan != self._incoming.scan(network, scan.address)]
        if begun:
            await self._incoming.take_logged((), begun)  # where it began must stand, should the chain begin anew
        return scans

    async def _take(self, network: NetworkId, answer: LogAnswer, blocks: range, scans: Sequence[LogScan]) -> None:
        now_s = self._parts.clock.now().wall_s
        begun_at = {scan.address: scan.begun_at for scan in scans}
        # What was there before an account was first read came before it was known.
        logs = [log for log in answer.logs if log.block > begun_at[log.recipient]]
        rows = [_received(log, now_s, answer.host) for log in logs]
        gone = await self._gone(network, rows, blocks, {scan.address for scan in scans})
        found = [row.asset for row in rows if row.amount and not self._incoming.is_ours(row)]
        await self._tokens.note(found)
        kept = [row for row in rows if not row.amount or self._tokens.is_noted(row.asset)]
        await self._incoming.take_logged(kept, scans, gone)

    async def _gone(
        self, network: NetworkId, rows: Sequence[Received], blocks: range, addresses: set[Address]
    ) -> set[str]:
        """Return the hashes of blocks whose logs are told no more because the blocks themselves are gone.

        That a server leaves a log out proves nothing: only a block that no longer stands takes its logs with it.
        """
        told = {row.trace and (row.trace.block_hash, row.trace.index) for row in rows}
        missing = {
            row.trace.block_hash: row.to_height
            for row in self._incoming.logged()
            if row.trace is not None
            and row.network == network
            and row.address in addresses
            and row.to_height in blocks
            and (row.trace.block_hash, row.trace.index) not in told
        }
        adapter = self._parts.adapters.of(network)
        gone = set()
        for block_hash, height in list(missing.items())[:_LOOKED_UP_A_ROUND]:
            if height is not None and await adapter.is_on_chain(Height(HeightKind.BLOCK, height, block_hash)) is False:
                gone.add(block_hash)
        return gone


def _received(log: TransferLog, seen_at_s: float, host: str) -> Received:
    return Received(
        network=log.asset.network,
        address=log.recipient,
        asset=log.asset,
        amount=log.amount,
        from_height=log.block,
        to_height=log.block,
        seen_at_s=seen_at_s,
        host=host,
        trace=LogTrace(log.sender, log.transaction, log.index, log.block_hash),
    )
