"""The four promises about a number, held against everything that ever was true on the model chain.

Nothing here asks the engine's own rules: only what it shows and says, and what the chain was when a server said it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import BadgeKind, Purpose
from desktop_wallet.core.positions import Height, Unordered
from desktop_wallet.core.transfers import TransferState
from tests.fakes.branching_chain import Kind, Served

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.reports import Answer
    from tests.fakes.branching_chain import BranchingChain, Node
    from tests.services.linearizability_wallet import Wallet

LIMITS_S = {Purpose.DISPLAY: 30.0, Purpose.SPEND: 5.0, Purpose.QUOTE: 30.0, Purpose.BACKGROUND: 300.0}
_A_LITTLE_S = 1e-3
Seen = tuple[str, "str | None"]
"""A payment that the wallet has seen confirmed, and the block; None where there are no blocks."""
Known = tuple[frozenset[Seen], int]
"""The payments confirmed, and how long the story was when the wallet was last told of a change."""


class Broken(AssertionError):
    """A promise was broken; the message is the whole story."""

    def __init__(self, promise: str, what: str, story: list[str]) -> None:
        super().__init__("\n".join([f"{promise}: {what}", *story]))
        self.promise = promise


class Judge:
    """Looks at all that the wallet shows, and at every answer it gives."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self.claims = 0
        """How many numbers were shown or given as good ones."""
        self._told: dict[BalanceKey, int] = {}
        self._highest: dict[BalanceKey, tuple[Node, str | None]] = {}

    @property
    def _chain(self) -> BranchingChain:
        return self._wallet.chain

    def known(self, key: BalanceKey) -> Known:
        """Return what every number has to show that somebody asks for from now on."""
        return self._confirmed(key), self._told.get(key, 0)

    def _confirmed(self, key: BalanceKey) -> frozenset[Seen]:
        """Return the payments touching a balance that the wallet knows to have happened, by its own record."""
        return frozenset(
            (transfer.transaction, transfer.block.hash if transfer.block else None)
            for transfer in self._touching(key)
            if (_is_acknowledged if self._chain.kind is Kind.UNORDERED else _is_mined)(transfer)
        )

    def note_told(self, keys: Iterable[BalanceKey], when: int) -> None:
        """Note that no read counts any more that began before the story was so long."""
        for key in keys:
            self._told[key] = max(self._told.get(key, 0), when)

    def note_forgotten(self, keys: Iterable[BalanceKey]) -> None:
        """Note that the wallet was asked to forget what it had, and so how far it had got."""
        for key in keys:
            self._highest.pop(key, None)

    def look(self, page_opened: Instant | None) -> None:
        """Look at every row as a view paints it."""
        balances = self._wallet.engine.balances
        keys = balances.keys()
        unknown = 0
        for key, badge in zip(keys, balances.badges(keys, page_opened), strict=True):
            reading = balances.state(key).reading
            if reading is None:
                unknown += 1
                self._demand(badge.kind is BadgeKind.UNAVAILABLE, "a number for nothing", f"{badge}")
                self._demand(balances.spendable(key) is None, "a number for nothing", "spendable of an unknown balance")
                continue
            served = self._look_at_number(key, reading)
            self._look_at_spendable(key, served)
            if badge.kind in (BadgeKind.FRESH, BadgeKind.CACHED):
                self._look_at_claim(key, reading, self.known(key), LIMITS_S[Purpose.DISPLAY], badge.kind.value)
                self._look_at_order(key, reading, badge.kind.value)
        total = balances.total(keys, page_opened, one_asset=True)
        self._look_at_settled()
        self._demand(total.unknown == unknown, "a number for nothing", f"a total of {total} with {unknown} unknown")

    def hear(
        self, key: BalanceKey, purpose: Purpose, answer: Answer, before: Known, *, waited_s: float, owed: bool
    ) -> None:
        """Judge an answer in the moment in which a reader gets it; `before` was known when the reader began.

        What came from the cache was looked up before the reader waited for its other balances, and is judged as of
        then. `owed`: nothing stood in the way of a good number.
        """
        reading = answer.state.reading
        if reading is None:
            self._demand(not answer.from_cache and answer.age_s is None, "a number for nothing", f"{answer}")
            self._demand(not owed or answer.failure is not None, "less than was asked for", "no number")
            return
        self._look_at_number(key, reading)
        known = before[0] & self._confirmed(key), before[1]
        claim = f"answered for {purpose.value}"
        if answer.from_cache:
            self._look_at_claim(key, reading, known, LIMITS_S[purpose] + waited_s, claim)
            return
        due = self._wallet.engine.balances.is_due(key, purpose)
        self._demand(not owed or not due, "less than was asked for", f"{answer}")
        if answer.failure is None and not due:
            self._look_at_claim(key, reading, known, LIMITS_S[purpose], claim)
            self._look_at_order(key, reading, claim)

    def _look_at_number(self, key: BalanceKey, reading: Reading) -> Served:
        served = self._chain.served[reading.batch]
        node, position = served.node, reading.position
        said = f"{reading.amount} at {position} from {reading.endpoint}"
        self._demand(reading.key == key, "another balance's number", said)
        self._demand(reading.amount == node.balance(key.address.text), "an amount that never was", said)
        self._demand(reading.endpoint == served.host, "another server's number", said)
        if isinstance(position, Height):
            true_place = position.number == node.number and position.hash in (None, node.hash)
            self._demand(true_place and reading.chain_hash == node.genesis, "an amount of another place", said)
        else:
            self._demand(position == Unordered(str(node.count(key.address.text))), "an amount of another place", said)
        return served

    def _look_at_claim(self, key: BalanceKey, reading: Reading, known: Known, limit_s: float, claim: str) -> None:
        confirmed, told = known
        self.claims += 1
        served = self._chain.served[reading.batch]
        age_s = self._chain.now_s - served.at_s
        what = f"{claim}: #{reading.batch} {reading.amount} of {key.address.text[:4]}, {age_s:.1f} s old"
        self._demand(age_s <= limit_s + _A_LITTLE_S, "older than its time", f"{what} of {limit_s:.0f}")
        self._demand(served.asked >= told, "from before an invalidation", f"{what}, asked {served.asked}, told {told}")
        for payment, block in confirmed:
            if self._is_before(served.node, payment, block):
                self._demand(False, "from before a confirmed send", f"{what}, {payment[:8]} was seen in {block}")

    def _look_at_order(self, key: BalanceKey, reading: Reading, claim: str) -> None:
        """Demand that no good number is followed by one from below it, nor by one of a chain that was before."""
        node, commitment = self._chain.served[reading.batch].node, _commitment(reading)
        highest, with_commitment = self._highest.get(key, (node, commitment))
        stands = self._chain.tip.stands_on(highest) and with_commitment == commitment
        back = highest.stands_on(node) and node is not highest and stands
        gone = highest.genesis == self._chain.tip.genesis != node.genesis
        self._demand(not back and not gone, "back in time", f"{claim}: {node.hash} after {highest.hash}")
        self._highest[key] = node, commitment

    def _look_at_settled(self) -> None:
        """Demand that what settled a transfer was read where the transfer had happened."""
        for transfer in self._wallet.engine.transfers.all():
            block, settled = transfer.block, transfer.settled
            if block is None or settled is None or block.hash is None:
                continue
            shown = settled.number >= block.number
            if settled.hash is not None:
                shown = self._chain.nodes[settled.hash].stands_on(self._chain.nodes[block.hash])
            self._demand(shown, "settled by what does not show it", f"{transfer.transaction[:8]} in {block.hash}")

    def _is_before(self, node: Node, payment: str, block: str | None) -> bool:
        """Return whether a number is from below a block on the very chain that the block stands on."""
        if block is None:
            return payment not in node.ids
        mined = self._chain.nodes[block]
        return node.number < mined.number and mined.stands_on(node)

    def _look_at_spendable(self, key: BalanceKey, served: Served) -> None:
        node = served.node
        in_flight: dict[int, int] = {}
        for nonce, most, block in self._ours(key):
            elsewhere = block is not None and not self._is_known_to(node, block)
            if node.count(key.address.text) <= nonce and not elsewhere:
                in_flight[nonce] = max(in_flight.get(nonce, 0), most)
        truth = max(node.balance(key.address.text) - sum(in_flight.values()), 0)
        said = self._wallet.engine.balances.spendable(key)
        what = f"{said} of {key.address.text[:4]} is more than {truth} at {node.hash}, in flight {in_flight}"
        self._demand(said is not None and said <= truth, "more than can be spent", what)

    def _is_known_to(self, node: Node, block: str) -> bool:
        """Return whether a block stands below the number, or above it on the same branch.

        What was mined on a branch that the wallet has not yet seen go is judged by its own record of that branch:
        whether it notices in time is the reorg watch's to prove.
        """
        mined = self._chain.nodes[block]
        return mined.stands_on(node) or node.stands_on(mined)

    def _ours(self, key: BalanceKey) -> Iterator[tuple[int, int, str | None]]:
        """Yield nonce, most it may take, and block as the wallet knows it, of everything signed for an account."""
        blocks: dict[int, str | None] = {}
        for transfer in self._wallet.engine.transfers.all():
            said = json.loads(transfer.raw)
            if said["from"] == key.address.text:
                block = transfer.block.hash if transfer.block else None
                blocks[transfer.nonce] = blocks.get(transfer.nonce) or block
        for transfer in self._wallet.engine.transfers.all():
            said = json.loads(transfer.raw)
            if said["from"] == key.address.text:
                value = 0 if said["to"] == said["from"] else said["value"]
                yield said["nonce"], value + said["gas"] * said["max"], blocks[transfer.nonce]

    def _touching(self, key: BalanceKey) -> list[Transfer]:
        everything = self._wallet.engine.transfers.all()
        return [each for each in everything if key.address in (each.draft.sender, each.draft.recipient)]

    def _demand(self, holds: bool, promise: str, what: str) -> None:
        if not holds:
            raise Broken(promise, what, self._chain.story)


def _is_mined(transfer: Transfer) -> bool:
    return transfer.state.is_mined


def _is_acknowledged(transfer: Transfer) -> bool:
    return any(step.state is TransferState.BROADCAST for step in transfer.steps)


def _commitment(reading: Reading) -> str | None:
    return reading.position.commitment if isinstance(reading.position, Height) else None
