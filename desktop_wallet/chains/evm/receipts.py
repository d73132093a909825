"""What a server says of one transaction: its receipt, and the transaction itself.

Source: execution-apis; OP Stack specification, "L1-Cost fees", "Operator fee" (what receipts of rollups add).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.wire import block_hash, block_number
from desktop_wallet.core.errors import ContradictoryReply, MalformedReply
from desktop_wallet.net.json_rpc import hex_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.core.signing import TransactionId

_GAS_BITS = 63
_WEI_BITS = 128
_MILLION = 10**6
_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction was mined, as the server has it, whether it succeeded, and what it paid in all (wei)."""

    number: int
    block_hash: str
    succeeded: bool
    fee_paid_wei: int


def receipt_of(
    value: object, known: Mapping[str, object] | None, transaction: TransactionId, host: str
) -> Receipt | None:
    """Return the receipt, None where the server has none (yet); MalformedReply, ContradictoryReply.

    `known` is the transaction as the server has it: it tells the price where receipts of old networks do not.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise MalformedReply(host=host, problem="receipt")
    if block_hash(value.get("transactionHash"), host) != transaction:
        raise ContradictoryReply(host=host, problem="another receipt")
    if value.get("blockHash") is None:
        return None
    return Receipt(
        block_number(value.get("blockNumber"), host),
        block_hash(value.get("blockHash"), host),
        hex_quantity(value.get("status"), host, 1) == 1,
        _fee_wei(value, known, host),
    )


def _fee_wei(receipt: Mapping[str, object], known: Mapping[str, object] | None, host: str) -> int:
    gas = hex_quantity(receipt.get("gasUsed"), host, _GAS_BITS)
    price = receipt.get("effectiveGasPrice")
    if price is None and known is not None:
        price = known.get("gasPrice")
    return (
        gas * hex_quantity(price, host, _WEI_BITS) + _optional(receipt, "l1Fee", host) + _operator(receipt, gas, host)
    )


def _operator(receipt: Mapping[str, object], gas: int, host: str) -> int:
    """Return what the operator took: by Isthmus' rule, or by Jovian's, whose receipts tell one number more."""
    scalar, constant = (_optional(receipt, name, host) for name in ("operatorFeeScalar", "operatorFeeConstant"))
    if receipt.get("daFootprintGasScalar") is not None:
        return gas * scalar * _HUNDRED + constant
    return gas * scalar // _MILLION + constant


def _optional(receipt: Mapping[str, object], name: str, host: str) -> int:
    value = receipt.get(name)
    return 0 if value is None else hex_quantity(value, host, _WEI_BITS)
