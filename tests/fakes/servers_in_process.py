"""Three servers of one network inside this process, and pools over them or over servers on the loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

from desktop_wallet.core.errors import (
    WalletError,
)
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.json_rpc import Call
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import (
    ScriptedServer,
)

HOSTS = ("a.invalid", "b.invalid", "c.invalid")
CALL = Call("eth_chainId")


class Servers:
    """Three servers in process, "a.invalid" to "c.invalid"; each answers "0x1" unless told to fail or to say more."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.bodies: list[object] = []
        self.fault: dict[str, WalletError | bytes] = {}
        self.latency_s: dict[str, float] = {}
        self.hold: asyncio.Event | None = None

    def answerer(self, host: str) -> Callable[[bytes], Awaitable[bytes]]:
        async def answer(body: bytes) -> bytes:
            self.asked.append(host)
            self.bodies.append(json.loads(body))
            self.clock.advance(self.latency_s.get(host, 0.0))
            if self.hold is not None:
                await self.hold.wait()
            fault = self.fault.get(host)
            if isinstance(fault, bytes):
                return fault
            if fault is not None:
                raise fault
            asked = json.loads(body)
            if isinstance(asked, list):
                return json.dumps([{"jsonrpc": "2.0", "id": call["id"], "result": "0x1"} for call in asked]).encode()
            return b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'

        return answer


def example_network(urls: Sequence[str]) -> Network:
    return Network(
        id=NetworkId("eip155", "1"),
        family=Family.EVM,
        name="Example",
        block_time_s=12.0,
        max_head_age_s=120.0,
        native_symbol="EX",
        native_name="Example",
        native_decimals=18,
        native_slip44=60,
        endpoints=tuple(Endpoint(url) for url in urls),
    )


def pool_over(client: HttpClient, clock: FakeClock, *given: ScriptedServer, max_batch: int = 50) -> EndpointPool:
    return EndpointPool(
        example_network([server.url for server in given]), client, clock, clock.sleep, max_batch=max_batch
    )
