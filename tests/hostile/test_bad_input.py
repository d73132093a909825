"""What a person mistypes and what a server makes up ends in a clear sentence; nothing is lost and nothing hangs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.errors import InvalidAddress, InvalidEndpoint, InvalidPhrase, InvalidToken, WalletError
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.ui.error_text import error_text
from tests.end_to_end.house import PATIENCE_S, PHRASE, Chain, amounts, coin_key, local_network, watching
from tests.fakes.anvil import Anvil
from tests.fakes.scripted_server import Act, Exchange, pours, says, scripted_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from desktop_wallet.services.session import Session

pytestmark = pytest.mark.anvil

WATCHED = "0x" + "a1" * 20
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""The first example of EIP-55."""
HUNDRED_MEGABYTES = 100
PIECE = b"[" + b"7," * (512 * 1024 - 1) + b"7"


async def refused(call: Awaitable[object], kind: type[WalletError]) -> str:
    """Return the sentence that the window shows for what the call raises, which must be of that kind."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(kind) as caught:
            await call
    return error_text(caught.value).text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "begins with 0x"),
        ("0x1234", "too short or too long"),
        ("hello", "begins with 0x"),
        ("0x" + "g1" * 20, "characters that no address has"),
        (CHECKSUMMED[:-1] + "D", "Small and capital letters do not fit"),
        (CHECKSUMMED.replace("5aA", "5aa"), "Small and capital letters do not fit"),
    ],
)
async def test_an_address_that_is_none_is_refused_in_words(
    tmp_path: Path, chain: Chain, typed: str, sentence: str
) -> None:
    async with watching(tmp_path, local_network(chain.node.url), WATCHED) as (_, session):
        words = await refused(session.accounts.add_watch("Watched", typed), InvalidAddress)
        assert sentence in words
        assert sentence in await refused(
            session.catalogue.find_token(session.catalogue.networks()[0].id, typed), InvalidAddress
        )
        assert len(session.accounts.accounts()) == 1
        await session.accounts.add_watch("Right", CHECKSUMMED)
        assert len(session.accounts.accounts()) == 2


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (PHRASE.replace("wave", "wavy"), "Word 5 is not a word of a recovery phrase."),
        (PHRASE.rsplit(" ", 1)[0], "12, 15, 18, 21 or 24 words"),
        (PHRASE.replace("yellow", "zoo"), "together they are not a recovery phrase"),
    ],
)
async def test_a_wrong_phrase_is_refused_with_the_place_of_the_word_and_never_the_word(
    tmp_path: Path, chain: Chain, typed: str, sentence: str
) -> None:
    async with watching(tmp_path, local_network(chain.node.url), WATCHED) as (_, session):
        words = await refused(session.accounts.add_phrase("Bad", typed, created=False), InvalidPhrase)
        assert sentence in words
        assert "wavy" not in words
        assert len(session.accounts.wallets()) == 1
        await session.accounts.add_phrase("Good", PHRASE, created=False)
        assert len(session.accounts.wallets()) == 2


async def test_a_server_that_cannot_be_used_is_refused_in_words_and_the_others_stay(
    tmp_path: Path, chain: Chain
) -> None:
    with contextlib.closing(socket.socket()) as nobody, Anvil(chain_id=5) as stranger:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is turned away
        unreachable = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        async with watching(tmp_path, local_network(chain.node.url), WATCHED) as (_, session):
            catalogue = session.catalogue
            [network] = catalogue.networks()
            expected = {
                unreachable: "could not be reached",
                stranger.url: "answers for network 5, not 31337",
                "ftp://example.org": "begins with https://",
                "127.0.0.1:8545": "begins with https://",
                "http://[::1": "begins with https://",
            }
            for url, sentence in expected.items():
                assert sentence in await refused(catalogue.add_server(network.id, url), InvalidEndpoint)
            assert "could not be reached" in await refused(
                catalogue.add_network("Mine", unreachable, "ETH"), InvalidEndpoint
            )
            async with scripted_server(usual=says(b"<html>A page</html>")) as page:
                words = await refused(catalogue.add_server(network.id, page.url), InvalidEndpoint)
                assert "does not answer as a node does" in words
                assert "secret" not in words, "no query of a URL is shown"
                assert "does not answer as a node does" in await refused(
                    catalogue.add_network("Mine", page.url, "ETH"), InvalidEndpoint
                )
            assert [server.url for server in catalogue.servers(network.id)] == [chain.node.url]
            await session.balances.refresh(session.balances.keys())
            assert amounts(session)[coin_key(session).address, coin_key(session).asset] == 0
            added = await catalogue.add_network("Stranger", stranger.url, "STR")
            assert (added.id.reference, catalogue.is_enabled(added.id)) == ("5", True)


MARKUP = "<img src=x onerror=alert(1)>"
DIRECTIONS = "\u202eEVIL\u2066\u200b\x07\nUSD"


async def test_markup_and_directions_in_a_tokens_name_are_plain_text(tmp_path: Path, chain: Chain) -> None:
    marked = chain.node.deploy_token(MARKUP, "<b>B</b>", supply=5)
    turned = chain.node.deploy_token(DIRECTIONS, "\u202eDSU", supply=5)
    async with watching(tmp_path, local_network(chain.node.url), WATCHED) as (application, first):
        session = first
        [network] = session.catalogue.networks()
        found = await session.catalogue.find_token(network.id, marked)
        assert (found.name, found.symbol) == (MARKUP, "<b>B</b>"), "nothing is taken away; the window shows it as text"
        await session.catalogue.add_token(found)
        found = await session.catalogue.find_token(network.id, turned)
        assert (found.name, found.symbol) == ("EVILUSD", "DSU")
        await session.catalogue.add_token(found)
        await session.balances.refresh(session.balances.keys())
        assert len(amounts(session)) == 3
        profile = session.profile.id
        await application.lock()
        session = await application.unlock(profile, "correct horse battery")
        assert {asset.name for asset in session.catalogue.assets(network.id)} == {"Ether", MARKUP, "EVILUSD"}


async def test_what_is_no_token_is_refused_in_words(tmp_path: Path, chain: Chain) -> None:
    async with watching(tmp_path, local_network(chain.node.url), WATCHED) as (_, session):
        [network] = session.catalogue.networks()
        words = await refused(session.catalogue.find_token(network.id, WATCHED), InvalidToken)
        assert "There is no contract at that address" in words
        multicall = network.multicall or ""
        words = await refused(session.catalogue.find_token(network.id, multicall.lower()), InvalidToken)
        assert "is not a token" in words
        assert len(session.catalogue.assets(network.id)) == 1


def _declared(exchange: Exchange) -> Awaitable[None]:
    return exchange.send(PIECE * HUNDRED_MEGABYTES)


FLOODS: dict[str, Callable[[], Act]] = {
    "in chunks": lambda: pours([PIECE] * HUNDRED_MEGABYTES),
    "with its length": lambda: _declared,
}


@pytest.mark.parametrize("flood", list(FLOODS))
async def test_a_reply_of_100_megabytes_is_cut_off_and_the_old_amounts_stay(
    tmp_path: Path, chain: Chain, flood: str
) -> None:
    port = chain.node.port
    chain.node.set_balance(WATCHED, 42)
    async with watching(tmp_path, local_network(chain.node.url), WATCHED) as (_, session):
        await session.balances.refresh(session.balances.keys())
        chain.node.stop()
        async with scripted_server(usual=FLOODS[flood](), port=port) as server:
            async with asyncio.timeout(PATIENCE_S):
                report = await session.balances.refresh(session.balances.keys())
            assert len(report.failed) == 1
            assert server.bytes_sent <= 32 * 1024 * 1024, "far from all of it was taken"
            await _shows_old_amount(session)
            words = await refused(
                session.catalogue.add_network("Flood", server.url.replace("127.0.0.1", "localhost"), "F"),
                InvalidEndpoint,
            )
            assert "does not answer as a node does" in words
        chain.node.start()
        chain.node.put_multicall3()
        chain.node.set_balance(WATCHED, 43)
        assert (await session.balances.refresh(session.balances.keys())).failed == ()
        assert list(amounts(session).values()) == [43]


async def _shows_old_amount(session: Session) -> None:
    assert list(amounts(session).values()) == [42]
    badge = session.balances.badge(coin_key(session), None)
    assert badge.kind is BadgeKind.STALE
    failure = session.balances.state(coin_key(session)).failure
    assert failure is not None
    assert failure.reason is FailureReason.UNTRUSTED
