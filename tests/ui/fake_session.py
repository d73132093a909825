"""A session for the window's tests: real core values behind the services' names, and no network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.accounts import Account, AccountId, AccountSource, ProfileId, Wallet, WalletId, WalletKind
from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, native_asset
from desktop_wallet.core.balances import (
    BalanceKey,
    BalanceState,
    FailureReason,
    ReadFailure,
    Reading,
    ReadMethod,
    RegistryId,
    fail,
)
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.freshness import Badge, Circumstances, Purpose, badge
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.core.opinions import Opinion, OpinionProblem, cannot_tell, compare
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.prices import CURRENCIES, CoinId, Currency, Price
from desktop_wallet.core.totals import Total, total
from desktop_wallet.core.transfers import touched
from desktop_wallet.services.reports import Progress, Report
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from desktop_wallet.cache.pages import CacheTrouble
    from desktop_wallet.core.errors import NetworkFailure, UntrustedReply
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.transfers import Transfer

REGISTRY = RegistryId("registry")
BLOCK_HASH = "0x9f3c" + "5d" * 28 + "a21b"
FIRST_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"


def network(number: int, name: str, symbol: str = "ETH", **other: object) -> Network:
    made = Network(
        NetworkId("eip155", str(number)),
        Family.EVM,
        name,
        block_time_s=12.0,
        max_head_age_s=120.0,
        native_symbol=symbol,
        native_name={"ETH": "Ether", "POL": "Polygon"}.get(symbol, symbol),
        native_decimals=18,
        native_slip44=60,
        endpoints=(Endpoint(f"https://{name.lower()}.example/key"),),
    )
    return replace(made, **other)  # type: ignore[arg-type]


def token(on: Network, reference: str, symbol: str, name: str, decimals: int, origin: AssetOrigin) -> Asset:
    return Asset(AssetId(on.id, "erc20", reference), symbol, name, decimals, origin)


@dataclass(frozen=True, slots=True)
class FakeProfile:
    id: ProfileId
    name: str = "Main"
    last_opened_s: float | None = None
    practice: bool = False
    damaged: bool = False


class FakeAccounts:
    def __init__(self) -> None:
        self._wallets: list[Wallet] = []
        self._accounts: list[Account] = []

    def add(self, label: str, *names: str, kind: WalletKind = WalletKind.PHRASE) -> tuple[Account, ...]:
        wallet = Wallet(WalletId(f"w{len(self._wallets)}"), label, kind, 0.0)
        self._wallets.append(wallet)
        made = []
        for number, name in enumerate(names, len(self._accounts)):
            text = FIRST_ADDRESS if not number else f"0x{number + 0xA0000:040x}"
            address = parse_address(Family.EVM, text)
            account_id = AccountId(f"a{number}")
            made.append(Account(account_id, wallet.id, Family.EVM, address, name, AccountSource.CREATED, 0.0))
        self._accounts.extend(made)
        return tuple(made)

    def wallets(self) -> tuple[Wallet, ...]:
        return tuple(self._wallets)

    def wallet(self, wallet: WalletId) -> Wallet:
        return next(known for known in self._wallets if known.id == wallet)

    def accounts(self, wallet: WalletId | None = None) -> tuple[Account, ...]:
        return tuple(a for a in self._accounts if wallet in (None, a.wallet))

    def account_of(self, address: Address) -> Account | None:
        return next((a for a in self._accounts if a.address == address), None)


class FakeCatalogue:
    def __init__(self) -> None:
        self.chosen = True
        self._networks: dict[NetworkId, Network] = {}
        self._assets: dict[NetworkId, list[Asset]] = {}

    def add(self, made: Network, *tokens: tuple[str, str, str, int, AssetOrigin]) -> Network:
        self._networks[made.id] = made
        self._assets[made.id] = [native_asset(made), *(token(made, *words) for words in tokens)]
        return made

    def networks(self, *, enabled_only: bool = True) -> tuple[Network, ...]:
        return tuple(self._networks.values()) if self.chosen or not enabled_only else ()

    def network(self, network: NetworkId, /) -> Network:
        return self._networks[network]

    def assets(self, network: NetworkId) -> tuple[Asset, ...]:
        return tuple(self._assets[network])

    def asset(self, asset: AssetId, /) -> Asset:
        return next(known for known in self._assets[asset.network] if known.id == asset)


@dataclass(slots=True)
class Script:
    """What the network says next: amounts by key, networks that fail, and a gate that holds answers back."""

    amounts: dict[BalanceKey, int] = field(default_factory=dict)
    failing: dict[NetworkId, FailureReason] = field(default_factory=dict)
    gate: asyncio.Event | None = None


class FakeBalances:
    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self.states: dict[BalanceKey, BalanceState] = {}
        self.pending: dict[BalanceKey, int] = {}
        self.updating: frozenset[BalanceKey] = frozenset()
        self.refreshed: list[tuple[BalanceKey, ...]] = []
        self.cleared = 0

    def keys(self, *, account: Address | None = None, network: NetworkId | None = None) -> tuple[BalanceKey, ...]:
        session = self._session
        return tuple(
            BalanceKey(on.id, owner.address, asset.id)
            for owner in session.accounts.accounts()
            if not owner.hidden and account in (None, owner.address)
            for on in session.catalogue.networks()
            if network in (None, on.id)
            for asset in session.catalogue.assets(on.id)
        )

    def state(self, key: BalanceKey, /) -> BalanceState:
        return self.states.get(key) or BalanceState(key)

    def badge(self, key: BalanceKey, page_opened: Instant | None, /) -> Badge:
        circumstances = Circumstances(
            now=self._session.clock.now(),
            ttl_s=30.0,
            max_head_age_s=120.0,
            page_opened=page_opened,
            expected_change=self.pending.get(key),
            updating=key in self.updating,
        )
        return badge(self.state(key), circumstances)

    def badges(self, keys: Iterable[BalanceKey], page_opened: Instant | None, /) -> list[Badge]:
        return [self.badge(key, page_opened) for key in keys]

    def total(self, keys: Iterable[BalanceKey], page_opened: Instant | None, *, one_asset: bool) -> Total:
        return total(((self.state(key), self.badge(key, page_opened)) for key in keys), one_asset=one_asset)

    def ttl_s(self, key: BalanceKey) -> float:
        return 30.0

    async def read(self, keys: Sequence[BalanceKey], purpose: Purpose = Purpose.DISPLAY) -> dict[BalanceKey, object]:
        await self.refresh(keys)
        return {}

    async def refresh(
        self, keys: Sequence[BalanceKey], on_progress: Callable[[Progress], None] | None = None
    ) -> Report:
        keys = tuple(keys)
        self.refreshed.append(keys)
        script = self._session.script
        self._update(keys, under_way=True)
        try:
            if on_progress is not None:
                on_progress(Progress(0, len(keys)))
            if script.gate is not None:
                await script.gate.wait()
        finally:
            self._update(keys, under_way=False)
        failed: list[ReadFailure] = []
        for key in keys:
            reason = script.failing.get(key.network)
            if reason is None:
                self.put(key, script.amounts.get(key, 0))
            else:
                failure = ReadFailure(key, reason, self._session.clock.now(), "server.example", 10.0)
                failed.append(failure)
                self.states[key] = fail(self.state(key), failure)
        if on_progress is not None:
            on_progress(Progress(len(keys), len(keys), len(failed)))
        self._session.tell(ChangeSet(frozenset(keys)))
        networks = len({key.network for key in keys})
        return Report(len(keys), len(keys) - len(failed), 0, 0, networks, tuple(failed), 0.8)

    async def forget(self, key: BalanceKey) -> None:
        self.states.pop(key, None)
        self._session.tell(ChangeSet(frozenset({key})))

    async def clear_cache(self) -> None:
        keys = frozenset(self.states)
        self.states.clear()
        self.cleared += 1
        self._session.tell(ChangeSet(keys))

    def put(self, key: BalanceKey, amount: int, *, age_s: float = 0.0, arrived: bool = True, number: int = 0) -> None:
        """Hold an answer of the network, read `age_s` ago; without `arrived` the disk supplied it."""
        now = self._session.clock.now()
        started = now._replace(wall_s=now.wall_s - age_s, boot_s=now.boot_s - age_s)
        place = Height(HeightKind.BLOCK, number or 21_884_310, BLOCK_HASH, None, int(started.wall_s) - 4)
        reading = Reading(
            key,
            amount,
            self._session.catalogue.asset(key.asset).decimals,
            place,
            f"{self._session.catalogue.network(key.network).name.lower()}.example",
            ReadMethod.MULTICALL,
            47,
            started,
            started._replace(wall_s=started.wall_s + 0.212, boot_s=started.boot_s + 0.212),
            7,
            REGISTRY,
        )
        self.states[key] = BalanceState(key, reading, arrived=started if arrived else None)

    def fail(self, key: BalanceKey, reason: FailureReason = FailureReason.TIMEOUT) -> None:
        failure = ReadFailure(key, reason, self._session.clock.now(), "server.example", 10.0)
        self.states[key] = fail(self.state(key), failure)

    def _update(self, keys: Collection[BalanceKey], *, under_way: bool) -> None:
        self.updating = self.updating | set(keys) if under_way else self.updating - set(keys)
        self._session.tell(ChangeSet(frozenset(keys), activity=True))


class FakeTransferBook:
    """The transfers that a test puts here, in the order in which they were signed."""

    def __init__(self) -> None:
        self.signed: list[Transfer] = []

    def all(self) -> tuple[Transfer, ...]:
        return tuple(reversed(self.signed))

    def touching(self, key: BalanceKey) -> tuple[Transfer, ...]:
        return tuple(each for each in self.signed if key in touched(each.draft, each.fee.asset))


class FakePreload:
    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self.progress: Progress | None = None
        self.runs: list[tuple[BalanceKey, ...] | None] = []
        self.cancelled = 0

    async def run(
        self,
        keys: Sequence[BalanceKey] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        asked = self._session.balances.keys() if keys is None else tuple(keys)
        self.runs.append(asked)
        self.show(Progress(0, len(asked)))
        try:
            return await self._session.balances.refresh(asked, on_progress)
        finally:
            self.show(None)

    def cancel(self) -> None:
        self.cancelled += 1
        self.show(None)

    def show(self, progress: Progress | None) -> None:
        self.progress = progress
        self._session.tell(ChangeSet(activity=True))


class FakeOpinions:
    """Another server that reads `amount`, or cannot tell for `problem`; `gate` holds its answers back."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self.amount: int | None = None
        self.problem: OpinionProblem | None = None
        self.gate: asyncio.Event | None = None
        self.asked: list[BalanceKey] = []
        self.cancelled = 0
        self.given: dict[BalanceKey, Opinion] = {}

    def of(self, key: BalanceKey) -> Opinion | None:
        given = self.given.get(key)
        return given if given is not None and given.first is self._session.balances.state(key).reading else None

    async def ask(self, key: BalanceKey) -> Opinion:
        self.asked.append(key)
        if self.gate is not None:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        first = self._session.balances.state(key).reading
        if first is None or self.problem is not None:
            self.given[key] = cannot_tell(first, self.problem or OpinionProblem.NO_READING)
        else:
            amount = first.amount if self.amount is None else self.amount
            self.given[key] = compare(first, replace(first, amount=amount, endpoint="other.example"))
        self._session.tell(ChangeSet(frozenset({key})))
        return self.given[key]


@dataclass(slots=True)
class FakeSettings:
    preload: bool = True
    cache_mode: CacheMode = CacheMode.ON

    @property
    def now(self) -> FakeSettings:
        return self


class FakePlace:
    """Who would be asked for prices."""

    name = "CoinGecko"
    host = "prices.example"


class FakePrices:
    """Prices that a test puts here, by asset, while a currency is chosen."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self.currency: Currency | None = None
        self.playing = False
        self.asking = False
        self.failure: NetworkFailure | UntrustedReply | None = None
        self.source = FakePlace()
        self.ttl_s = 300.0
        self.told: dict[AssetId, Price] = {}
        self.used = 0
        self.refreshed = 0

    def put(self, asset: AssetId, per_unit: str, *, age_s: float = 0.0) -> None:
        now = self._session.clock.now()
        at = now._replace(wall_s=now.wall_s - age_s, boot_s=now.boot_s - age_s)
        self.currency = self.currency or CURRENCIES["usd"]
        coin = CoinId(asset.reference)
        self.told[asset] = Price(coin, self.currency, Decimal(per_unit), at, int(at.wall_s), self.source.host)

    def price(self, asset: AssetId, /) -> Price | None:
        price = None if self.currency is None else self.told.get(asset)
        return price if price is not None and price.is_shown(self._session.clock.now()) else None

    def is_outdated(self, price: Price, /) -> bool:
        return price.is_outdated(self._session.clock.now(), self.ttl_s)

    def age_s(self) -> float | None:
        now = self._session.clock.now()
        return min((price.age_s(now) for price in self.told.values()), default=None)

    def coins(self) -> tuple[CoinId, ...]:
        return tuple(price.coin for price in self.told.values())

    def use(self) -> None:
        self.used += 1

    def refresh(self) -> None:
        self.refreshed += 1

    async def choose(self, code: str) -> None:
        self.currency = CURRENCIES.get(code)
        if self.currency is None:
            self.told.clear()
        self._session.tell(ChangeSet(prices=True))


class FakeRefresher:
    """Takes note of what is on screen, and reads nothing."""

    def __init__(self) -> None:
        self.watched: tuple[BalanceKey, ...] = ()
        self.hidden = False
        self.due_s: float | None = None
        self.applied = 0

    def watch(self, keys: Collection[BalanceKey]) -> None:
        self.watched = tuple(keys)

    def set_hidden(self, hidden: bool) -> None:
        self.hidden = hidden

    def next_s(self) -> float | None:
        return self.due_s

    def apply_settings(self) -> None:
        self.applied += 1


class FakeSession:
    def __init__(self, clock: FakeClock | None = None, *, practice: bool = False) -> None:
        self.clock = clock or FakeClock()
        self.profile = FakeProfile(ProfileId("p1"), practice=practice)
        self.spend_problem = None
        self.cache_trouble: CacheTrouble | None = None
        self.script = Script()
        self.accounts = FakeAccounts()
        self.catalogue = FakeCatalogue()
        self.balances = FakeBalances(self)
        self.preload = FakePreload(self)
        self.opinions = FakeOpinions(self)
        self.settings = FakeSettings()
        self.refresher = FakeRefresher()
        self.prices = FakePrices(self)
        # The pages of payments put a larger book in its place.
        self.transfers: Any = FakeTransferBook()
        self.listeners: list[Callable[[ChangeSet], None]] = []

    @property
    def keys(self) -> tuple[BalanceKey, ...]:
        return self.balances.keys()

    def subscribe(self, callback: Callable[[ChangeSet], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def tell(self, change: ChangeSet) -> None:
        for listener in list(self.listeners):
            listener(change)

    def forget_cache_trouble(self) -> None:
        self.cache_trouble = None

    def key(self, account: int, network: int, asset: int) -> BalanceKey:
        """Return a balance by the places of its account, network and asset."""
        owner = self.accounts.accounts()[account]
        on = self.catalogue.networks()[network]
        return BalanceKey(on.id, owner.address, self.catalogue.assets(on.id)[asset].id)


def small_session(clock: FakeClock | None = None) -> FakeSession:
    """Return two wallets of three accounts on three networks with two assets each, of which nothing was read."""
    session = FakeSession(clock)
    session.accounts.add("Savings", "Account 1", "Account 2")
    session.accounts.add("Everyday", "Account 1")
    listed = AssetOrigin.LIST
    session.catalogue.add(network(1, "Ethereum"), (USDC, "USDC", "USD Coin", 6, listed))
    session.catalogue.add(network(8453, "Base"), ("0x" + "83" * 20, "USDC", "USD Coin", 6, listed))
    session.catalogue.add(network(137, "Polygon", "POL"), ("0x" + "c2" * 20, "USDT", "Tether", 6, listed))
    return session
