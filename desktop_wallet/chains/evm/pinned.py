"""Balances read one by one at a block that is named by its hash (EIP-1898): only such a read proves its block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm import abi
from desktop_wallet.chains.evm.wire import gave_up, value_of
from desktop_wallet.net.json_rpc import Call, RpcError, hex_data, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.evm.wire import Head
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.net.json_rpc import Result

_MAX_RESULT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pinned:
    """The balances to read at one block."""

    head: Head
    keys: tuple[BalanceKey, ...]

    def calls(self) -> tuple[Call, ...]:
        """Return one call a balance, each pinned to the block, which must stand in the chain."""
        block = {"blockHash": self.head.hash, "requireCanonical": True}
        return tuple(_call(key, block) for key in self.keys)

    def understand(self, results: Sequence[Result], host: str) -> tuple[int | None, ...]:
        """Return one amount a balance, None where a contract gave no number.

        Raises EndpointRefused where the server does not have the block (any more), UntrustedReply for nonsense.
        """
        return tuple(_amount(key, result, host) for key, result in zip(self.keys, results, strict=True))


def _call(key: BalanceKey, block: dict[str, object]) -> Call:
    if key.asset.is_native:
        return Call("eth_getBalance", (key.address.text, block))
    data = f"0x{abi.BALANCE_OF}{abi.address_word(key.address.text)}"
    return Call("eth_call", ({"to": key.asset.reference, "data": data}, block))


def _amount(key: BalanceKey, result: Result, host: str) -> int | None:
    if key.asset.is_native:
        return hex_quantity(value_of(result, host), host)
    if isinstance(result, RpcError) and gave_up(result):
        return None
    return abi.decode_uint(hex_data(value_of(result, host), host, _MAX_RESULT_BYTES))
