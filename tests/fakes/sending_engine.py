"""Sending as a session has it, over a model chain: a real registry and real pages, a clock moved by hand."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from desktop_wallet.cache.memory import MemoryTier
from desktop_wallet.cache.metrics import CacheMetrics
from desktop_wallet.cache.pages import PageCache
from desktop_wallet.core.accounts import (
    Account,
    AccountId,
    AccountSource,
    ProfileId,
    Wallet,
    WalletId,
    WalletKind,
)
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.networks import Family
from desktop_wallet.core.transfers import Draft
from desktop_wallet.registry.registry import Registry
from desktop_wallet.services.feed import ChangeFeed
from desktop_wallet.services.flights import COALESCE_S
from desktop_wallet.services.incoming import Incoming
from desktop_wallet.services.metrics import Metrics
from desktop_wallet.services.reading import Balances
from desktop_wallet.services.sending import Sending
from desktop_wallet.services.session_parts import SessionParts
from desktop_wallet.services.settings import SettingsKeeper
from desktop_wallet.services.settling import Settling
from desktop_wallet.services.slicing import Slicer
from desktop_wallet.services.transfers import TransferBook
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, FixedBook, network
from tests.fakes.model_chain import ModelChain, ModelVault
from tests.fakes.sleepers import Sleepers, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.adapters import Adapters
    from desktop_wallet.services.book import Book
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.vault.vault import Vault

OURS = ADDRESSES[:2]
"""Two accounts that can sign."""
_STEP_S = 0.5
WATCHED = ADDRESSES[2]


class FewAccounts:
    """Two accounts with keys and a watched one."""

    def __init__(self) -> None:
        self._wallets = {
            WalletId("keys"): Wallet(WalletId("keys"), "Savings", WalletKind.PHRASE, 0.0),
            WalletId("watch"): Wallet(WalletId("watch"), "Watched", WalletKind.WATCH, 0.0),
        }
        self._accounts = {
            address: Account(
                AccountId(address.text),
                WalletId("watch" if address == WATCHED else "keys"),
                Family.EVM,
                address,
                f"Account {number}",
                AccountSource.CREATED,
                0.0,
            )
            for number, address in enumerate(ADDRESSES)
        }

    def account_of(self, address: Address) -> Account | None:
        return self._accounts.get(address)

    def wallet(self, wallet: WalletId) -> Wallet:
        return self._wallets[wallet]


class OneNetwork:
    """A catalogue with one network and its coin."""

    def __init__(self, of: Network) -> None:
        self._network = of
        self._coin = native_asset(of)

    def network(self, _: NetworkId) -> Network:
        return self._network

    def assets(self, _: NetworkId) -> tuple[Asset, ...]:
        return (self._coin,)

    def asset(self, asset: AssetId) -> Asset:
        return {self._coin.id: self._coin}[asset]


@dataclass
class SendingEngine:
    """The parts a test works with."""

    clock: FakeClock
    sleepers: Sleepers
    chain: ModelChain
    vault: ModelVault
    registry: Registry
    balances: Balances
    transfers: TransferBook
    incoming: Incoming
    settling: Settling
    sending: Sending
    settings: SettingsKeeper
    pages: PageCache
    book: FixedBook

    def key(self, address: Address = OURS[0]) -> BalanceKey:
        return BalanceKey(self.chain.network.id, address, native_asset(self.chain.network).id)

    def draft(self, amount: int = 1_000_000, to: Address = OURS[1], sender: Address = OURS[0]) -> Draft:
        return Draft(self.chain.network.id, sender, to, self.key().asset, amount)

    async def pay(self, amount: int = 1_000_000, to: Address = OURS[1]) -> Transfer:
        """Send as a person does: review, then sign."""
        return await self.sending.send(await self.sending.review(self.draft(amount, to)))

    async def wait(self, seconds: float) -> None:
        """Let time pass in small steps, and let the disk's workers keep up with it."""
        end_s = self.clock.boot_s + seconds
        while self.clock.boot_s < end_s:
            await self.sleepers.advance(min(_STEP_S, end_s - self.clock.boot_s))
            await self._workers()

    async def see(self, holds: Callable[[], object], within_s: float = 120.0) -> None:
        """Let time pass until something holds; fail if it does not within that time."""
        end_s = self.clock.boot_s + within_s
        while not holds():
            assert self.clock.boot_s < end_s, "it was not seen"
            await self.sleepers.advance(_STEP_S)
            await self._workers()

    async def _workers(self) -> None:
        for _ in range(3):  # what they bring may lead to more work
            await self.registry.load_settings()
            await self.pages.stats()
            await settle()

    def spendable(self, address: Address = OURS[0]) -> int:
        held = self.balances.spendable(self.key(address))
        assert held is not None
        return held


@asynccontextmanager
async def sending_engine(
    folder: Path, *, chain: ModelChain | None = None, clock: FakeClock | None = None, servers: int = 2
) -> AsyncIterator[SendingEngine]:
    """Open it on a folder; opening it again there with the same chain is a restart of the wallet."""
    clock = clock or FakeClock()
    sleepers = Sleepers(clock)
    chain = chain or ModelChain(network(servers=servers), clock)
    registry = await Registry.open(folder / "registry.db", b"r" * 32, clock)
    pages = PageCache(folder / "cache", profile=ProfileId("p"), page_key=b"p" * 32, names_key=b"n" * 32, clock=clock)
    await pages.open()
    memory = MemoryTier()
    feed = ChangeFeed()
    slicer = Slicer()
    transfers = TransferBook(registry, feed, lambda _: 18)
    await transfers.load(slicer)
    incoming = Incoming(registry, transfers, feed)
    await incoming.load()
    settings = await SettingsKeeper.open(registry)

    async def short_ones_pass(seconds: float) -> None:
        """Wait until the clock is moved, but for what only gathers company for a read."""
        await (sleepers.sleep(seconds) if seconds > COALESCE_S else asyncio.sleep(0))

    book = FixedBook((chain.network,), ADDRESSES)
    parts = SessionParts(
        clock=clock,
        sleep=short_ones_pass,
        registry=registry,
        pages=pages,
        memory=memory,
        counters=Metrics(registry, pages, memory, CacheMetrics(), clock),
        book=cast("Book", book),
        adapters=cast("Adapters", _Adapters(chain)),
        feed=feed,
        slicer=slicer,
        policy=settings.policy,
        transfers=transfers,
        incoming=incoming,
    )
    balances = Balances(parts)
    transfers.on_invalidated = balances.follow
    settling = Settling(parts, balances)
    vault = ModelVault()
    sending = Sending(
        parts,
        balances,
        cast("Accounts", FewAccounts()),
        cast("Catalogue", OneNetwork(chain.network)),
        settling,
        cast("Vault", vault),
        settings,
    )
    settling.begin()
    try:
        yield SendingEngine(
            clock,
            sleepers,
            chain,
            vault,
            registry,
            balances,
            transfers,
            incoming,
            settling,
            sending,
            settings,
            pages,
            book,
        )
    finally:
        await sending.stop()
        await settling.stop()
        await transfers.stop()
        await balances.stop()
        await incoming.stop()
        await pages.close()
        await registry.close()


class _Adapters:
    def __init__(self, chain: ModelChain) -> None:
        self._chain = chain

    def of(self, _: NetworkId) -> ModelChain:
        return self._chain

    def open(self) -> dict[NetworkId, ModelChain]:
        return {self._chain.network.id: self._chain}
