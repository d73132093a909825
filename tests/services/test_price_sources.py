from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointUnreachable,
    MalformedReply,
    OversizedReply,
)
from desktop_wallet.core.prices import CURRENCIES, CoinId
from desktop_wallet.net.client import HttpClient
from desktop_wallet.services.price_sources import COINGECKO_URL, CoinGecko, PlayPrices, PriceSource, Quoted
from tests.fakes.clock import FakeClock
from tests.fakes.price_server import PATH, PriceServer, price_server
from tests.fakes.scripted_server import Act, cut, says, scripted_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ETH, USDC, JUNK = CoinId("ethereum"), CoinId("usd-coin"), CoinId("bridged-usdc-polygon-pos-bridge")
USD, EUR = CURRENCIES["usd"], CURRENCIES["eur"]
MARKET = {"ethereum": "2709.8412345678", "usd-coin": "0.999812"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def client(clock: FakeClock) -> AsyncIterator[HttpClient]:
    made = HttpClient(clock)
    yield made
    await made.aclose()


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[PriceServer]:
    async with price_server(lambda: clock.wall_s, MARKET) as made:
        yield made


@pytest.fixture
def source(client: HttpClient, clock: FakeClock, server: PriceServer) -> CoinGecko:
    return CoinGecko(client, clock, clock.sleep, server.url)


async def _said(client: HttpClient, clock: FakeClock, act: Act) -> object:
    """Return what the source makes of one reply for Ether in dollars."""
    async with scripted_server(act) as scripted:
        return await CoinGecko(client, clock, clock.sleep, scripted.url.split("?")[0]).ask([ETH, USDC], USD)


async def test_every_coin_comes_in_one_request_with_all_its_digits(source: CoinGecko, server: PriceServer) -> None:
    told = await source.ask([ETH, USDC], USD)
    renewed = int(server.now() - 30)
    assert told == {ETH: Quoted(Decimal("2709.8412345678"), renewed), USDC: Quoted(Decimal("0.999812"), renewed)}
    assert server.asked == [
        {
            "ids": "ethereum,usd-coin",
            "vs_currencies": "usd",
            "include_last_updated_at": "true",
            "precision": "full",
        }
    ]


async def test_a_coin_that_the_server_does_not_know_has_no_price(source: CoinGecko) -> None:
    assert set(await source.ask([ETH, JUNK], USD)) == {ETH}


async def test_coins_that_were_not_asked_for_are_not_taken(client: HttpClient, clock: FakeClock) -> None:
    now = int(clock.wall_s)
    reply = {"ethereum": {"usd": 1.5, "last_updated_at": now}, "scam": {"usd": 9e9, "last_updated_at": now}}
    assert await _said(client, clock, says(reply)) == {ETH: Quoted(Decimal("1.5"), now)}


async def test_a_price_in_another_currency_is_not_taken_for_it(client: HttpClient, clock: FakeClock) -> None:
    reply = {"ethereum": {"eur": 1.5, "last_updated_at": int(clock.wall_s)}}
    assert await _said(client, clock, says(reply)) == {}


async def test_a_request_tells_who_asks_nothing_but_what_it_must(source: CoinGecko, server: PriceServer) -> None:
    await source.ask([ETH], USD)
    request = server.server.requests[0]
    assert request.first_line.startswith(f"GET {PATH}?ids=ethereum&")
    assert set(request.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert request.headers["user-agent"] == "desktop-wallet"
    assert request.body == b""


_TIME = b'"last_updated_at": 1790000000'


@pytest.mark.parametrize(
    "said",
    [
        b'{"usd": 0, %b}', b'{"usd": -1, %b}', b'{"usd": 0.0, %b}', b'{"usd": 1e999, %b}', b'{"usd": -1e-9, %b}',
        b'{"usd": 1e-999, %b}', b'{"usd": "1.5", %b}', b'{"usd": "NaN", %b}', b'{"usd": null, %b}',
        b'{"usd": true, %b}', b'{"usd": [1.5], %b}', b'{"usd": {"usd": 1.5}, %b}', b'{"usd": 10000000000000001, %b}',
        b"{%b}", b"[1.5]", b"1.5", b"null", b'"1.5"', b"{}",
        b'{"usd": 1.5}', b'{"usd": 1.5, "last_updated_at": null}', b'{"usd": 1.5, "last_updated_at": 1790000000.5}',
        b'{"usd": 1.5, "last_updated_at": "1790000000"}', b'{"usd": 1.5, "last_updated_at": true}',
    ],
)  # fmt: skip
async def test_nonsense_about_one_coin_leaves_the_others(client: HttpClient, clock: FakeClock, said: bytes) -> None:
    body = b'{"ethereum": %b, "usd-coin": {"usd": 0.5, %b}}' % (said.replace(b"%b", _TIME), _TIME)
    assert await _said(client, clock, says(body)) == {USDC: Quoted(Decimal("0.5"), 1_790_000_000)}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"<html>blocked</html>", b'{"ethereum": {"usd": NaN}}', b'{"ethereum": {"usd": Infinity}}',
     b'{"ethereum": {"usd": 1' + b"0" * 90 + b"}}", b'{"ethereum"', b'\xff{"a": 1}'],
)  # fmt: skip
async def test_what_is_no_table_of_prices_is_refused_whole(client: HttpClient, clock: FakeClock, body: bytes) -> None:
    with pytest.raises(MalformedReply):
        await _said(client, clock, says(body))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({f"coin-{number}": {"usd": 1} for number in range(20_000)}).encode(),
        b"[" * 6 + b"]" * 6,
        b'{"ethereum": {"usd": 1, "x": "' + b"x" * 300_000 + b'"}}',
    ],
)
async def test_a_reply_that_is_too_large_or_too_deep_is_refused(
    client: HttpClient, clock: FakeClock, body: bytes
) -> None:
    with pytest.raises(OversizedReply):
        await _said(client, clock, says(body))


async def test_a_redirect_is_not_followed(client: HttpClient, clock: FakeClock) -> None:
    async with price_server(lambda: clock.wall_s, MARKET) as elsewhere:
        with pytest.raises(EndpointRefused):
            await _said(client, clock, says(b"", status="302 Found", Location=elsewhere.url))
        assert not elsewhere.asked


async def test_a_reply_that_breaks_off_is_asked_for_once_more(client: HttpClient, clock: FakeClock) -> None:
    async with scripted_server(cut, cut) as scripted:
        with pytest.raises(EndpointUnreachable):
            await CoinGecko(client, clock, clock.sleep, scripted.url.split("?")[0]).ask([ETH], USD)
        assert len(scripted.requests) == 2


async def test_too_many_requests_hold_back_the_next_for_as_long_as_the_server_says(
    source: CoinGecko, server: PriceServer, clock: FakeClock
) -> None:
    server.server.script.append(says({}, status="429 Too Many Requests", Retry_After="60"))
    with pytest.raises(EndpointRateLimited):
        await source.ask([ETH], USD)
    clock.advance(59)
    assert source.held_back_s == pytest.approx(1)
    with pytest.raises(EndpointRateLimited):
        await source.ask([ETH], USD)
    assert len(server.asked) == 1
    clock.advance(1)
    assert await source.ask([ETH], USD)


async def test_a_lock_and_an_unlock_do_not_forget_what_the_server_said(
    client: HttpClient, clock: FakeClock, source: CoinGecko, server: PriceServer
) -> None:
    server.server.script.append(says({}, status="429 Too Many Requests"))
    with pytest.raises(EndpointRateLimited):
        await source.ask([ETH], USD)
    assert CoinGecko(client, clock, clock.sleep, server.url).held_back_s > 0


async def test_many_requests_at_once_are_held_back_by_ourselves(source: CoinGecko, server: PriceServer) -> None:
    while not source.held_back_s:
        await source.ask([ETH], USD)
    assert 1 <= len(server.asked) <= 10
    with pytest.raises(EndpointRateLimited):
        await source.ask([ETH], USD)


async def test_the_other_currencies_come_by_their_own_code(source: CoinGecko, server: PriceServer) -> None:
    server.rates = {"eur": 0.5}
    assert (await source.ask([ETH], EUR))[ETH].per_unit == Decimal("1354.9206172839")


async def test_play_prices_ask_nobody_and_go_on_changing() -> None:
    clock = FakeClock()
    source: PriceSource = PlayPrices(clock)
    assert (source.host, source.held_back_s) == ("", 0)
    coins = [CoinId("play-play"), CoinId("play-pmug")]
    first = await source.ask(coins, USD)
    assert set(first) == {coins[0]}
    clock.advance(600)
    assert (await source.ask(coins, USD))[coins[0]].per_unit != first[coins[0]].per_unit


def test_the_shipped_source_is_asked_over_tls() -> None:
    assert COINGECKO_URL.startswith("https://api.coingecko.com/")
