"""What a call to the practice network would do: moves coins or a play token, or reverts. Changes nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.contracts import Reverted

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.contracts import Contracts
    from desktop_wallet.chains.practice.ledger import Ledger

TRANSFER_GAS = 21_000
_ZERO_BYTE_GAS = 4
_BYTE_GAS = 16
_TOKEN_GAS = 30_000
_REVERTING_GAS = 3_000
_TRANSFER = "a9059cbb"
"""`transfer(address,uint256)` (ERC-20)"""
_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Call:
    """A call: addresses in lower case."""

    sender: str
    to: str
    value_wei: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that changes hands, in base units; token None for the coin. The fee is none of it."""

    token: str | None
    sender: str
    recipient: str
    amount: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call does: the gas it uses, what it answers, what it moves. `reverted` is why it gives up, if it does."""

    gas: int
    answer: bytes = b""
    movements: tuple[Movement, ...] = ()
    reverted: Reverted | None = None


def intrinsic_gas(data: bytes) -> int:
    """Return what a transaction costs before it does anything (EIP-2028)."""
    zeros = data.count(0)
    return TRANSFER_GAS + zeros * _ZERO_BYTE_GAS + (len(data) - zeros) * _BYTE_GAS


class Execution:
    """Tries calls on the state after a block."""

    def __init__(self, contracts: Contracts, ledger: Ledger) -> None:
        self._contracts = contracts
        self._ledger = ledger

    def effect(self, call: Call, block: int) -> Effect:
        """Return what the call does after that block; its sender must have the coins that it sends."""
        gas = intrinsic_gas(call.data)
        coins = (Movement(None, call.sender, call.to, call.value_wei),) if call.value_wei else ()
        if not self._contracts.is_contract(call.to):
            return Effect(gas, movements=coins)
        is_token = self._contracts.is_token(call.to)
        if is_token and not call.data:
            # No real token takes coins; this one does, and they are lost: what the review warns of can be seen.
            return Effect(gas, movements=coins)
        try:
            if call.value_wei:
                raise Reverted
            if is_token and call.data[:4].hex() == _TRANSFER:
                moved = self._token_transfer(call, block)
                return Effect(gas + _TOKEN_GAS, (1).to_bytes(32, "big"), (moved,))
            return Effect(gas + _REVERTING_GAS, self._contracts.run(call.to, call.data, block))
        except Reverted as reverted:
            return Effect(gas + _REVERTING_GAS, reverted=reverted)

    def _token_transfer(self, call: Call, block: int) -> Movement:
        arguments = call.data[4:]
        if len(arguments) < 64 or any(arguments[:12]):
            raise Reverted
        recipient, amount = "0x" + arguments[12:32].hex(), int.from_bytes(arguments[32:64], "big")
        if recipient == _NOBODY:
            raise Reverted("ERC20: transfer to the zero address")
        if self._ledger.balance(call.to, call.sender, block) < amount:
            raise Reverted("ERC20: transfer amount exceeds balance")
        return Movement(call.to, call.sender, recipient, amount)
