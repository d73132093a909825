"""Somebody who signs with eth-account and speaks raw JSON-RPC: pays without a line of the wallet's code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eth_account import Account

from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.networks import Family

if TYPE_CHECKING:
    from desktop_wallet.core.assets import AssetId
    from tests.chains.stages import Stage

GWEI = 10**9
PLAIN_GAS = 21_000
TOKEN_GAS = 90_000


class Refusal(Exception):
    """An error that a server answered with."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.data: str = error.get("data", "")


@dataclass
class Payer:
    """An account on a stage; hashes, addresses and raw bytes as 0x and digits."""

    stage: Stage
    key: str = "0x" + "46" * 32
    address: Address = field(init=False)

    def __post_init__(self) -> None:
        self.address = parse_address(Family.EVM, Account.from_key(self.key).address)

    async def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """Return the result of a call; Refusal when it is answered with an error."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        reply = json.loads(await self.stage.client.post(self.stage.network.endpoints[0].url, body))
        if "error" in reply:
            raise Refusal(reply["error"])
        return reply["result"]

    def coins(self, to: object, wei: int, nonce: int = 0, **fields: object) -> str:
        """Return a signed payment of coins; `fields` replace those of the transaction."""
        return self._sign(str(to), {"nonce": nonce, "value": wei, "gas": PLAIN_GAS, **fields})

    def tokens(self, token: AssetId, to: object, amount: int, nonce: int = 0, **fields: object) -> str:
        """Return a signed payment of a token."""
        data = transfer_data(to, amount)
        return self._sign(token.reference, {"nonce": nonce, "value": 0, "gas": TOKEN_GAS, "data": data, **fields})

    async def send(self, raw: str) -> str:
        """Hand in a transaction; return the hash that the server names."""
        named: str = await self.ask("eth_sendRawTransaction", raw)
        return named

    async def balance(self, account: object, asset: AssetId) -> int:
        """Return what an account holds in the newest block."""
        if asset.is_native:
            return int(await self.ask("eth_getBalance", str(account), "latest"), 16)
        data = "0x70a08231" + str(account)[2:].rjust(64, "0")
        return int(await self.ask("eth_call", {"to": asset.reference, "data": data}, "latest"), 16)

    def _sign(self, to: str, fields: dict[str, object]) -> str:
        prices = {"type": 2, "maxFeePerGas": 8 * GWEI, "maxPriorityFeePerGas": GWEI} if "gasPrice" not in fields else {}
        chain = int(self.stage.network.id.reference)
        everything = {"chainId": chain, "to": bytes.fromhex(to[2:]), **prices, **fields}
        return "0x" + bytes(Account.sign_transaction(everything, self.key).raw_transaction).hex()


def hash_of(raw: str) -> str:
    """Return the hash of signed bytes, by eth-account's Keccak."""
    from eth_utils.crypto import keccak

    return "0x" + keccak(hexstr=raw).hex()


def transfer_data(to: object, amount: int) -> str:
    """Return the data of `transfer(address,uint256)`."""
    return f"0xa9059cbb{str(to)[2:].rjust(64, '0')}{amount:064x}"
