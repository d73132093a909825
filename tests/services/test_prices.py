from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, native_asset
from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout, StorageFull, UntrustedReply
from desktop_wallet.core.freshness import Purpose
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.prices import CoinId, Currency
from desktop_wallet.registry.registry import Registry
from desktop_wallet.services.feed import ChangeFeed
from desktop_wallet.services.price_sources import Quoted
from desktop_wallet.services.prices import Prices
from desktop_wallet.services.settings import SettingsKeeper
from tests.fakes.clock import FakeClock
from tests.fakes.engine import network
from tests.fakes.sleepers import settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.errors import NetworkFailure
    from desktop_wallet.core.networks import Network
    from desktop_wallet.services.catalogue import Catalogue

ETHEREUM, BASE, SEPOLIA = network("1"), network("8453"), replace(network("11155111"), testnet=True)
ETH, BASE_ETH = native_asset(ETHEREUM).id, native_asset(BASE).id
USDC = AssetId(ETHEREUM.id, "erc20", "0xa0b8")
SCAM = AssetId(ETHEREUM.id, "erc20", "0xbad0")
"""Somebody else's token of the same name; it is held, and no list has it."""
COINS = {
    ETH: CoinId("ethereum"),
    BASE_ETH: CoinId("ethereum"),
    USDC: CoinId("usd-coin"),
    AssetId(BASE.id, "erc20", "0xcbb7"): CoinId("coinbase-wrapped-btc"),
    native_asset(SEPOLIA).id: CoinId("ethereum"),
}


@dataclass
class FakeCatalogue:
    on: list[Network] = field(default_factory=lambda: [ETHEREUM])

    def networks(self) -> tuple[Network, ...]:
        return tuple(self.on)

    def network(self, wanted: NetworkId) -> Network:
        return next(known for known in (ETHEREUM, BASE, SEPOLIA) if known.id == wanted)

    def decimals(self, asset: AssetId) -> int:
        return 6 if asset == USDC else 18


@dataclass
class FakeSource:
    """Says what a test puts here, and remembers what it was asked."""

    clock: FakeClock
    name: str = "Fake"
    host: str = "prices.example"
    held_back_s: float = 0.0
    told: dict[str, str] = field(default_factory=lambda: {"ethereum": "2500.5", "usd-coin": "0.999"})
    market_age_s: float = 30.0
    fails: NetworkFailure | UntrustedReply | None = None
    gate: asyncio.Event | None = None
    asked: list[tuple[tuple[CoinId, ...], str]] = field(default_factory=list)

    async def ask(self, coins: Sequence[CoinId], currency: Currency) -> Mapping[CoinId, Quoted]:
        self.asked.append((tuple(coins), currency.code))
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        market_s = int(self.clock.wall_s - self.market_age_s)
        return {coin: Quoted(Decimal(self.told[coin]), market_s) for coin in coins if coin in self.told}


class House:
    """Prices over a real registry; `unlock` begins a session anew on the same registry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.source = FakeSource(self.clock)
        self.catalogue = FakeCatalogue()
        self.changes: list[ChangeSet] = []
        self.registry: Registry
        self.settings: SettingsKeeper
        self.prices: Prices

    async def unlock(self) -> None:
        self.registry = await Registry.open(self.folder / "registry.db", b"r" * 32, self.clock)
        self.settings = await SettingsKeeper.open(self.registry)
        feed = ChangeFeed()
        feed.subscribe(self.changes.append)
        self.prices = Prices(
            self.registry,
            self.settings,
            cast("Catalogue", self.catalogue),
            feed,
            self.clock,
            self.source,
            COINS,
        )
        await self.prices.load()

    async def lock(self) -> None:
        await self.prices.stop()
        await self.registry.close()

    async def choose(self, code: str) -> None:
        await self.prices.choose(code)
        await self.rest()

    def why_not(self) -> object:
        return self.prices.failure

    async def rest(self) -> None:
        await self.prices._tasks.finish()
        await settle()

    async def use(self) -> None:
        self.prices.use()
        await self.rest()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.unlock()
    yield made
    await made.lock()


async def test_nothing_is_asked_while_prices_are_off(house: House) -> None:
    for _ in range(20):
        await house.use()
        house.prices.refresh()
        await house.rest()
        house.clock.advance(301)
    assert house.source.asked == []
    assert house.prices.price(ETH) is None
    assert house.prices.age_s() is None


async def test_choosing_a_currency_asks_once_for_every_listed_coin_of_the_networks_in_use(house: House) -> None:
    house.catalogue.on = [ETHEREUM, BASE, SEPOLIA]
    await house.choose("usd")
    assert house.source.asked == [(("coinbase-wrapped-btc", "ethereum", "usd-coin"), "usd")]


async def test_networks_that_are_off_are_not_asked_for(house: House) -> None:
    await house.choose("usd")
    assert house.source.asked == [(("ethereum", "usd-coin"), "usd")]


async def test_without_a_network_nobody_is_asked(house: House) -> None:
    house.catalogue.on = [SEPOLIA]
    await house.choose("usd")
    assert house.source.asked == []


async def test_a_value_is_the_amount_at_the_price(house: House) -> None:
    await house.choose("usd")
    assert house.prices.value(ETH, 2 * 10**18) == Decimal(5001)
    assert house.prices.value(USDC, 1_500_000) == Decimal("1.4985")


async def test_a_token_gets_no_price_by_its_name(house: House) -> None:
    scam = Asset(SCAM, "USDC", "USD Coin", 6, AssetOrigin.BY_HAND)
    await house.choose("usd")
    assert house.prices.price(scam.id) is None
    assert house.prices.value(scam.id, 10**12) is None


async def test_coins_of_a_test_network_have_no_price_even_if_a_list_says_so(house: House) -> None:
    house.catalogue.on = [ETHEREUM, SEPOLIA]
    await house.choose("usd")
    assert house.prices.price(native_asset(SEPOLIA).id) is None


async def test_looking_on_asks_again_only_when_the_time_is_over(house: House) -> None:
    await house.choose("usd")
    for _ in range(300):
        await house.use()
        house.clock.advance(1)
    await house.use()
    assert len(house.source.asked) == 1
    house.clock.advance(0.5)
    await house.use()
    assert len(house.source.asked) == 2


async def test_an_hour_of_looking_asks_no_oftener_than_the_time_allows(house: House) -> None:
    await house.choose("usd")
    for _ in range(3_600):
        house.clock.advance(1)
        house.prices.use()
        house.prices.refresh()
        await house.rest()
    assert len(house.source.asked) <= 1 + 3_600 // 300


async def test_nobody_looks_and_nobody_asks(house: House) -> None:
    await house.choose("usd")
    house.clock.advance(7_200)
    await house.rest()
    assert len(house.source.asked) == 1


async def test_refresh_asks_only_for_prices_that_are_over_their_time(house: House) -> None:
    await house.choose("usd")
    house.clock.advance(300)
    house.prices.refresh()
    await house.rest()
    assert len(house.source.asked) == 1
    house.clock.advance(1)
    house.prices.refresh()
    await house.rest()
    assert len(house.source.asked) == 2


async def test_a_time_set_in_settings_counts(house: House) -> None:
    await house.settings.change(ttl_s={(Purpose.LISTS, None): 60.0})
    await house.choose("usd")
    house.clock.advance(61)
    await house.use()
    assert len(house.source.asked) == 2


async def test_a_failure_keeps_the_last_prices_and_says_why(house: House) -> None:
    await house.choose("usd")
    house.source.fails = EndpointTimeout(host="prices.example", after_s=10.0)
    house.clock.advance(301)
    await house.use()
    price = house.prices.price(ETH)
    assert price is not None
    assert house.prices.is_outdated(price)
    assert isinstance(house.why_not(), EndpointTimeout)
    house.source.fails = None
    house.clock.advance(301)
    await house.use()
    assert house.why_not() is None
    price = house.prices.price(ETH)
    assert price is not None
    assert not house.prices.is_outdated(price)


async def test_after_a_failure_looking_on_waits_its_time_and_a_refresh_does_not(house: House) -> None:
    house.source.fails = EndpointTimeout(host="prices.example", after_s=10.0)
    await house.choose("usd")
    house.clock.advance(100)
    await house.use()
    assert len(house.source.asked) == 1
    house.prices.refresh()
    await house.rest()
    assert len(house.source.asked) == 2


async def test_a_server_that_wants_a_pause_gets_it(house: House) -> None:
    house.source.fails = EndpointRateLimited(host="prices.example", retry_after_s=900.0)
    await house.choose("usd")
    house.source.held_back_s = 900.0
    house.clock.advance(301)
    await house.use()
    house.prices.refresh()
    await house.rest()
    assert len(house.source.asked) == 1
    house.source.held_back_s = 0.0
    house.source.fails = None
    await house.use()
    assert len(house.source.asked) == 2


async def test_a_missing_coin_has_no_price_and_is_never_nothing(house: House) -> None:
    del house.source.told["usd-coin"]
    await house.choose("usd")
    assert house.prices.price(ETH) is not None
    assert house.prices.value(USDC, 10**6) is None


async def test_a_coin_that_goes_missing_keeps_its_last_price_which_ages(house: House) -> None:
    await house.choose("usd")
    del house.source.told["usd-coin"]
    house.clock.advance(301)
    await house.use()
    old, new = house.prices.price(USDC), house.prices.price(ETH)
    assert old is not None
    assert new is not None
    assert house.prices.is_outdated(old)
    assert not house.prices.is_outdated(new)


@pytest.mark.parametrize(("market_age_s", "taken"), [(86_400, True), (86_402, False), (-299, True), (-302, False)])
async def test_a_price_of_another_day_or_from_the_future_is_refused(
    house: House, market_age_s: float, taken: bool
) -> None:
    house.source.market_age_s = market_age_s
    await house.choose("usd")
    assert (house.prices.price(ETH) is not None) is taken
    assert isinstance(house.prices.failure, UntrustedReply) is not taken


async def test_a_price_older_than_a_day_is_not_shown(house: House) -> None:
    await house.choose("usd")
    house.clock.advance(86_400 - 31)
    assert house.prices.price(ETH) is not None
    house.clock.advance(60)
    assert house.prices.price(ETH) is None
    assert house.prices.value(ETH, 1) is None


async def test_an_unlock_has_the_last_prices_at_once_with_their_age_and_asks_nobody(house: House) -> None:
    await house.choose("usd")
    before = house.prices.price(ETH)
    await house.lock()
    house.clock.restart()
    house.clock.wall_s += 120
    await house.unlock()
    price = house.prices.price(ETH)
    assert price == before
    assert house.prices.age_s() == 120
    await house.use()
    assert len(house.source.asked) == 1
    house.clock.advance(181)
    await house.use()
    assert len(house.source.asked) == 2


async def test_nothing_is_asked_after_the_lock(house: House) -> None:
    await house.choose("usd")
    await house.prices.stop()
    house.clock.advance(301)
    await house.use()
    house.prices.refresh()
    await house.rest()
    assert len(house.source.asked) == 1


async def test_a_lock_ends_a_question_under_way(house: House) -> None:
    house.source.gate = asyncio.Event()
    await house.prices.choose("usd")
    await settle()
    await house.prices.stop()
    assert not house.prices.asking
    assert house.prices.price(ETH) is None


async def test_switching_off_forgets_the_prices_here_and_in_the_registry(house: House) -> None:
    await house.choose("usd")
    assert "prices" in await house.registry.load_settings()
    await house.choose("")
    assert "prices" not in await house.registry.load_settings()
    assert house.prices.currency is None
    assert house.prices.price(ETH) is None
    assert house.prices.age_s() is None
    house.clock.advance(301)
    await house.use()
    assert len(house.source.asked) == 1


async def test_a_reply_that_comes_after_switching_off_is_not_taken(house: House) -> None:
    house.source.gate = asyncio.Event()
    await house.prices.choose("usd")
    await settle()
    await house.prices.choose("")
    house.source.gate.set()
    await house.rest()
    assert "prices" not in await house.registry.load_settings()
    await house.settings.change(prices_in="usd")
    assert house.prices.price(ETH) is None


async def test_a_reply_in_the_currency_before_is_not_taken_for_the_new_one(house: House) -> None:
    house.source.gate = asyncio.Event()
    await house.prices.choose("usd")
    await settle()
    await house.settings.change(prices_in="eur")
    house.source.gate.set()
    await house.rest()
    assert house.prices.price(ETH) is None
    assert house.prices.age_s() is None
    assert "prices" not in await house.registry.load_settings()


async def test_another_currency_is_asked_for_at_once_and_the_old_prices_go(house: House) -> None:
    await house.choose("usd")
    house.source.fails = EndpointTimeout(host="prices.example", after_s=10.0)
    await house.choose("eur")
    assert [currency for _, currency in house.source.asked] == ["usd", "eur"]
    assert house.prices.price(ETH) is None


async def test_choosing_what_is_chosen_asks_nobody(house: House) -> None:
    await house.choose("usd")
    await house.choose("usd")
    assert len(house.source.asked) == 1


async def test_a_currency_that_nobody_knows_is_no_choice(house: House) -> None:
    with pytest.raises(KeyError):
        await house.prices.choose("xxx")
    assert house.prices.currency is None


async def test_a_full_disk_keeps_nothing_and_shows_prices_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.choose("usd")

    async def full(_: object) -> None:
        raise StorageFull(name="registry.db")

    monkeypatch.setattr(house.registry, "save_settings", full)
    house.source.told["ethereum"] = "3000"
    house.clock.advance(301)
    await house.use()
    price = house.prices.price(ETH)
    assert price is not None
    assert price.per_unit == 3000
    with pytest.raises(StorageFull):
        await house.prices.choose("")
    assert house.prices.currency is not None


@pytest.mark.parametrize(
    "kept",
    ["", "{", "[]", "null", '{"prices": []}', '{"asked": 5, "prices": {}}', '{"asked": ["a", 1, "r"], "prices": {}}',
     '{"asked": [1, 1, "r"], "prices": {"ethereum": ["usd"]}}', '{"asked": [1, 1, "r"], "prices": {"ethereum": 5}}'],
)  # fmt: skip
async def test_kept_prices_that_are_not_understood_are_left_out(house: House, kept: str) -> None:
    await house.choose("usd")
    await house.registry.save_settings({"prices": kept})
    await house.lock()
    await house.unlock()
    assert house.prices.price(ETH) is None
    await house.use()
    assert house.prices.price(ETH) is not None


async def test_a_kept_price_that_no_price_can_be_is_left_out(house: House) -> None:
    await house.choose("usd")
    kept = json.loads((await house.registry.load_settings())["prices"])
    kept["prices"]["ethereum"][1] = "-5"
    kept["prices"]["usd-coin"][0] = "eur"
    await house.registry.save_settings({"prices": json.dumps(kept)})
    await house.lock()
    await house.unlock()
    assert house.prices.price(ETH) is None
    assert house.prices.price(USDC) is None


async def test_views_are_told_of_new_prices_and_of_none(house: House) -> None:
    await house.choose("usd")
    assert any(change.prices for change in house.changes)
    house.changes.clear()
    await house.choose("")
    assert any(change.prices for change in house.changes)


async def test_while_a_currency_is_chosen_nobody_is_asked_for_prices_in_the_one_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.choose("usd")
    house.clock.advance(301)
    save = house.registry.save_settings

    async def saved(changed: Mapping[str, str | None]) -> None:
        house.prices.use()
        house.prices.refresh()
        await save(changed)

    monkeypatch.setattr(house.registry, "save_settings", saved)
    await house.choose("")
    assert len(house.source.asked) == 1
    assert "prices" not in await house.registry.load_settings()


async def test_a_choice_that_was_broken_off_shows_no_price_in_another_currency(house: House) -> None:
    await house.choose("usd")
    await house.settings.change(prices_in="jpy")
    assert house.prices.price(ETH) is None
