"""Real nodes behind servers that change what they say, and drafts to send through them."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from typing import Any

from desktop_wallet.chains.evm.adapter import EvmAdapter
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.core.signing import SignedTransaction, TransactionId
from desktop_wallet.core.transfers import Draft
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.anvil import DEV_ACCOUNTS, Anvil
from tests.fakes.clock import FakeClock

Edit = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
"""Takes a call and the node's reply, and returns what the server says instead."""

ME, YOU, THIRD = (parse_address(Family.EVM, address) for address in DEV_ACCOUNTS[:3])
ETHER = 10**18


async def _at_once() -> None:
    return None


@dataclass
class EditedNode:
    """One server before a real node, in this process: `edits` change the replies to a method, `calls` remembers.

    `before` runs before a request is passed on, `after` before its reply goes back: what happens meanwhile.
    """

    node: Anvil
    host: str
    edits: dict[str, Edit] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] = _at_once
    after: Callable[[], Awaitable[None]] = _at_once

    async def answer(self, body: bytes) -> bytes:
        asked = json.loads(body)
        batch = asked if isinstance(asked, list) else [asked]
        self.calls.append([call["method"] for call in batch])
        await self.before()
        replies = {reply["id"]: reply for reply in self._pass_on(batch)}
        await self.after()
        told = [self._edited(call, replies[call["id"]]) for call in batch]
        return json.dumps(told if isinstance(asked, list) else told[0]).encode()

    def _edited(self, call: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        edit = self.edits.get(call["method"])
        return reply if edit is None else {"jsonrpc": "2.0", "id": call["id"], **edit(call, reply)}

    def _pass_on(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self.node.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", "/", json.dumps(batch), {"content-type": "application/json"})
            replies: list[dict[str, Any]] = json.loads(connection.getresponse().read())
            return replies


def error(code: int, message: str, data: object = None) -> Edit:
    """Return an edit that answers with an error."""
    told = {"code": code, "message": message, **({} if data is None else {"data": data})}
    return lambda _call, _reply: {"error": told}


def result(value: object) -> Edit:
    """Return an edit that answers with this."""
    return lambda _call, _reply: {"result": value}


def changed(**fields: object) -> Edit:
    """Return an edit that changes fields of the object that the node returns; None stays None."""

    def edit(_call: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        value = reply.get("result")
        return {"result": {**value, **fields} if isinstance(value, dict) else value}

    return edit


MISSING = error(-32601, "the method does not exist/is not available")


@dataclass
class SendingStage:
    """A network of servers before real nodes (several servers may stand before one), and an adapter for it."""

    servers: tuple[EditedNode, ...]
    network: Network
    adapter: EvmAdapter
    client: HttpClient

    @property
    def server(self) -> EditedNode:
        """Return the first server."""
        return self.servers[0]

    @property
    def node(self) -> Anvil:
        """Return the node behind the first server."""
        return self.servers[0].node

    @property
    def coin(self) -> AssetId:
        return native_asset(self.network).id

    def token(self, address: str) -> AssetId:
        return AssetId(self.network.id, "erc20", address)

    def draft(
        self, amount: int, asset: AssetId | None = None, *, sender: Address = ME, recipient: Address = YOU
    ) -> Draft:
        return Draft(self.network.id, sender, recipient, asset or self.coin, amount)


def stage_of(*nodes: Anvil, clock: FakeClock | None = None, **facts: Any) -> SendingStage:  # noqa: ANN401
    """Return servers a.test, b.test … before the nodes, in that order; `facts` change the network."""
    servers = tuple(EditedNode(node, f"{letter}.test") for node, letter in zip(nodes, "abcdef", strict=False))
    network = replace(
        PRACTICE.network,
        id=NetworkId("eip155", str(nodes[0].chain_id)),
        name="anvil",
        endpoints=tuple(Endpoint(f"http://{server.host}/") for server in servers),
        practice=False,
        **facts,
    )
    time = clock or SystemClock()
    client = HttpClient(
        time,
        in_process={server.host: server.answer for server in servers},
        trust=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # no authority is needed, and reading them takes 50 ms
    )
    return SendingStage(servers, network, adapter_on(network, client, time), client)


def adapter_on(network: Network, client: HttpClient, clock: Any) -> EvmAdapter:  # noqa: ANN401 - either clock
    """Return an adapter of that network over that client."""

    async def sleep(_: float) -> None:
        return None

    pool = EndpointPool(network, client, clock, sleep, requests_per_min=60_000)
    return EvmAdapter(network, pool, lambda _: 18, clock)


def signed(
    node: Anvil, *, nonce: int | None = None, tip_gwei: int = 1, wei: int = 1, to: Address = YOU, gas: int = 21_000
) -> SignedTransaction:
    """Return a transfer of the coin by the first account, signed by the node that holds its key, and sent nowhere."""
    from Crypto.Hash import keccak

    count = int(node.rpc("eth_getTransactionCount", ME.text, "latest"), 16) if nonce is None else nonce
    raw = node.rpc(
        "eth_signTransaction",
        {
            "from": ME.text,
            "to": to.text,
            "value": hex(wei),
            "nonce": hex(count),
            "gas": hex(gas),
            "maxFeePerGas": hex((tip_gwei + 10) * 10**9),
            "maxPriorityFeePerGas": hex(tip_gwei * 10**9),
            "chainId": hex(node.chain_id),
        },
    )
    data = bytes.fromhex(raw[2:])
    return SignedTransaction(data, TransactionId("0x" + keccak.new(digest_bits=256, data=data).hexdigest()))


def receipt_of(node: Anvil, transaction: str) -> dict[str, Any]:
    """Return a transaction's receipt; right after it was mined the node may not have it yet."""
    for _ in node._patiently():
        receipt: dict[str, Any] | None = node.rpc("eth_getTransactionReceipt", transaction)
        if receipt is not None:
            return receipt
    raise AssertionError("no receipt")
