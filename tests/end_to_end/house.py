"""A whole wallet at home in folders of a test, and a real chain with coins and tokens on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.clock import SystemClock
from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.vault.keyring_store import KeyringStore
from tests.fakes.anvil import MULTICALL3, Anvil

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge, BadgeKind
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.services.session import Session
    from desktop_wallet.vault.stores import SecretStore

CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)
"""The cheapest Argon2id that is allowed: 50 ms."""
PASSWORD = "correct horse battery"
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
"""A vector of BIP-39's authors; on no node does its first account own anything by itself."""
ENTROPY = bytes.fromhex("7f" * 16)
PATIENCE_S = 20.0
_GLANCE_S = 0.005


@dataclass(frozen=True, slots=True)
class Coin:
    """A token as its contract describes it."""

    symbol: str
    name: str
    decimals: int = 18


Balance = tuple[Address, AssetId]
"""Whose balance of what, on the one network of a test."""
TOKENS = (
    Coin("USDT6", "Six Decimals", 6),
    Coin("EIGHT", "Eighteen"),
    Coin("MANY", "Many Digits"),
    Coin("NONE", "Nobody Has Any"),
    Coin("LAST", "The Fifth"),
)
"""Five tokens: one of six decimals, and one that nobody holds."""


def holding(account: int, asset: int) -> int:
    """Return what an account holds of an asset (0: the coin), in base units; all different, with every digit in use."""
    if asset and TOKENS[asset - 1].symbol == "NONE":
        return 0
    if asset and TOKENS[asset - 1].decimals == 6:
        return 1_234_567 + account * 10_000_000
    return 1_234_567_890_123_456_789 + account * 10**18 + asset * 10**20


@dataclass
class Chain:
    """A node with Multicall3 and the five tokens, at the same addresses after every start."""

    node: Anvil
    tokens: list[str] = field(default_factory=list)

    def furnish(self) -> None:
        """Deploy everything, as the first transactions of the chain."""
        self.node.put_multicall3()
        self.tokens = [
            self.node.deploy_token(coin.name, coin.symbol, supply=10**24, decimals=coin.decimals) for coin in TOKENS
        ]

    def give(self, addresses: Sequence[Address], more: int = 0) -> None:
        """Give each address its holdings, and `more` base units of everything that it holds at all."""
        for account, address in enumerate(addresses):
            self.node.set_balance(address.text, holding(account, 0) + more)
            for asset, token in enumerate(self.tokens, 1):
                if amount := holding(account, asset):
                    self.node.send_token(token, address.text, amount + more)

    def expected(self, network: Network, addresses: Sequence[Address], more: int = 0) -> dict[Balance, int | None]:
        """Return what `give` gave, as `amounts` tells it."""
        coin = native_asset(network).id
        assets = (coin, *(AssetId(network.id, "erc20", token) for token in self.tokens))
        return {
            (address, asset): amount + more if (amount := holding(account, place)) else 0
            for account, address in enumerate(addresses)
            for place, asset in enumerate(assets)
        }

    def restart_as_another(self) -> None:
        """Start a new chain at the same place, furnished in the same way; nobody holds anything."""
        self.node.restart()
        self.furnish()


def local_network(
    *urls: str, chain_id: int = 31337, name: str = "Local", multicall: str | None = MULTICALL3
) -> Network:
    """Return the network that those servers serve."""
    return Network(
        id=NetworkId("eip155", str(chain_id)),
        family=Family.EVM,
        name=name,
        block_time_s=1.0,
        max_head_age_s=3_600.0,
        native_symbol="ETH",
        native_name="Ether",
        native_decimals=18,
        native_slip44=60,
        endpoints=tuple(Endpoint(url, "a test") for url in urls),
        multicall=multicall,
    )


def surrounds(
    root: Path,
    *networks: Network,
    clock: Clock | None = None,
    store: Callable[[], SecretStore] = KeyringStore,
) -> Surrounds:
    """Return what lies around a wallet whose folders are under `root`: cheap key derivation, no rate limit."""
    return Surrounds(
        folders=Folders.under(root),
        clock=clock or SystemClock(),
        store=store,
        networks=lambda: networks,
        tokens=_no_tokens,
        kdf=CHEAP,
        requests_per_min=60_000,
    )


def _no_tokens() -> Mapping[NetworkId, tuple[Asset, ...]]:
    return {}


@contextlib.asynccontextmanager
async def wallet(outside: Surrounds) -> AsyncIterator[Application]:
    """Yield the whole program without a window, and close it; opening it again on the same folders is a restart."""
    application = Application(outside)
    try:
        yield application
    finally:
        await application.close()


@contextlib.asynccontextmanager
async def watching(
    root: Path, network: Network, *addresses: str, clock: Clock | None = None
) -> AsyncIterator[tuple[Application, Session]]:
    """Yield a wallet without keyring that watches these addresses on that network and reads only when told to."""
    async with wallet(surrounds(root, network, clock=clock)) as application:
        session = await application.create_profile("Main", PASSWORD, without_keyring=True)
        await session.settings.change(preload=False, keep_fresh=False)
        for address in addresses:
            await session.accounts.add_watch(f"Watched {address[2:6]}", address)
        await session.catalogue.choose_networks([network.id])
        yield application, session


async def until(holds: Callable[[], object]) -> None:
    """Let the loop and its workers go on until something holds; TimeoutError after PATIENCE_S."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - workers, processes and widgets take part, and they set no event
            await asyncio.sleep(_GLANCE_S)


async def at_rest(session: Session) -> None:
    """Wait until no read is under way and none is about to begin."""
    await until(lambda: session._preload_wanted is None and session.preload.progress is None)
    await until(lambda: not session.balances.updating)


def badges(session: Session, opened: Instant | None = None) -> list[Badge]:
    """Return every balance's badge, for a page that was opened then (None: no page)."""
    keys = session.balances.keys()
    return [session.balances.badge(key, opened) for key in keys]


def kinds(session: Session, opened: Instant | None = None) -> set[BadgeKind]:
    """Return which badges there are."""
    return {badge.kind for badge in badges(session, opened)}


def amounts(session: Session) -> dict[Balance, int | None]:
    """Return every amount that the wallet holds, None where it knows none."""
    keys = session.balances.keys()
    return {
        (key.address, key.asset): reading.amount if (reading := session.balances.state(key).reading) else None
        for key in keys
    }


def coin_key(session: Session) -> BalanceKey:
    """Return the first account's coin."""
    keys = session.balances.keys()
    return next(key for key in keys if key.asset.is_native)
