"""Tokens that were found, on the Accounts page, and the notice about what came, over the practice network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from desktop_wallet.core.receipts import FoundState
from desktop_wallet.services.discovery import Discovery
from desktop_wallet.ui.models.activity_names import NamesOfActivity
from desktop_wallet.ui.models.activity_rows import ReceivedRow
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.settings import SettingsPage
from desktop_wallet.ui.pages.settings_discovery import DiscoverySection
from desktop_wallet.ui.receiving import received_text
from tests.fakes.receipts import logged, received
from tests.ui.fake_accounts import Stage, Until
from tests.ui.fake_shell import FakeShell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_wallet.chains.practice.chain import PracticeChain
    from desktop_wallet.compose import Application
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.ui.pages.accounts_tokens import TokensPane
    from desktop_wallet.ui.theme import Theme
    from tests.fakes.clock import FakeClock


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    made = Stage(FakeShell(theme, clock), await application.open_practice(), until)
    await until(lambda: made.session.preload.progress is None)
    return made


@pytest.fixture
def chain(application: Application, stage: Stage) -> PracticeChain:
    network = stage.session.catalogue.networks()[0].id
    return next(chain for chain in application.practice if chain.world.network.id == network)


@pytest.fixture
async def pane(stage: Stage) -> AsyncIterator[TokensPane]:
    page = stage.put_up(AccountsPage(stage.shell))
    page.part.set_value("tokens")
    page._on_part_changed("tokens")
    await stage.until(lambda: page.tokens.rows and len(page.tokens.rows) == len(page.tokens._shown))
    yield page.tokens
    await stage.take_down(page)
    assert stage.shell.errors == []


async def looked(stage: Stage, clock: FakeClock) -> None:
    """Let blocks come, read the balances, and look through the logs."""
    clock.advance(30)
    keys = stage.session.balances.keys(network=_network(stage))
    await stage.session.balances.refresh(keys)
    await stage.session.discovery.look(_network(stage))
    await stage.session.incoming.stop()


def _assets(stage: Stage) -> list[AssetId]:
    return [asset.id for asset in stage.session.catalogue.assets(_network(stage))]


def _network(stage: Stage) -> NetworkId:
    return stage.session.catalogue.networks()[0].id


def _ours(stage: Stage) -> Address:
    return stage.session.accounts.accounts()[0].address


def _names(stage: Stage) -> NamesOfActivity:
    return NamesOfActivity(stage.session.accounts, stage.session.catalogue)


async def test_found_tokens_stand_apart_and_what_is_suspected_is_folded(
    stage: Stage, pane: TokensPane, chain: PracticeChain, clock: FakeClock
) -> None:
    await looked(stage, clock)
    known = chain.world.tokens[0].symbol
    chain.airdrop(_ours(stage), 5 * 10**18, symbol="PEPPER", name="<b>Pepper</b>")
    chain.airdrop(_ours(stage), 10**9, symbol=f"{known}.", name="Visit reward.example.com", decimals=6)
    before = stage.session.balances.keys()
    await looked(stage, clock)
    card = pane.found_tokens
    await stage.until(lambda: len(card.rows) == 2)
    plain, suspected = card.rows
    assert plain.token.words is not None
    assert (plain.token.words.symbol, plain.reason) == ("PEPPER", "")
    assert not suspected.isVisible()
    assert card.fold.accessibleName() == "Suspicious (1)"
    card.fold.click()
    assert suspected.isVisible()
    assert suspected.reason.startswith(f"Its name looks like that of {known}, and it is another contract.")
    assert "advertisement" in suspected.reason
    assert {label.textFormat() for label in card.findChildren(QLabel)} == {Qt.TextFormat.PlainText}
    assert stage.session.balances.keys() == before
    plain.add.click()
    await stage.until(lambda: plain.token.asset in _assets(stage))
    await stage.until(lambda: [row.token for row in card.rows] == [suspected.token])
    await stage.until(lambda: stage.shell.said == "PEPPER was added. Its balances are read next.")


async def test_a_found_token_is_hidden_and_comes_back_with_undo(
    stage: Stage, pane: TokensPane, chain: PracticeChain, clock: FakeClock
) -> None:
    await looked(stage, clock)
    chain.airdrop(_ours(stage), 5 * 10**18, symbol="PEPPER", name="Pepper")
    await looked(stage, clock)
    card = pane.found_tokens
    await stage.until(lambda: len(card.rows) == 1)
    card.rows[0].hide_it.click()
    await stage.until(lambda: card.rows[0].token.state is FoundState.HIDDEN)
    assert (card.rows[0].hide_it.text(), card.rows[0].reason) == ("Show again", "You hid this token.")
    undo = stage.shell.notices[-1][2]
    assert undo is not None
    undo.run()
    await stage.until(lambda: card.rows[0].token.state is FoundState.FOUND)


async def test_what_came_in_is_said_on_every_page_and_spam_is_not(
    stage: Stage, chain: PracticeChain, clock: FakeClock
) -> None:
    page = stage.put_up(ActivityPage(stage.shell))
    page.hidden()
    await looked(stage, clock)
    stage.shell.notices.clear()
    came: list[int] = []
    page.listen(stage.session.subscribe(lambda changes: came.extend(row.amount for row in changes.came)))
    token = chain.world.tokens[0]
    payer = stage.session.accounts.accounts()[1].address
    chain.airdrop(_ours(stage), 0, symbol=token.symbol, name="")
    chain.airdrop(_ours(stage), 3 * 10**token.decimals, symbol=token.symbol, name="", sender=payer.text)
    await looked(stage, clock)
    await stage.until(lambda: 3 * 10**token.decimals in came)
    assert 0 not in came
    # What the faucet drips meanwhile is no payment that anybody made.
    said = f"Received 3.00 {token.symbol} on {_names(stage).short_account(_ours(stage))}"
    assert [text for text, *_ in stage.shell.notices if text.startswith("Received ")] == [said]
    page.model.flush()
    shown = [row for line in range(page.model.rowCount()) if (row := page.model.row(line)) is not None]
    received_rows = [row.received for row in shown if isinstance(row, ReceivedRow)]
    assert [row.amount for row in received_rows if row.trace is not None] == [3 * 10**token.decimals]
    assert page.suspected.text() == "Show hidden (1)"
    await stage.take_down(page)


async def test_the_switch_says_what_servers_learn_and_ends_the_looking(stage: Stage, clock: FakeClock) -> None:
    page = stage.put_up(SettingsPage(stage.shell))
    page.open_section(DiscoverySection.key)
    section = page.section_of(DiscoverySection)
    assert section.discover.isChecked()
    assert any("they learn which addresses belong" in label.text() for label in section.findChildren(QLabel))
    section.discover.click()
    await stage.until(lambda: not stage.session.settings.now.discover)
    assert not stage.session.discovery.follows_logs(_network(stage))
    section.discover.click()
    await stage.until(lambda: stage.session.settings.now.discover)
    await stage.take_down(page)
    assert isinstance(stage.session.discovery, Discovery)


def test_many_payments_are_said_together(stage: Stage) -> None:
    names = _names(stage)
    coin, token = stage.session.catalogue.assets(_network(stage))[:2]
    ours, other = (account for account in stage.session.accounts.accounts()[:2])
    where = names.short_account(ours.address)
    one = received(network=coin.id.network, address=ours.address, asset=coin.id, amount=10**18)
    two = logged(received(network=coin.id.network, address=other.address, asset=token.id, amount=5))
    assert received_text([one], names) == f"Received 1.00 {coin.symbol} on {where}"
    assert received_text([one, one], names) == f"Received 2.00 {coin.symbol} on {where}, in 2 payments"
    assert received_text([one, two], names) == f"Received 2 payments of {coin.symbol} and {token.symbol}"
