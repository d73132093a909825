"""Choosing prices in Settings, in a real session, against a price server on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.services.folders import Folders
from desktop_wallet.ui.pages.settings import SettingsPage
from desktop_wallet.ui.pages.settings_prices import PricesSection
from tests.fakes.price_server import PriceServer, price_server
from tests.fakes.scripted_server import says
from tests.ui.conftest import CHEAP, LastingStore, nowhere
from tests.ui.fake_accounts import PASSWORD, Stage, Until
from tests.ui.fake_shell import FakeShell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.ui.theme import Theme
    from tests.fakes.clock import FakeClock


async def _turn(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def market(clock: FakeClock) -> AsyncIterator[PriceServer]:
    async with price_server(lambda: clock.wall_s, {"ethereum": "2700.5", "usd-coin": "0.9998"}) as made:
        yield made


@pytest.fixture
async def application(tmp_path: Path, clock: FakeClock, market: PriceServer) -> AsyncIterator[Application]:
    entries: dict[str, str] = {}
    made = Application(
        Surrounds(
            folders=Folders.under(tmp_path),
            clock=clock,
            sleep=_turn,
            store=lambda: LastingStore(entries, []),
            networks=nowhere,
            prices_url=market.url,
            kdf=CHEAP,
        )
    )
    yield made
    await made.close()


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    session = await application.create_profile("Main", PASSWORD)
    await session.settings.change(preload=False)
    ids = [network.id for network in session.catalogue.networks(enabled_only=False)]
    await session.catalogue.choose_networks([ids[0], ids[-1]])  # Ethereum, and Sepolia
    return Stage(FakeShell(theme, clock), session, until)


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[SettingsPage]:
    made = stage.put_up(SettingsPage(stage.shell))
    made.open_section("prices")
    yield made
    await stage.take_down(made)
    assert stage.shell.errors == []


def _section(page: SettingsPage) -> PricesSection:
    return page.section_of(PricesSection)


async def test_off_it_says_who_would_learn_what_and_asks_nobody(
    stage: Stage, page: SettingsPage, market: PriceServer
) -> None:
    section = _section(page)
    said = section.learns.text()
    for words in ("127.0.0.1:", "CoinGecko", "your IP address", "16 coins", "does not see your addresses", "5m 0s"):
        assert words in said
    assert section.state.text() == "Prices are off. No server is asked for them."
    assert not section.off.isVisible()
    stage.session.prices.use()
    stage.session.prices.refresh()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_Home):
        QTest.keyClick(section.currency, key)
    for _ in range(20):
        await asyncio.sleep(0)
    assert market.server.connections.opened == 0


async def test_one_press_shows_prices_and_one_press_forgets_them(
    stage: Stage, page: SettingsPage, market: PriceServer
) -> None:
    section, prices = _section(page), stage.session.prices
    section.show_prices.click()
    await stage.until(lambda: prices.age_s() is not None)
    await stage.until(section.off.isVisible)
    assert not section.show_prices.isVisible()
    (asked,) = market.asked
    assert asked["vs_currencies"] == "usd"
    assert len(asked["ids"].split(",")) == 16, "all that are listed for Ethereum, and none of Sepolia"
    assert "Values are shown in USD." in stage.shell.notices[-1][0]
    section.off.click()
    await stage.until(lambda: prices.currency is None and not section.off.isVisible())
    assert prices.age_s() is None
    assert "forgotten" in stage.shell.notices[-1][0]
    assert len(market.asked) == 1


async def test_another_currency_takes_a_press_and_not_only_a_look(
    stage: Stage, page: SettingsPage, market: PriceServer
) -> None:
    section, prices = _section(page), stage.session.prices
    section.show_prices.click()
    await stage.until(lambda: prices.age_s() is not None)
    section.currency.setCurrentIndex(section.currency.findData("jpy"))
    assert section.show_prices.text() == "Show them in JPY"
    assert prices.currency is not None
    assert prices.currency.code == "usd"
    section.show_prices.click()
    await stage.until(lambda: len(market.asked) == 2)
    assert market.asked[1]["vs_currencies"] == "jpy"


async def test_it_says_how_old_prices_are_and_why_there_are_no_newer_ones(
    stage: Stage, page: SettingsPage, market: PriceServer, clock: FakeClock
) -> None:
    section, prices = _section(page), stage.session.prices
    section.show_prices.click()
    await stage.until(lambda: prices.age_s() is not None and not prices.asking)
    clock.advance(720)
    page.tick()
    assert section.state.text() == "The prices are 12 min old."
    market.server.script.append(says({}, status="429 Too Many Requests", Retry_After="60"))
    prices.refresh()
    await stage.until(lambda: prices.failure is not None and not prices.asking)
    page.tick()
    assert section.state.text().startswith("The prices are 12 min old. ")
    assert "127.0.0.1" in section.state.text()


async def test_the_choice_is_kept_over_a_lock_and_prices_are_there_at_once(
    stage: Stage, page: SettingsPage, market: PriceServer, application: Application, clock: FakeClock
) -> None:
    section = _section(page)
    section.show_prices.click()
    await stage.until(lambda: stage.session.prices.age_s() is not None and not stage.session.prices.asking)
    profile = stage.session.profile.id
    page.detach()
    assert section.learns.text() == ""
    await application.lock()
    clock.advance(120)
    session = await application.unlock(profile, PASSWORD)
    assert session.prices.age_s() == pytest.approx(120)
    eth = session.catalogue.assets(session.catalogue.networks()[0].id)[0]
    assert session.prices.price(eth.id) is not None
    assert len(market.asked) == 1
    page.attach(session)


async def test_a_practice_profile_plays_and_asks_nobody(
    application: Application, theme: Theme, clock: FakeClock, until: Until, market: PriceServer
) -> None:
    session = await application.open_practice()
    stage = Stage(FakeShell(theme, clock), session, until)
    page = stage.put_up(SettingsPage(stage.shell))
    page.open_section("prices")
    section = page.section_of(PricesSection)
    assert "play prices, made up in this program" in section.learns.text()
    section.show_prices.click()
    await until(lambda: session.prices.age_s() is not None)
    coin = session.catalogue.assets(session.catalogue.networks()[0].id)[0]
    price = session.prices.price(coin.id)
    assert price is not None
    assert price.source == "Play prices"
    for _ in range(5):
        clock.advance(301)
        session.prices.use()
        await session.prices._tasks.finish()
    await stage.take_down(page)
    assert market.server.connections.opened == 0
    own = {f"http://{chain.host}" for chain in application.practice}
    assert set(application._client._servers) <= own, "whoever was asked lives in this program"
