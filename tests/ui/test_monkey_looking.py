"""Somebody who presses, types and clicks at random where nothing is paid: prices, found tokens, and diagnostics."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from typing_extensions import override

from desktop_wallet.services.diagnostics import ServerState
from desktop_wallet.ui.models.balance_words import Column
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.diagnostics import PARTS, DiagnosticsPage
from desktop_wallet.ui.pages.settings import SettingsPage
from tests.ui.test_monkey_sending import Monkey, Until, _called, _close_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.chains.practice.chain import PracticeChain
    from desktop_wallet.compose import Application
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from tests.conftest import ProofSize
    from tests.fakes.clock import FakeClock

SECTIONS = ("prices", "tokens", "freshness", "cache")
PLACES = ("diagnostics", "diagnostics", "settings", "settings", "accounts", "balances")
NAMES = ("PEPPER", "<b>PEPPER</b>", "\u202eREPPEP", "PUSD.", "Visit reward.example.com", "P" * 64)
_LEADS_AWAY = re.compile(r"backup|password|Add wallet|^Wallets$|^Send|^Networks$|^Security$|^Appearance$|^About$")


class Looker(Monkey):
    """Stays where one looks: the sections and parts that this is about, and the Balances page that shows it all."""

    def __init__(self, window: MainWindow, chains: tuple[PracticeChain, ...], clock: FakeClock, ours: Address) -> None:
        super().__init__(window, chains, clock)
        self.ours = ours
        self.airdrops: list[str] = []

    @override
    def act(self) -> None:
        pages = self.window.scene.pages
        settings, accounts = pages["settings"], pages["accounts"]
        if isinstance(settings, SettingsPage) and settings.part.value not in SECTIONS:
            settings.open_section(self.chance.choice(SECTIONS))
        if isinstance(accounts, AccountsPage) and accounts.part.value != "tokens":
            accounts.part.set_value("tokens")
            accounts.part.changed.emit("tokens")
        if self.window.scene.current not in [pages[name] for name in PLACES]:
            self.turn_page()
        super().act()

    @override
    def turn_page(self) -> None:
        name = self.chance.choice(PLACES)
        self.window.open_page(name)
        page = self.window.scene.pages[name]
        if isinstance(page, SettingsPage):
            page.open_section(self.chance.choice(SECTIONS))
        elif isinstance(page, DiagnosticsPage):
            part = self.chance.choice(PARTS)[0]
            page.part.set_value(part)
            page.open_part(part)

    @override
    def go_on(self) -> None:
        """Let somebody send a token that nobody asked for, of any name."""
        chain, name = self.chance.choice(self._chains), self.chance.choice(NAMES)
        current = self.window.scene.current
        if current is not None and self.chance.random() < 0.2:
            current.refresh()
        elif len(self.airdrops) < 12:
            self.airdrops.append(name)
            chain.airdrop(self.ours, self.chance.choice((0, 1, 5 * 10**18)), symbol=name, name=name[::-1])

    @override
    def _within(self, kind: type[QWidget]) -> list[QWidget]:
        found = super()._within(kind)
        return [each for each in found if not (isinstance(each, QAbstractButton) and _LEADS_AWAY.search(_called(each)))]


@pytest.fixture
async def session(window: MainWindow, application: Application, until: Until) -> Session:
    """The practice profile, open in the window; it never locks by itself."""
    window.begin(practice=True)
    await until(lambda: window.wallet_scene is not None and application.session is not None)
    opened = application.session
    assert opened is not None
    await until(lambda: opened.preload.progress is None)
    await opened.settings.change(auto_lock_s=None)
    return opened


@pytest.mark.timeout(600)
async def test_whatever_is_pressed_nothing_breaks_no_words_are_markup_and_all_is_well_afterwards(
    session: Session,
    window: MainWindow,
    application: Application,
    clock: FakeClock,
    until: Until,
    proof_size: ProofSize,
    record_property: Callable[[str, object], None],
) -> None:
    monkey = Looker(window, application.practice, clock, session.accounts.accounts()[0].address)
    switched = 0
    for number in range(proof_size.monkey_inputs):
        before = session.prices.currency
        monkey.act()
        await asyncio.sleep(0)
        switched += session.prices.currency is not before
        assert window._crash is None, f"input {number}: {monkey.done[-8:]}"
        assert application.session is session, f"input {number} locked it: {monkey.done[-8:]}"
    assert switched, "a monkey that never switches prices proves nothing of them"
    assert monkey.airdrops
    _close_all(window)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in window.findChildren(QLabel))
    for chain in application.practice:
        chain.outage = False
    balances, diagnostics = window.scene.pages["balances"], window.scene.pages["diagnostics"]
    assert isinstance(balances, BalancesPage)
    assert isinstance(diagnostics, DiagnosticsPage)
    window.open_page("balances")
    window.resize(1280, 820)
    clock.advance(120)  # past what any server limits us for
    await until(lambda: session.preload.progress is None and not balances.reads.refreshing)
    await session.prices.choose("")
    keys = session.balances.keys()
    await session.balances.refresh(keys)
    assert all(session.balances.state(key).reading for key in keys)
    await until(lambda: balances.table.isColumnHidden(Column.VALUE))
    window.open_page("diagnostics")
    await until(
        lambda: (
            diagnostics.found is not None and all(line.state is ServerState.UP for line in diagnostics.found.servers)
        )
    )
    record_property(
        "figure", f"{proof_size.monkey_inputs} inputs, {switched} times prices, {len(monkey.airdrops)} gifts"
    )
