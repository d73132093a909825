"""What a token contract says of itself (EIP-20), fit to show: a server's words are never trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm import abi
from desktop_wallet.chains.evm.wire import gave_up, value_of
from desktop_wallet.core.addresses import Address, shorten
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, clean_label
from desktop_wallet.core.errors import InvalidToken
from desktop_wallet.net.json_rpc import Call, RpcError, hex_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.net.json_rpc import Result

MAX_DECIMALS = 36
"""More than any token in use; a larger number would print amounts as endless zeros."""
_SYMBOL_LENGTH = 16
_NAME_LENGTH = 64
_MAX_CODE_BYTES = 128 * 1024
_MAX_RESULT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class TokenWords:
    """What a contract answered; `code_size` in bytes, `decimals` None where there is no such number."""

    code_size: int
    symbol: str
    name: str
    decimals: int | None

    def asset(self, network: NetworkId, address: Address) -> Asset:
        """Return the token; InvalidToken if nothing at that address is one."""
        if not self.code_size:
            raise InvalidToken(network=network, address=address.text, problem="no-code")
        if self.decimals is None or not 0 <= self.decimals <= MAX_DECIMALS:
            raise InvalidToken(network=network, address=address.text, problem="no-decimals")
        return Asset(
            AssetId(network, "erc20", address.text),
            self.symbol or shorten(address.text),
            self.name or self.symbol or shorten(address.text),
            self.decimals,
            AssetOrigin.BY_HAND,
        )


def token_calls(address: Address) -> tuple[Call, ...]:
    """Return the calls that ask a contract what it is."""
    asked = (
        Call("eth_call", ({"to": address.text, "data": f"0x{selector}"}, "latest"))
        for selector in (abi.SYMBOL, abi.NAME, abi.DECIMALS)
    )
    return (Call("eth_getCode", (address.text, "latest")), *asked)


def understand_token(results: Sequence[Result], host: str) -> TokenWords:
    """Return what the answers to `token_calls` say; raises UntrustedReply, EndpointRefused, EndpointRateLimited."""
    code = hex_data(value_of(results[0], host), host, _MAX_CODE_BYTES)
    symbol, name, decimals = (_data(result, host) for result in results[1:])
    return TokenWords(
        len(code),
        clean_label(abi.decode_text(symbol), limit=_SYMBOL_LENGTH),
        clean_label(abi.decode_text(name), limit=_NAME_LENGTH),
        abi.decode_uint(decimals),
    )


def _data(result: Result, host: str) -> bytes:
    if isinstance(result, RpcError) and gave_up(result):
        return b""
    return hex_data(value_of(result, host), host, _MAX_RESULT_BYTES)
