from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from desktop_wallet.compose import Application
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.errors import AlreadyThere, InvalidToken
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.services.session import Session
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.accounts_tokens import TokensPane
from desktop_wallet.ui.theme import Theme
from desktop_wallet.ui.widgets.notice import Banner
from tests.fakes.clock import FakeClock
from tests.ui.fake_accounts import Stage, Until
from tests.ui.fake_shell import FakeShell

CONTRACT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    return Stage(FakeShell(theme, clock), await application.open_practice(), until)


@pytest.fixture
async def pane(stage: Stage) -> AsyncIterator[TokensPane]:
    page = stage.put_up(AccountsPage(stage.shell))
    page.part.set_value("tokens")
    page._on_part_changed("tokens")
    await stage.until(lambda: page.tokens.rows and len(page.tokens.rows) == len(page.tokens._shown))
    yield page.tokens
    await stage.take_down(page)
    assert stage.shell.errors == []


def claims_to_be(session: Session, symbol: str, monkeypatch: pytest.MonkeyPatch) -> Asset:
    """Have every contract say this of itself."""
    network = session.catalogue.networks()[0].id
    asset = Asset(AssetId(network, "erc20", CONTRACT.lower()), symbol, "<i>Name</i>", 6, AssetOrigin.BY_HAND)

    async def find(_network: NetworkId, reference: str) -> Asset:
        assert reference == CONTRACT.lower()
        return asset

    monkeypatch.setattr(session.catalogue, "find_token", find)
    return asset


def look_up(pane: TokensPane, text: str) -> None:
    pane.address.setText(text)
    pane._on_look_clicked()


async def test_each_network_has_its_list_and_a_coin_cannot_be_hidden(stage: Stage, pane: TokensPane) -> None:
    networks = stage.session.catalogue.networks()
    assert [pane.network.itemText(i) for i in range(pane.network.count())] == [n.name for n in networks]
    assert [row.asset for row in pane.rows] == list(stage.session.catalogue.assets(networks[0].id))
    coin, token = pane.rows[0], pane.rows[1]
    assert coin.asset.id.is_native
    assert coin.remove.isHidden()
    assert token.remove.accessibleName() == f"Hide {token.asset.symbol} on {networks[0].name}"
    pane.network.setCurrentIndex(1)
    await stage.until(lambda: [row.asset for row in pane.rows] == list(stage.session.catalogue.assets(networks[1].id)))


async def test_a_hidden_token_comes_back_with_undo(stage: Stage, pane: TokensPane) -> None:
    token = pane.rows[1].asset
    pane.rows[1].remove.click()
    await stage.until(lambda: token not in [row.asset for row in pane.rows])
    await stage.until(lambda: stage.shell.said == f"{token.symbol} is no longer shown.")
    undo = stage.shell.notices[-1][2]
    assert undo is not None
    undo.run()
    await stage.until(lambda: token in [row.asset for row in pane.rows])


async def test_a_contract_is_asked_first_and_its_words_are_plain_text(
    stage: Stage, pane: TokensPane, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = claims_to_be(stage.session, "<b>USDC</b>", monkeypatch)
    before = [row.asset for row in pane.rows]
    assert before == list(stage.session.catalogue.assets(asset.id.network))
    look_up(pane, CONTRACT)
    await stage.until(lambda: pane.found.asset)
    assert pane.found.words.startswith("<b>USDC</b>  <i>Name</i>, 6 decimals, on ")
    assert {label.textFormat() for label in pane.found.findChildren(QLabel)} == {Qt.TextFormat.PlainText}
    assert pane.found._address._text.accessibleName() == CONTRACT
    assert "Anyone can make a token and give it any name" in pane.found.findChildren(Banner)[0].text
    assert [row.asset for row in pane.rows] == before
    pane.found.add.click()
    await stage.until(lambda: asset.id in [row.asset.id for row in pane.rows])
    assert pane.found.isHidden()
    assert pane.address.text() == ""
    row = next(row for row in pane.rows if row.asset.id == asset.id)
    assert row.remove.text() == "Remove"


async def test_what_is_found_can_be_left(stage: Stage, pane: TokensPane, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = claims_to_be(stage.session, "USDC", monkeypatch)
    look_up(pane, CONTRACT)
    await stage.until(lambda: pane.found.asset)
    pane.found.leave.click()
    assert pane.found.asset is None
    assert asset.id not in [known.id for known in stage.session.catalogue.assets(asset.id.network)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "An address of this network begins with 0x."),
        ("0x1234", "This address is too short or too long."),
        (CONTRACT.replace("5aA", "5AA"), "Small and capital letters do not fit together"),
    ],
)
async def test_an_address_that_is_none_is_said_before_anyone_is_asked(
    stage: Stage, pane: TokensPane, typed: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims_to_be(stage.session, "USDC", monkeypatch)
    look_up(pane, typed)
    await stage.until(lambda: pane.form.error)
    assert pane.form.error.startswith(said)
    assert pane.found.asset is None
    pane.address.textEdited.emit("0")
    assert pane.form.error == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidToken(problem="no-code"), "There is no contract at that address."),
        (AlreadyThere(what="token", name="PUSD"), "This token is already in the wallet."),
    ],
)
async def test_what_the_contract_is_not_is_said_beside_the_field(
    stage: Stage, pane: TokensPane, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(_network: NetworkId, _reference: str) -> Asset:
        raise error

    monkeypatch.setattr(stage.session.catalogue, "find_token", find)
    look_up(pane, CONTRACT)
    await stage.until(lambda: pane.form.error)
    assert pane.form.error.startswith(said)
    assert pane._look.isEnabled()


async def test_the_practice_contract_itself_is_found(stage: Stage, pane: TokensPane) -> None:
    token = pane.rows[1].asset
    pane.rows[1].remove.click()
    await stage.until(lambda: token not in [row.asset for row in pane.rows])
    look_up(pane, token.id.reference)
    await stage.until(lambda: pane.found.asset or pane.form.error)
    assert pane.form.error == ""
    found = pane.found.asset
    assert found is not None
    assert replace(found, origin=token.origin) == token


async def test_without_networks_the_pane_leads_to_settings(
    application: Application, theme: Theme, clock: FakeClock, until: Until
) -> None:
    session = await application.create_profile("Main", "correct horse battery")
    stage = Stage(FakeShell(theme, clock), session, until)
    page = stage.put_up(AccountsPage(stage.shell))
    page.part.set_value("tokens")
    page._on_part_changed("tokens")
    assert page.tokens._empty.isVisible()
    assert page.tokens.rows == []
    await session.catalogue.choose_networks([session.catalogue.networks(enabled_only=False)[0].id])
    await until(lambda: page.tokens.rows)
    assert not page.tokens._empty.isVisible()
    await stage.take_down(page)
