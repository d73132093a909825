"""What coins cost: asked for only where a person chose it, all listed coins at once, and never oftener than its TTL."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import ContradictoryReply, NetworkFailure, StorageFailure, UntrustedReply
from desktop_wallet.core.freshness import TTL_S, Purpose
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.prices import CURRENCIES, KEPT_S, CoinId, Currency, Price, checked_price, worth
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.services.price_sources import PriceSource, Quoted
    from desktop_wallet.services.settings import SettingsKeeper

_log = logging.getLogger(__name__)

_KEY = "prices"
_CLOCKS_APART_S = 300.0
"""How far the source's clock may be ahead of this computer's."""


class Prices:
    """The last prices, and who may ask for new ones.

    Nothing is asked while `currency` is None. Views say with `use` that somebody looks at values: it asks anew once
    the last try is older than the TTL, and not before. Nobody looks: nobody asks.
    """

    def __init__(
        self,
        registry: Registry,
        settings: SettingsKeeper,
        catalogue: Catalogue,
        feed: ChangeFeed,
        clock: Clock,
        source: PriceSource,
        coins: Mapping[AssetId, CoinId],
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._catalogue = catalogue
        self._feed = feed
        self._clock = clock
        self._source = source
        self._coins = coins
        self._held: dict[CoinId, Price] = {}
        self._tried: Instant | None = None
        self._answered: Instant | None = None
        self._tasks = Tasks()
        self._asking = False
        self._choosing = False
        self._closed = False
        self.failure: NetworkFailure | UntrustedReply | None = None
        """Why the last try brought nothing; None after one that did."""

    async def load(self) -> None:
        """Take in the prices that were kept, so that an unlock shows values at once, with their age."""
        currency = self.currency
        if currency is None:
            return
        text = (await self._registry.load_settings()).get(_KEY)
        if text is None:
            return
        try:
            self._answered, self._held = _decode(text, currency)
        except (ValueError, TypeError, KeyError, AttributeError):
            _log.warning("the kept prices are not understood and are left out")
            return
        self._tried = self._answered

    # What is known

    @property
    def currency(self) -> Currency | None:
        """Return the currency that was chosen; None while prices are off."""
        return CURRENCIES.get(self._settings.now.prices_in)

    @property
    def source(self) -> PriceSource:
        """Return who is asked, or would be."""
        return self._source

    @property
    def playing(self) -> bool:
        """Return whether the prices are made up in this program."""
        return not self._source.host

    @property
    def ttl_s(self) -> float:
        """Return for how long a price serves (requirement F9: 300 s, unless Settings or the environment say else)."""
        return self._settings.policy().overrides.get((Purpose.LISTS, None), TTL_S[Purpose.LISTS])

    @property
    def asking(self) -> bool:
        """Return whether prices are being asked for now."""
        return self._asking

    def price(self, asset: AssetId) -> Price | None:
        """Return what an asset costs; None if nobody knows, if it is older than a day, or while prices are off."""
        coin, currency = self._coins.get(asset), self.currency
        price = None if coin is None or currency is None else self._held.get(coin)
        if price is None or price.currency is not currency or not self._is_worth_something(asset):
            return None
        return price if price.is_shown(self._clock.now()) else None

    def is_outdated(self, price: Price) -> bool:
        """Return whether a price is older than it should be."""
        return price.is_outdated(self._clock.now(), self.ttl_s)

    def value(self, asset: AssetId, base_units: int) -> Decimal | None:
        """Return what an amount is worth, exactly; None without a price."""
        price = self.price(asset)
        return None if price is None else worth(base_units, self._catalogue.decimals(asset), price.per_unit)

    def age_s(self) -> float | None:
        """Return the seconds since prices were last asked for with success; None if they never were."""
        return None if self._answered is None else max(self._answered.age_s(self._clock.now()), 0.0)

    def coins(self) -> tuple[CoinId, ...]:
        """Return what is asked for: every coin listed for the networks that are on, held or not, by name."""
        on = {network.id for network in self._catalogue.networks() if network.practice or not network.testnet}
        return tuple(sorted({coin for asset, coin in self._coins.items() if asset.network in on}))

    # What is asked

    def use(self) -> None:
        """Take note that somebody looks at values: ask for prices if the last try is older than the TTL."""
        now = self._clock.now()
        if self._tried is None or not 0 <= self._tried.age_s(now) <= self.ttl_s:
            self._begin()

    def refresh(self) -> None:
        """Take note that somebody wants everything anew: ask if the prices are older than the TTL, or failed."""
        age_s = self.age_s()
        if age_s is None or age_s > self.ttl_s:
            self._begin()

    async def choose(self, code: str) -> None:
        """Show values in this currency ("usd") from now on, or in none (""), and forget the prices in another.

        Raises StorageFailure, and then the currency has not changed; KeyError for one that is not known.
        """
        if code and code not in CURRENCIES:
            raise KeyError(code)
        if code == self._settings.now.prices_in:
            return
        self._choosing = True
        try:
            await self._tasks.stop()
            self._held.clear()
            self._tried = self._answered = self.failure = None
            await self._registry.save_settings({_KEY: None})
            await self._settings.change(prices_in=code)
        finally:
            self._choosing = False
            self._feed.publish(ChangeSet(prices=True))
        self.use()

    async def stop(self) -> None:
        """Ask nobody any more."""
        self._closed = True
        await self._tasks.stop()

    def _begin(self) -> None:
        if self._closed or self._choosing or self._asking or self.currency is None or self._source.held_back_s > 0:
            return
        coins = self.coins()
        if coins:
            self._asking = True
            self._tried = self._clock.now()
            self._tasks.begin(self._ask(coins, self.currency, self._tried), "prices")

    async def _ask(self, coins: tuple[CoinId, ...], currency: Currency, started: Instant) -> None:
        try:
            told = await self._source.ask(coins, currency)
            if currency is not self.currency:  # another was chosen, or none, while this one was asked for
                return
            self._take(told, currency, started)
        except (NetworkFailure, UntrustedReply) as error:
            self.failure = type(error)(**error.data)
            _log.info("no prices: %s", type(error).__name__)
        else:
            await self._keep(started)
        finally:
            self._asking = False
            self._feed.publish(ChangeSet(prices=True))

    def _take(self, told: Mapping[CoinId, Quoted], currency: Currency, started: Instant) -> None:
        """Take in what is of today; a coin that is missing keeps its last price, which goes on ageing."""
        source = self._source.host or self._source.name
        fit = {
            coin: Price(coin, currency, quoted.per_unit, started, quoted.market_s, source)
            for coin, quoted in told.items()
            if -_CLOCKS_APART_S <= started.wall_s - quoted.market_s <= KEPT_S
        }
        if not fit:
            raise ContradictoryReply(host=source, problem="prices")
        self._held.update(fit)
        self._answered = started
        self.failure = None

    async def _keep(self, started: Instant) -> None:
        try:
            await self._registry.save_settings({_KEY: _encode(started, self._held)})
        except StorageFailure as error:  # the prices are there all the same, until the lock
            _log.warning("the prices were not kept: %s", type(error).__name__)

    def _is_worth_something(self, asset: AssetId) -> bool:
        try:
            network = self._catalogue.network(asset.network)
        except KeyError:
            return False
        return network.practice or not network.testnet


def _encode(answered: Instant, held: Mapping[CoinId, Price]) -> str:
    return json.dumps(
        {
            "asked": list(answered),
            "prices": {
                coin: [price.currency.code, str(price.per_unit), price.market_s, price.source, list(price.at)]
                for coin, price in held.items()
            },
        }
    )


def _decode(text: str, currency: Currency) -> tuple[Instant, dict[CoinId, Price]]:
    """Return when the kept prices were asked for, and those in this currency; ValueError and its like if unreadable."""
    body = json.loads(text)
    held: dict[CoinId, Price] = {}
    for coin, (code, digits, market_s, source, at) in body["prices"].items():
        per_unit = checked_price(str(digits))
        if per_unit is not None and code == currency.code:
            held[CoinId(coin)] = Price(CoinId(coin), currency, per_unit, _instant(at), int(market_s), str(source))
    return _instant(body["asked"]), held


def _instant(kept: list[object]) -> Instant:
    wall_s, boot_s, run = kept
    if not isinstance(wall_s, int | float) or not isinstance(boot_s, int | float):
        raise TypeError
    return Instant(float(wall_s), float(boot_s), RunId(str(run)))
