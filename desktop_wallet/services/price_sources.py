"""Who tells what coins cost: one source behind a small protocol, and one that plays, for practice profiles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from desktop_wallet.core.errors import EndpointRateLimited, MalformedReply, OversizedReply
from desktop_wallet.core.networks import Endpoint
from desktop_wallet.core.prices import CoinId, Currency, checked_price
from desktop_wallet.net.bucket import TokenBucket
from desktop_wallet.net.json_text import JsonDecimal, parse_json
from desktop_wallet.net.limits import ReplyLimits

if TYPE_CHECKING:
    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.net.client import HttpClient

COINGECKO_URL = "https://api.coingecko.com/api/v3/simple/price"
"""CoinGecko's public interface, without a key (docs.coingecko.com, reference "Coin Price by IDs")."""
_REQUESTS_PER_MIN = 10
"""Without a key the limit holds for everybody behind one IP address, and no number is published: stay far below."""
_BURST = 4
_LIMITS = ReplyLimits(max_bytes=256 * 1024, max_depth=4, max_items=5_000)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a source says of one coin: its price, and when (Unix seconds) it last renewed that."""

    per_unit: Decimal
    market_s: int


class PriceSource(Protocol):
    """Tells prices. It learns which coins are asked for and from where, and nothing else."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def host(self) -> str:
        """The server that is asked; empty if none is."""
        ...

    @property
    def held_back_s(self) -> float:
        """The seconds for which the server wants not to be asked."""
        ...

    async def ask(self, coins: Sequence[CoinId], currency: Currency) -> Mapping[CoinId, Quoted]:
        """Return the prices of these coins, in one request; what is missing or cannot be right is left out.

        Raises NetworkFailure, UntrustedReply.
        """
        ...


class CoinGecko:
    """Asks `GET /simple/price` for all coins at once.

    The reply is `{"usd-coin": {"usd": 0.9998, "last_updated_at": 1711356300}, ...}`: coins that it does not know are
    missing, and it renews its prices about once a minute. 429 says that there were too many requests.
    """

    name = "CoinGecko"

    def __init__(
        self,
        client: HttpClient,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        url: str = COINGECKO_URL,
    ) -> None:
        self._client = client
        self._url = url
        self._endpoint = Endpoint(url)
        key = (self._endpoint.host, _REQUESTS_PER_MIN)
        # With the client, not with the session: the server counts on, whoever locks and unlocks.
        self._bucket = client.buckets.setdefault(
            key, TokenBucket(clock, sleep, rate_per_min=_REQUESTS_PER_MIN, burst=_BURST)
        )

    @property
    def host(self) -> str:
        """Return the host and port of the server."""
        return self._endpoint.host

    @property
    def held_back_s(self) -> float:
        """Return for how long the server's own word, or our limit, holds requests back."""
        return self._bucket.next_try_s(user_asked=True)

    async def ask(self, coins: Sequence[CoinId], currency: Currency) -> Mapping[CoinId, Quoted]:
        """Return the prices of these coins; raises NetworkFailure, UntrustedReply."""
        if self.held_back_s > 0:
            raise EndpointRateLimited(host=self.host, retry_after_s=self.held_back_s)
        await self._bucket.take(user_asked=True)
        query = urlencode(
            {
                "ids": ",".join(coins),
                "vs_currencies": currency.code,
                "include_last_updated_at": "true",
                "precision": "full",
            },
            safe=",",
        )
        try:
            body = await self._client.get(f"{self._url}?{query}")
        except EndpointRateLimited as error:
            wait_s = error.data.get("retry_after_s")
            self._bucket.refused(wait_s if isinstance(wait_s, float) else None)
            raise
        self._bucket.accepted()
        return self._read(body, coins, currency)

    def _read(self, body: bytes, coins: Sequence[CoinId], currency: Currency) -> Mapping[CoinId, Quoted]:
        if len(body) > _LIMITS.max_bytes:
            raise OversizedReply(host=self.host, limit="bytes", maximum=_LIMITS.max_bytes)
        reply = parse_json(body, self.host, _LIMITS)
        if not isinstance(reply, dict):
            raise MalformedReply(host=self.host, problem="prices")
        told = {coin: _quoted(reply.get(coin), currency) for coin in coins}
        return {coin: quoted for coin, quoted in told.items() if quoted is not None}


def _quoted(said: object, currency: Currency) -> Quoted | None:
    """Return what the reply says of one coin, None if it says nothing that could be its price."""
    if not isinstance(said, dict):
        return None
    number, market_s = said.get(currency.code), said.get("last_updated_at")
    if type(market_s) is not int:  # True is no time
        return None
    if isinstance(number, JsonDecimal):
        price = checked_price(number.text)
    else:
        price = checked_price(str(number)) if type(number) is int else None
    return None if price is None else Quoted(price, market_s)


class PlayPrices:
    """Makes prices up, for play money: the same for everybody, moving a little with every minute. Asks nobody."""

    name = "Play prices"
    host = ""
    held_back_s = 0.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def ask(self, coins: Sequence[CoinId], currency: Currency) -> Mapping[CoinId, Quoted]:
        """Return a price for every coin that has one: a mug has none, so that a newcomer sees that too."""
        now_s = int(self._clock.now().wall_s)
        swing = abs(now_s // 60 % 40 - 20) - 10  # up and down by 2 % within 40 minutes
        rate = 150 if not currency.minor_digits else 1
        return {
            coin: Quoted(_PLAY[coin] * rate * (500 + swing) / 500, now_s - now_s % 60)
            for coin in coins
            if coin in _PLAY
        }


_PLAY = {
    CoinId("play-play"): Decimal(1_800),
    CoinId("play-pusd"): Decimal(1),
    CoinId("play-ptea"): Decimal("4.2"),
    CoinId("play-pgld"): Decimal(2_650),
    CoinId("play-pnil"): Decimal("0.01"),
}


def play_coin(asset: Asset) -> CoinId:
    """Return by which name play prices know an asset of a practice network."""
    return CoinId(f"play-{asset.symbol.lower()}")
