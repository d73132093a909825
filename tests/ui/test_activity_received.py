"""Payments that logs tell of, on the Activity page: who paid, what is out of sight, and how it is reached."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from desktop_wallet.core.addresses import display_address, shorten
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.spam import Suspicion, SuspicionKind
from desktop_wallet.ui.models.activity_cells import Column
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.activity_details_words import fields
from desktop_wallet.ui.pages.spam_words import reason_text, reasons_text
from tests.ui.fake_activity import FRIEND, ActivitySession
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from PySide6.QtWidgets import QApplication

    from desktop_wallet.ui.pages.details_words import Field

    Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def session() -> ActivitySession:
    return ActivitySession()


@pytest.fixture
def shell(qapp: QApplication, session: ActivitySession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@contextlib.asynccontextmanager
async def _opened(shell: FakeShell, session: ActivitySession) -> AsyncIterator[ActivityPage]:
    made = ActivityPage(shell)
    made.resize(900, 700)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.pane.show()
    made.shown()
    yield made
    made.hidden()
    await made.tasks.stop()
    made.detach()
    for widget in (made, made.pane):
        widget.close()
        widget.deleteLater()


@pytest.fixture
async def page(shell: FakeShell, session: ActivitySession) -> AsyncIterator[ActivityPage]:
    async with _opened(shell, session) as page:
        yield page


def _cells(page: ActivityPage, column: Column) -> list[str]:
    page.model.flush()
    return [page.model.index(line, column).data() for line in range(page.model.rowCount())]


def _unlisted(session: ActivitySession, symbol: str) -> AssetId:
    """Return a token in no list that calls itself so."""
    asset = AssetId(session.catalogue.networks()[0].id, "erc20", "0x" + "d" * 40)
    session.found_tokens.called[asset] = Asset(asset, symbol, f"{symbol} Token", 18, AssetOrigin.DISCOVERED)
    return asset


async def test_a_logged_payment_shows_who_paid_and_its_transaction(
    page: ActivityPage, session: ActivitySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    network = session.catalogue.networks()[0]
    session.catalogue._networks[network.id] = replace(network, explorer="https://explorer.example/")
    session.tell_catalogue()
    came = session.receive_logged()
    assert _cells(page, Column.WITH) == [f"from {shorten(display_address(FRIEND))}"]
    page.open_details(came)
    assert page.pane.sentence.text() == "Its contract logged it in block 140 of Ethereum."
    assert page.pane.explorer.isVisible()
    assert not page.pane.note.isVisible()
    page.pane.explorer.click()
    assert [url.toString() for url in opened] == [f"https://explorer.example/tx/0x{140:064x}"]
    assert display_address(FRIEND) in [field.copy for field in _fields(page)]


async def test_spam_is_out_of_sight_until_it_is_asked_for_and_tells_why(
    page: ActivityPage, session: ActivitySession
) -> None:
    session.receive()
    empty = session.receive_logged(0)
    assert _cells(page, Column.STATE) == ["Received"]
    assert page.head.line.text() == "1 entry"
    assert page.suspected.text() == "Show hidden (1)"
    page.suspected.click()
    assert _cells(page, Column.STATE) == ["Suspicious", "Received"]
    assert page.suspected.text() == "Hide suspicious (1)"
    # The address of who sent it stands nowhere in the list: it is there to be copied by mistake.
    assert not any("5290" in cell for cell in _cells(page, Column.WITH))
    page.open_details(empty)
    assert page.pane.sentence.text().startswith("Nothing was paid.")
    assert display_address(FRIEND) not in [field.copy for field in _fields(page)]
    page.close_details()
    page.suspected.click()
    assert _cells(page, Column.STATE) == ["Received"]


async def test_where_everything_is_spam_the_page_is_empty_and_the_way_to_it_stays(
    page: ActivityPage, session: ActivitySession
) -> None:
    session.receive_logged(0)
    page.model.flush()
    assert page._places.currentWidget() is page._empty
    assert page.suspected.isVisible()


async def test_a_token_in_no_list_is_named_and_can_be_taken_or_hidden(
    page: ActivityPage, session: ActivitySession, until: Until
) -> None:
    asset = _unlisted(session, "PEPPER")
    came = session.receive_logged(asset=asset)
    assert _cells(page, Column.WHAT) == ["Received PEPPER Ethereum"]
    page.open_details(came)
    assert "PEPPER PEPPER Token, in no list: what it calls itself" in [field.note for field in _fields(page)]
    page.pane.take.click()
    await until(lambda: session.found_tokens.asked == [("take", asset)])
    page.pane.hide_token.click()
    await until(lambda: session.found_tokens.asked[1:] == [("hide", asset)])


async def test_a_verdict_that_comes_later_takes_the_line_out_of_sight(
    page: ActivityPage, session: ActivitySession
) -> None:
    asset = _unlisted(session, "USDC")
    session.receive_logged(asset=asset)
    session.receive()
    assert len(_cells(page, Column.WHAT)) == 2
    session.found_tokens.why[asset] = Suspicion(SuspicionKind.SAME_SYMBOL, session.catalogue.assets(asset.network)[1])
    session.receive(2)
    assert len(_cells(page, Column.WHAT)) == 2
    assert page.suspected.text() == "Show hidden (1)"


async def test_one_added_by_hand_that_imitates_another_is_marked(page: ActivityPage, session: ActivitySession) -> None:
    token, other = session.catalogue.assets(session.catalogue.networks()[0].id)[1::-1]
    session.found_tokens.imitations[token.id] = other
    page.open_details(session.receive_logged())
    page.model.flush()
    notes = [field.note for field in _fields(page)]
    assert any(note.endswith(f"added by you; not the {other.symbol} of the list") for note in notes)


def test_every_reason_is_a_sentence_that_names_what_is_imitated() -> None:
    token = Asset(AssetId.parse("eip155:1/erc20:0x" + "c" * 40), "USDC", "USD Coin", 6, AssetOrigin.LIST)
    for kind in SuspicionKind:
        said = reason_text(Suspicion(kind, token))
        assert said.endswith(".")
        assert "{" not in said
    both = (Suspicion(SuspicionKind.SAME_SYMBOL, token), Suspicion(SuspicionKind.ODD_DECIMALS))
    assert reasons_text(both).startswith("It calls itself USDC, and is another contract than the USDC of the list. It")


def _fields(page: ActivityPage) -> tuple[Field, ...]:
    """Return what the pane shows field by field."""
    row = page.pane.row
    assert row is not None
    return fields(row, page.shell.clock.now())
