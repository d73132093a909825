"""What a person mistypes and what a server makes up, through the window: a clear sentence, and the way goes on."""

from __future__ import annotations

import contextlib
import re
import socket
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from tests.end_to_end.house import PASSWORD, PHRASE, Chain, at_rest, local_network, surrounds, wallet
from tests.end_to_end.person import Shown
from tests.fakes.anvil import Anvil
from tests.fakes.scripted_server import pours, scripted_server

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.networks import Network
    from tests.end_to_end.conftest import OpenWindow
    from tests.end_to_end.person import Person
    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = pytest.mark.anvil

WATCHED = "0x" + "a1" * 20
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""The first example of EIP-55."""
MARKUP = "<img src=x onerror=alert(1)>"
PIECE = b"[" + b"7," * (512 * 1024 - 1) + b"7"


async def open_wallet(root: Path, network: Network, open_window: OpenWindow, address: str = WATCHED) -> Person:
    """Return the person before an open wallet that watches an address on that network, read once."""
    async with wallet(surrounds(root, network)) as application:
        session = await application.create_profile("Main", PASSWORD, without_keyring=True)
        await session.accounts.add_watch("Watched", address)
        await session.catalogue.choose_networks([network.id])
        await at_rest(session)
    _, person = await open_window(surrounds(root, network))
    await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
    await person.sees("All balances")
    return person


@pytest.mark.keyring_daemon
async def test_a_wrong_phrase_and_servers_that_cannot_be_used_are_told_on_the_way_in(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    _, person = await open_window(surrounds(tmp_path, local_network("http://127.0.0.1:1/")))
    await person.press("I have a phrase, a key or a backup file")
    await person.press("A recovery phrase")
    await person.enter("Password", "short")
    await person.press("Continue")
    await person.sees("Use 8 characters or more")
    await person.enter("Password", PASSWORD)
    await person.enter("Password again", PASSWORD + "?")
    await person.press("Continue")
    await person.sees("The two passwords are not the same")
    await person.enter("Password again", PASSWORD)
    await person.press("Continue")

    await person.enter("Recovery phrase", PHRASE.replace("wave", "wavy"))
    await person.press("Continue")
    await person.sees("Word 5 is not a word of a recovery phrase")
    await person.enter("Recovery phrase", PHRASE.replace("yellow", "zoo"))
    await person.press("Continue")
    await person.sees("together they are not a recovery phrase")
    await person.enter("Recovery phrase", PHRASE)
    await person.press("Continue")

    await person.choose("Servers of Local", "My own node…")
    with contextlib.closing(socket.socket()) as nobody, Anvil(chain_id=5) as stranger:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is turned away
        for url, sentence in (
            (f"http://127.0.0.1:{nobody.getsockname()[1]}", "could not be reached"),
            (stranger.url, "answers for network 5, not 31337"),
            ("my node", "begins with https://"),
        ):
            await person.enter("Address of your node for Local", url)
            await person.press("Continue")
            await person.sees(sentence)
    await person.enter("Address of your node for Local", chain.node.url)
    await person.press("Continue")
    await person.press("Later")
    await person.sees("All balances are zero")


async def test_a_wrong_address_is_told_when_it_is_watched_and_when_it_is_a_tokens(
    tmp_path: Path, chain: Chain, open_window: OpenWindow
) -> None:
    person = await open_wallet(tmp_path, local_network(chain.node.url), open_window)
    await person.press("Accounts")
    await person.press("Add wallet")
    await person.press("An address to watch")
    wrong = {"0x1234": "too short or too long", CHECKSUMMED[:-1] + "D": "Small and capital letters do not fit together"}
    for typed, sentence in wrong.items():
        await person.enter("Address", typed, then=Qt.Key.Key_Return)
        await person.sees(sentence)
    await person.enter("Address", CHECKSUMMED, then=Qt.Key.Key_Return)
    await person.sees("2 wallets · 2 accounts")

    await person.press("Show: Tokens")
    for typed, sentence in {**wrong, WATCHED: "There is no contract at that address"}.items():
        await person.enter("Address of the token's contract", typed, then=Qt.Key.Key_Return)
        await person.sees(sentence)
    await person.enter("Address of the token's contract", chain.tokens[0], then=Qt.Key.Key_Return)
    await person.press("Add this token")
    await person.sees("2 assets")


async def test_markup_in_a_tokens_name_is_shown_letter_by_letter(
    tmp_path: Path, chain: Chain, open_window: OpenWindow
) -> None:
    token = chain.node.deploy_token(MARKUP, "<b>B</b>", supply=10**18)
    turned = chain.node.deploy_token("\u202eEVIL\u2066\u200b\x07USD", "\u202eDSU", supply=10**18)
    for each in (token, turned):
        chain.node.send_token(each, WATCHED, 5 * 10**17)
    person = await open_wallet(tmp_path, local_network(chain.node.url), open_window)
    await person.press("Accounts")
    await person.press("Show: Tokens")
    for count, (address, words) in enumerate(((token, MARKUP), (turned, "DSU +EVILUSD")), 2):
        await person.enter("Address of the token's contract", address, then=Qt.Key.Key_Return)
        await person.sees(words if "+" in words else re.escape(words))
        assert_nothing_is_rich(person)
        await person.press("Add this token")
        await person.sees(f"{count} assets")
        assert_nothing_is_rich(person)
    await person.press("Balances")
    await person.press("Refresh")  # what came with the tokens was read before this page was opened, or after it
    half = Shown(Decimal("0.5"), "Fresh")
    expected = {("Account 1", "<b>B</b>"): half, ("Account 1", "DSU"): half}
    await person.sees_balances(lambda shown: expected.items() <= shown.items())
    await person.open_details("Account 1", "<b>B</b>")
    await person.sees(r"<img src=x onerror=alert\(1\)>")
    assert_nothing_is_rich(person)


def assert_nothing_is_rich(person: Person) -> None:
    """No label of the window, seen or hidden, would take a server's words for markup; nor would a tooltip."""
    labels = person.window.findChildren(QLabel)
    marked = [label for label in labels if "<" in label.text()]
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in marked)
    tips = [widget.toolTip() for widget in labels if "<img" in widget.toolTip() or "<b>B" in widget.toolTip()]
    assert not tips, "a tooltip would render this"


async def test_a_reply_of_100_megabytes_is_told_and_the_old_amount_stays(
    tmp_path: Path, chain: Chain, open_window: OpenWindow
) -> None:
    chain.node.set_balance(WATCHED, 42 * 10**18)
    port = chain.node.port
    person = await open_wallet(tmp_path, local_network(chain.node.url), open_window)
    await person.sees_balances(lambda shown: shown[("Account 1", "ETH")].amount == 42)
    chain.node.stop()
    async with scripted_server(usual=pours([PIECE] * 100), port=port):
        await person.press("Refresh")
        await person.sees("1 balance could not be read")
        shown = await person.balances()
        assert shown[("Account 1", "ETH")] == Shown(Decimal(42), "Stale")
        await person.open_details("Account 1", "ETH")
        await person.sees("(?i)cannot be right|too large|not be trusted|was not used")
        await person.press("Receive")
        await person.press("Balances")
    chain.node.start()
    chain.node.put_multicall3()
    chain.node.set_balance(WATCHED, 43 * 10**18)
    await person.press("Refresh")
    await person.sees_balances(lambda shown: shown[("Account 1", "ETH")] == Shown(Decimal(43), "Fresh"))
