"""What the blocks of a practice network contain: gifts, the faucet's drips, and transactions with their receipts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.blocks import AGE_AT_BIRTH_BLOCKS
from desktop_wallet.chains.practice.execution import Call
from desktop_wallet.chains.practice.pool import BLOCK_GAS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.chains.practice.blocks import Blocks
    from desktop_wallet.chains.practice.execution import Execution, Movement
    from desktop_wallet.chains.practice.ledger import Ledger
    from desktop_wallet.chains.practice.pool import Pool
    from desktop_wallet.chains.practice.prices import Prices
    from desktop_wallet.chains.practice.transactions import Transaction
    from desktop_wallet.chains.practice.worlds import PracticeWorld


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction: its block and place, what it used and paid a unit of gas, and what it moved."""

    transaction: Transaction
    block: int
    place: int
    gas: int
    gas_before: int
    price_wei: int
    succeeded: bool
    movements: tuple[Movement, ...]


@dataclass(frozen=True, slots=True)
class Airdrop:
    """What a stranger's contract logs in a block; it may move nothing, and nobody sent a transaction we know of."""

    block: int
    token: str
    sender: str
    recipient: str
    amount: int
    transaction: str


class Contents:
    """Fills blocks one after the other, up to the head, whenever somebody looks.

    While `held` blocks are made without transactions. `draw(label, below)` gives a seeded number.
    """

    def __init__(self, world: PracticeWorld, blocks: Blocks, ledger: Ledger, draw: Callable[[str, int], int]) -> None:
        self.held = False
        self.receipts: dict[str, Receipt] = {}
        self.airdrops: list[Airdrop] = []
        self._world = world
        self._blocks = blocks
        self._ledger = ledger
        self._draw = draw
        self._filled = AGE_AT_BIRTH_BLOCKS
        self._newcomers: list[str] = []
        self._given: dict[int, list[tuple[str | None, str, int]]] = defaultdict(list)

    def fill(self, pool: Pool, execution: Execution, prices: Prices) -> None:
        """Fill every block that has come since the last call, from that pool."""
        while self._filled < self._blocks.head:
            self._filled += 1
            if self._filled in self._given:
                for token, account, amount in self._given[self._filled]:
                    self._ledger.give(self._filled, token, account, amount)
            else:
                self._drip(self._filled)
            if not self.held:
                self._mine(self._filled, pool, execution, prices)

    def inside(self, block: int) -> list[Receipt]:
        """Return what stands in a block, in order."""
        return [receipt for receipt in self.receipts.values() if receipt.block == block]

    def welcome(self, account: str) -> None:
        """Give an account the newcomer's gift in the newest block; one that had it already gets nothing more."""
        if account in self._newcomers:
            return
        self._newcomers.append(account)
        self._give(None, account, self._world.gift_wei)
        for token in self._world.tokens:
            self._give(token.address, account, token.gift)

    def airdrop(self, token: str, sender: str, recipient: str, amount: int, transaction: str) -> None:
        """Let the next block hold a transfer of a stranger's doing."""
        block = self._filled + 1
        self.airdrops.append(Airdrop(block, token, sender, recipient, amount, transaction))
        self._given[block].append((token, recipient, amount))

    def empty_from(self, first: int) -> list[Transaction]:
        """Undo blocks from that one on and return the transactions in them; gifts come again in the same blocks."""
        self._ledger.forget_from(first)
        self._filled = min(self._filled, first - 1)
        undone = [receipt.transaction for receipt in self.receipts.values() if receipt.block >= first]
        for transaction in undone:
            del self.receipts[transaction.hash]
        return undone

    def _give(self, token: str | None, account: str, amount: int) -> None:
        self._given[self._filled].append((token, account, amount))
        self._ledger.give(self._filled, token, account, amount)

    def _drip(self, block: int) -> None:
        """Let the faucet do its work: one newcomer after the other gets a little."""
        every = self._world.drip_every_blocks
        if block % every or not self._newcomers:
            return
        drips: list[tuple[str | None, int]] = [(None, self._world.drip_wei)]
        drips += [(token.address, token.drip) for token in self._world.tokens if token.drip]
        turn = block // every
        token, most = drips[turn % len(drips)]
        account = self._newcomers[turn // len(drips) % len(self._newcomers)]
        self._give(token, account, 1 + self._draw(f"drip/{turn}", most))

    def _mine(self, block: int, pool: Pool, execution: Execution, prices: Prices) -> None:
        base_fee_wei, room = prices.base_fee_wei(block), BLOCK_GAS_LIMIT - prices.crowd_gas(block)
        place = used = 0
        while (best := pool.take_best(base_fee_wei, room - used)) is not None:
            effect = execution.effect(Call(best.sender, best.to, best.value_wei, best.data), block)
            enough = effect.gas <= best.gas
            gas, price_wei = min(effect.gas, best.gas), best.price_wei(base_fee_wei)
            movements = effect.movements if enough else ()
            self._ledger.count_transaction(block, best.sender)
            self._ledger.take(block, None, best.sender, gas * price_wei)
            for moved in movements:
                self._ledger.take(block, moved.token, moved.sender, moved.amount)
                self._ledger.give(block, moved.token, moved.recipient, moved.amount)
            succeeded = enough and effect.reverted is None
            self.receipts[best.hash] = Receipt(best, block, place, gas, used, price_wei, succeeded, movements)
            place, used = place + 1, used + gas
