"""A loopback server that answers `GET /simple/price` as CoinGecko's published description says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.fakes.scripted_server import Exchange, ScriptedServer, scripted_server

PATH = "/api/v3/simple/price"
_SUPPORTED = {"usd", "eur", "gbp", "chf", "jpy", "brl", "cad", "aud", "nzd", "sgd", "mxn", "inr", "krw", "pln"}


@dataclass
class PriceServer:
    """What the market says: prices in dollars as the wire has them, by coin, and `rates` for other currencies."""

    now: Callable[[], float]
    coins: dict[str, str] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    market_age_s: float = 30.0
    server: ScriptedServer = field(init=False)

    @property
    def url(self) -> str:
        return self.server.url.split("/key-")[0] + PATH

    @property
    def asked(self) -> list[dict[str, str]]:
        """Return the query of each request, in the order in which they came."""
        targets = [request.first_line.split(" ")[1] for request in self.server.requests]
        return [{name: values[0] for name, values in parse_qs(urlsplit(target).query).items()} for target in targets]

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request: unknown coins are missing, an unknown currency is missing in each."""
        method, target, _ = exchange.request.first_line.split(" ")
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method != "GET" or parts.path != PATH or "ids" not in query or "vs_currencies" not in query:
            await exchange.send(b'{"error":"Missing parameter"}', status="422 Unprocessable Content")
            return
        currency = query["vs_currencies"]
        parts_of = []
        for coin in query["ids"].split(","):
            if coin not in self.coins:
                continue
            fields = []
            if currency in _SUPPORTED:
                number = self.coins[coin]
                rate = self.rates.get(currency)
                fields.append(f'"{currency}":{number if rate is None else float(number) * rate}')
            if query.get("include_last_updated_at") == "true":
                fields.append(f'"last_updated_at":{int(self.now() - self.market_age_s)}')
            parts_of.append(f"{json.dumps(coin)}:{{{','.join(fields)}}}")
        await exchange.send(f"{{{','.join(parts_of)}}}".encode())


@contextlib.asynccontextmanager
async def price_server(now: Callable[[], float], coins: Mapping[str, str]) -> AsyncIterator[PriceServer]:
    """Yield a price server on a free loopback port."""
    made = PriceServer(now, dict(coins))
    async with scripted_server(usual=made.answer) as server:
        made.server = server
        yield made
