"""What is handed to a signer, and what comes back. A signer hashes what it signs: it never takes a bare digest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import DerivationPath, WalletId
    from desktop_wallet.core.addresses import Address

TransactionId = NewType("TransactionId", str)
"""A transaction's id as its network writes it, computed by us from the signed bytes (EVM: Keccak-256 in 0x)."""


@dataclass(frozen=True, slots=True)
class MarketPrice:
    """What a unit of gas may cost on networks with a base fee (EIP-1559), in wei."""

    max_fee_wei: int
    max_priority_fee_wei: int

    @property
    def most_wei(self) -> int:
        """Return the most that one unit of gas may cost."""
        return self.max_fee_wei


@dataclass(frozen=True, slots=True)
class LegacyPrice:
    """What a unit of gas costs where there is no base fee (EIP-155 transactions), in wei."""

    gas_price_wei: int

    @property
    def most_wei(self) -> int:
        """Return the most that one unit of gas may cost."""
        return self.gas_price_wei


GasPrice = MarketPrice | LegacyPrice


@dataclass(frozen=True, slots=True)
class EvmTransaction:
    """An EVM transaction before it is signed: type 2 (EIP-1559) with a MarketPrice, legacy (EIP-155) with the other."""

    chain_id: int
    nonce: int
    to: Address
    value_wei: int
    data: bytes
    gas_limit: int
    price: GasPrice


UnsignedTransaction = EvmTransaction
"""One type a family."""


@dataclass(frozen=True, slots=True)
class SignTransaction:
    """A transaction to sign with the key of one account. The signer refuses if that key is not `sender`'s."""

    wallet: WalletId
    path: DerivationPath | None
    sender: Address
    transaction: UnsignedTransaction


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to broadcast, and the id that the network will know them by."""

    raw: bytes = field(repr=False)
    id: TransactionId
