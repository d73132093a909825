"""Transactions that wait for a block of a practice network: who may wait, and who is next.

The checks and their words are those of go-ethereum's pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.execution import intrinsic_gas
from desktop_wallet.chains.practice.prices import FLOOR_WEI
from desktop_wallet.chains.practice.refusals import refuse

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.ledger import Ledger
    from desktop_wallet.chains.practice.transactions import Transaction

BLOCK_GAS_LIMIT = 30_000_000
_BUMP_PERCENT = 10
"""What a replacement has to pay more, in both prices (go-ethereum's PriceBump)."""


class Pool:
    """Waiting transactions, one a nonce of each sender; those above a missing nonce wait for it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: dict[str, dict[int, Transaction]] = {}

    def get(self, transaction: str) -> Transaction | None:
        """Return what waits under that hash."""
        every = (each for slots in self._waiting.values() for each in slots.values())
        return next((each for each in every if each.hash == transaction), None)

    def add(self, transaction: Transaction) -> None:
        """Take a transaction in, in place of an earlier one with its nonce that pays enough less; raises Refused."""
        slots = self._waiting.setdefault(transaction.sender, {})
        earlier = slots.get(transaction.nonce)
        if earlier is not None and earlier.hash == transaction.hash:
            raise refuse("already known")
        self._check_terms(transaction)
        used = self._ledger.newest_nonce(transaction.sender)
        if transaction.nonce < used:
            raise refuse(f"nonce too low: next nonce {used}, tx nonce {transaction.nonce}")
        promised = sum(each.most_wei for each in slots.values() if each is not earlier)
        balance = self._ledger.newest(None, transaction.sender)
        if promised + transaction.most_wei > balance:
            raise refuse(
                f"insufficient funds for gas * price + value: balance {balance}, "
                f"queued cost {promised}, tx cost {transaction.most_wei}"
            )
        if earlier is not None and not _outbids(transaction, earlier):
            raise refuse("replacement transaction underpriced")
        slots[transaction.nonce] = transaction

    def put_back(self, transaction: Transaction) -> None:
        """Take in again what stood in a block that was replaced; its nonce is free again."""
        self._waiting.setdefault(transaction.sender, {})[transaction.nonce] = transaction

    def drop(self, transaction: str) -> None:
        """Forget a transaction, as pools do that are full; nothing if it does not wait."""
        for slots in self._waiting.values():
            for nonce in [nonce for nonce, each in slots.items() if each.hash == transaction]:
                del slots[nonce]

    def next_nonce(self, sender: str) -> int:
        """Return the first nonce that neither the chain nor what waits in an unbroken row uses up."""
        nonce, slots = self._ledger.newest_nonce(sender), self._waiting.get(sender, {})
        while nonce in slots:
            nonce += 1
        return nonce

    def take_best(self, base_fee_wei: int, gas_left: int) -> Transaction | None:
        """Return and forget the dearest one whose turn it is and who can pay; None if there is none."""
        turns = [slots.get(self._ledger.newest_nonce(sender)) for sender, slots in self._waiting.items()]
        ready = [each for each in turns if each and each.max_fee_wei >= base_fee_wei and each.gas <= gas_left]
        for each in sorted(ready, key=lambda ready: ready.price_wei(base_fee_wei), reverse=True):
            self.drop(each.hash)
            if self._ledger.newest(None, each.sender) >= each.most_wei:
                return each
        return None

    def _check_terms(self, transaction: Transaction) -> None:
        needed_gas = intrinsic_gas(transaction.data)
        if transaction.gas > BLOCK_GAS_LIMIT:
            raise refuse("exceeds block gas limit")
        if transaction.tip_wei > transaction.max_fee_wei:
            raise refuse("max priority fee per gas higher than max fee per gas")
        if transaction.gas < needed_gas:
            raise refuse(f"intrinsic gas too low: gas {transaction.gas}, minimum needed {needed_gas}")
        if transaction.max_fee_wei < FLOOR_WEI:
            raise refuse(f"transaction underpriced: fee cap {transaction.max_fee_wei}, minimum needed {FLOOR_WEI}")


def _outbids(transaction: Transaction, earlier: Transaction) -> bool:
    prices = ((transaction.max_fee_wei, earlier.max_fee_wei), (transaction.tip_wei, earlier.tip_wei))
    return all(now > before and now * 100 >= before * (100 + _BUMP_PERCENT) for now, before in prices)
