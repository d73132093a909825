"""What is known of an account beside its balances, where a person finds it (requirements R1 to R3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtTest import QTest

from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.registry.accounts import RegistryStatistics
from desktop_wallet.services.session import Session
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.accounts_about import statistics_text
from desktop_wallet.ui.pages.details import FieldRow
from tests.fakes.readings import reading
from tests.ui.fake_accounts import PASSWORD, PHRASE, Stage, Until
from tests.ui.fake_shell import FakeShell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_wallet.compose import Application
    from desktop_wallet.ui.pages.accounts_cards import AccountRow
    from desktop_wallet.ui.theme import Theme
    from tests.fakes.clock import FakeClock

_DAY_S = 86_400


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    session = await application.create_profile("Main", PASSWORD)
    return Stage(FakeShell(theme, clock), session, until)


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[AccountsPage]:
    made = stage.put_up(AccountsPage(stage.shell))
    yield made
    await stage.take_down(made)
    assert stage.shell.errors == []


async def only_row(stage: Stage, page: AccountsPage) -> AccountRow:
    wallet = await stage.session.accounts.add_phrase("Savings", PHRASE, created=True)
    await stage.until(lambda: wallet.id in page.cards and page._complete)
    [row] = page.cards[wallet.id].rows
    return row


def said(dialog: Dialog) -> list[str]:
    return [row.value.accessibleName() for row in dialog.findChildren(FieldRow)]


async def see(session: Session, *amounts: int) -> None:
    """Note readings of the first account's coin on the first network, a minute apart, the last one now."""
    network = session.catalogue.networks(enabled_only=False)[0]
    key = BalanceKey(network.id, session.accounts.accounts()[0].address, native_asset(network).id)
    now = session._registry._clock.now()
    for place, amount in enumerate(amounts, start=1):
        started = now._replace(wall_s=now.wall_s - 60 * (len(amounts) - place))
        seen = replace(reading(1, amount=amount, key=key), started=started, ended=started)
        await session._registry.note_readings([seen])
    await session._registry.touch_active({key.address}, now)


async def test_an_account_tells_since_when_it_is_there_and_what_it_was_seen_to_hold(
    stage: Stage, page: AccountsPage
) -> None:
    row = await only_row(stage, page)
    await see(stage.session, 3 * 10**18, 0)
    assert row.about.accessibleName() == "About Account 1"
    row.about.click()
    dialog = await stage.dialog(page, Dialog)

    fields = said(dialog)
    assert fields[0] == "Address: 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert fields[1].startswith("Since: ")
    assert fields[1].endswith(", created here")
    assert fields[2].startswith("Last active: ")
    assert "not seen yet" not in fields[2]
    assert fields[3] == "Path: m/44'/60'/0'/0/0"
    assert fields[-1].startswith("ETH: highest 3.00, Ethereum, seen ")
    assert fields[-1].endswith(", empty now")
    dialog.reject()
    await stage.gone(page)


async def test_of_an_account_that_was_never_read_it_says_so(stage: Stage, page: AccountsPage) -> None:
    row = await only_row(stage, page)
    row.about.click()
    dialog = await stage.dialog(page, Dialog)
    assert "Last active: not seen yet, When an amount on it was last seen to change" in said(dialog)
    assert len(said(dialog)) == 4
    dialog.accept()
    await stage.gone(page)


async def test_a_lock_takes_it_away(stage: Stage, page: AccountsPage) -> None:
    row = await only_row(stage, page)
    row.about.click()
    await stage.dialog(page, Dialog)
    await page.tasks.stop()
    await stage.gone(page)


async def test_the_head_counts_what_was_active_in_the_last_day(stage: Stage, page: AccountsPage) -> None:
    await only_row(stage, page)
    await see(stage.session, 1, 2)
    page.shown()
    await stage.until(lambda: page._hidden.text() == "Accounts · 1 active in 24 h")
    stage.shell.clock.advance(_DAY_S + 1)
    page.shown()
    await stage.until(lambda: page._hidden.text() == "Accounts")


def test_what_is_nought_is_not_said() -> None:
    assert statistics_text(RegistryStatistics(5, 0, 0)) == ""
    assert statistics_text(RegistryStatistics(5, 2, 1)) == "2 contracts · 1 active in 24 h"


async def test_the_way_there_is_open_to_the_keyboard(stage: Stage, page: AccountsPage) -> None:
    row = await only_row(stage, page)
    row.about.setFocus()
    QTest.keyClick(row.about, " ")  # type: ignore[call-overload]
    dialog = await stage.dialog(page, Dialog)
    dialog.reject()
    await stage.gone(page)
