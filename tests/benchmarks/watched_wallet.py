"""A wallet that watches many accounts on one node: what several benchmarks measure."""

from __future__ import annotations

import asyncio
import json
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.accounts import Account, AccountId, AccountSource, Wallet, WalletId, WalletKind
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from tests.fakes.anvil import MULTICALL3
from tests.fakes.delaying_proxy import delaying_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from desktop_wallet.services.session import Session
    from tests.fakes.anvil import Anvil
    from tests.fakes.delaying_proxy import DelayingProxy

PASSWORD = "correct horse battery"
REQUESTS_PER_MIN = 1_000_000
CACHE_BYTES = 100_000_000
"""All that the caches may take: more is given to none."""
_BATCH = 500


def addresses(accounts: int) -> list[str]:
    """Return that many addresses."""
    return [f"0x{0xABCD0000 + number:040x}" for number in range(accounts)]


def local_network(url: str, chain_id: int) -> Network:
    """Return the network whose one server that is."""
    return Network(
        id=NetworkId("eip155", str(chain_id)),
        family=Family.EVM,
        name="Local",
        block_time_s=1.0,
        max_head_age_s=864_000.0,
        native_symbol="ETH",
        native_name="Ether",
        native_decimals=18,
        native_slip44=60,
        endpoints=(Endpoint(url, "a benchmark"),),
        multicall=MULTICALL3,
    )


def surrounds(root: Path, network: Network, tokens: Sequence[str]) -> Surrounds:
    """Return what a program needs that knows this network and these tokens only."""
    assets = tuple(
        Asset(AssetId(network.id, "erc20", token), f"T{number}", f"Token {number}", 18, AssetOrigin.LIST)
        for number, token in enumerate(tokens)
    )
    return Surrounds(
        folders=Folders.under(root),
        networks=lambda: (network,),
        tokens=lambda: {network.id: assets},
        kdf=KdfParameters(memory_bytes=64 << 20, passes=1),
        requests_per_min=REQUESTS_PER_MIN,
    )


async def watching(application: Application, network: Network, accounts: int) -> Session:
    """Return the session of a new profile that watches the accounts, and does nothing by itself."""
    session = await application.create_profile("Main", PASSWORD, without_keyring=True)
    await session.settings.change(
        preload=False, keep_fresh=False, discover=False, cache_limit_bytes=CACHE_BYTES, auto_lock_s=None
    )
    await session.apply_cache_settings()
    wallet = Wallet(WalletId("w"), "Watched", WalletKind.WATCH, 0.0, backed_up=True)
    made = [
        Account(
            AccountId(uuid.uuid4().hex),
            wallet.id,
            Family.EVM,
            Address(Family.EVM, address),
            f"Account {number}",
            AccountSource.WATCHED,
            0.0,
        )
        for number, address in enumerate(addresses(accounts))
    ]
    await session._registry.add_wallet(wallet, made)
    await session.accounts.load()
    await session.catalogue.choose_networks([network.id])
    return session


@asynccontextmanager
async def watching_session(
    root: Path, network: Network, tokens: Sequence[str], accounts: int
) -> AsyncIterator[Session]:
    """Yield that session, without a window."""
    application = Application(surrounds(root, network, tokens))
    try:
        yield await watching(application, network, accounts)
    finally:
        await application.close()


@contextmanager
def proxy_beside(target: str) -> Iterator[DelayingProxy]:
    """Yield a proxy on a thread and a loop of its own: its delays are exact, and its work is none of the wallet's."""
    started: Future[DelayingProxy] = Future()

    async def serve() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with delaying_proxy(target) as proxy:
            stops.append(lambda: loop.call_soon_threadsafe(ended.set))
            started.set_result(proxy)
            await ended.wait()

    stops: list[Callable[[], object]] = []
    with ThreadPoolExecutor(1) as thread:
        serving = thread.submit(asyncio.run, serve())
        try:
            yield started.result(timeout=10)
        finally:
            for stop in stops:
                stop()
            serving.result(timeout=10)


def deploy_tokens(node: Anvil, tokens: int) -> list[str]:
    """Deploy that many tokens; return their addresses."""
    return [node.deploy_token(f"Token {number}", f"T{number}", supply=10**24) for number in range(tokens)]


def furnish(node: Anvil, tokens: Sequence[str], accounts: int) -> None:
    """Give every account coins and some of each token."""
    of = addresses(accounts)
    slots = [_balance_slot(address) for address in of]
    for start in range(0, accounts, _BATCH):
        part = range(start, min(start + _BATCH, accounts))
        for place, token in enumerate(tokens):
            amounts = {number: f"0x{10**18 + number * 100 + place:064x}" for number in part}
            _all(node, [("anvil_setStorageAt", token, slots[n], amount) for n, amount in amounts.items()])
        _all(node, [("anvil_setBalance", of[number], hex(10**18 + number)) for number in part])
    node.mine()


def _all(node: Anvil, calls: Sequence[tuple[str, ...]]) -> None:
    """Make these calls (a method and its parameters) in one request."""
    body = [{"jsonrpc": "2.0", "id": n, "method": call[0], "params": call[1:]} for n, call in enumerate(calls)]
    with closing(HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
        connection.request("POST", "/", json.dumps(body), {"content-type": "application/json"})
        replies = json.loads(connection.getresponse().read())
    if any("error" in reply for reply in replies):
        raise AssertionError("the node refused to be furnished")


def _balance_slot(address: str) -> str:
    """Return where OpenZeppelin's ERC-20 keeps an address's balance: its mapping stands in slot 0."""
    from Crypto.Hash import keccak  # a library of the wallet's, which imports it late too

    return "0x" + keccak.new(digest_bits=256, data=bytes.fromhex(address[2:].rjust(64, "0") + "0" * 64)).hexdigest()
