"""A profile that asks for the password at each send: what else takes it, and the switch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop_wallet.compose import Application
from desktop_wallet.core.accounts import WalletId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import PasswordNeeded
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.accounts_cards import WalletAction, WalletCard
from desktop_wallet.ui.pages.accounts_dialogs import PasswordDialog, PathDialog
from desktop_wallet.ui.pages.accounts_flows import BackupPasswordDialog
from desktop_wallet.ui.pages.accounts_phrase import PhraseDialog
from desktop_wallet.ui.pages.onboarding.backup_step import BackupStep
from desktop_wallet.ui.pages.onboarding.profile_steps import SourceStep
from desktop_wallet.ui.pages.onboarding.state import Bring, Step
from desktop_wallet.ui.pages.onboarding.wallet_steps import KeyStep, PhraseStep
from desktop_wallet.ui.pages.settings import SettingsPage
from desktop_wallet.ui.pages.settings_security import SecuritySection
from desktop_wallet.ui.theme import Theme
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.vault.strongbox import SPEND
from tests.fakes.clock import FakeClock
from tests.ui.fake_accounts import PASSWORD, PHRASE, Stage, Until, shown
from tests.ui.fake_shell import FakeShell

FILE_PASSWORD = "another password"


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    """Return the stage of a session with one phrase, in which the password is asked for."""
    session = await application.create_profile("Main", PASSWORD)
    await session.accounts.add_phrase("Savings", PHRASE, created=True)
    await session.ask_password_to_send()
    return Stage(FakeShell(theme, clock), session, until)


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[AccountsPage]:
    made = stage.put_up(AccountsPage(stage.shell))
    await stage.until(lambda: made.cards and made._complete)
    yield made
    await stage.take_down(made)
    assert stage.shell.errors == []
    assert not stage.session._vault._box.keys.holds(SPEND), "lent, and given back"


def only_card(page: AccountsPage) -> WalletCard:
    [card] = page.cards.values()
    return card


def question_of(over: QWidget, title: str) -> Dialog | None:
    return next((dialog for dialog in shown(over, Dialog) if dialog.accessibleName() == title), None)


def field_of(dialog: Dialog) -> PasswordField:
    field = dialog.findChild(PasswordField)
    assert isinstance(field, PasswordField)
    return field


async def asked(until: Until, over: QWidget, title: str) -> Dialog:
    """Return the question for the password, once it stands there."""
    await until(lambda: question_of(over, title))
    dialog = question_of(over, title)
    assert dialog is not None
    return dialog


async def answer(until: Until, over: QWidget, title: str, password: str = PASSWORD) -> None:
    """Type the password into that question, and wait until it has gone."""
    dialog = await asked(until, over, title)
    field_of(dialog).field.setText(password)
    dialog.act()
    await until(lambda: not shiboken6.isValid(over) or not question_of(over, title))  # what was over may go with it


async def test_adding_an_account_asks_says_what_is_wrong_and_goes_on(stage: Stage, page: AccountsPage) -> None:
    card = only_card(page)
    card.buttons[WalletAction.ADD_ACCOUNT].click()
    dialog = await asked(stage.until, page, "Add account")
    field_of(dialog).field.setText("wrong horse")
    dialog.act()
    await stage.until(lambda: field_of(dialog).error)
    assert len(stage.session.accounts.accounts()) == 1
    await answer(stage.until, page, "Add account")
    await stage.until(lambda: len(card.rows) == 2)
    await stage.until(lambda: stage.shell.said == "Account 2 was added.")
    with pytest.raises(PasswordNeeded):
        await stage.session.accounts.add_account(stage.session.accounts.wallets()[0].id)


async def test_who_does_not_answer_gets_no_account_and_is_told_nothing(stage: Stage, page: AccountsPage) -> None:
    only_card(page).buttons[WalletAction.ADD_ACCOUNT].click()
    (await asked(stage.until, page, "Add account")).reject()
    await stage.gone(page)
    await stage.until(lambda: not page.tasks.busy())
    assert len(stage.session.accounts.accounts()) == 1
    assert stage.shell.notices == []


async def test_a_question_goes_with_the_page_and_adds_nothing(stage: Stage, page: AccountsPage) -> None:
    only_card(page).buttons[WalletAction.ADD_ACCOUNT].click()
    dialog = await asked(stage.until, page, "Add account")
    field_of(dialog).field.setText(PASSWORD)
    dialog.act()
    page.tasks.cancel()
    await stage.gone(page)
    await stage.session.check_password(PASSWORD)  # the vault is through with what came before
    assert len(stage.session.accounts.accounts()) == 1


async def test_an_account_at_a_path_is_asked_for_over_its_dialog_which_waits(stage: Stage, page: AccountsPage) -> None:
    only_card(page).buttons[WalletAction.ADD_AT_PATH].click()
    dialog = await stage.dialog(page, PathDialog)
    dialog.path.setText("m/44'/60'/7'/0/0")
    dialog.act()
    (await asked(stage.until, dialog, "Add account")).reject()
    await stage.until(lambda: not dialog.tasks.busy())
    assert dialog.isVisible()
    dialog.act()
    await answer(stage.until, dialog, "Add account")
    await stage.gone(page)
    assert [str(account.path) for account in stage.session.accounts.accounts()][1:] == ["m/44'/60'/7'/0/0"]


async def test_used_accounts_are_looked_for_with_one_password(
    stage: Stage, page: AccountsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def used(addresses: Sequence[Address]) -> Sequence[Address]:
        rounds.append(len(addresses))
        return addresses[1:2] if len(rounds) == 1 else ()

    rounds: list[int] = []
    monkeypatch.setattr(stage.session.accounts, "_used", used)
    await stage.session.catalogue.choose_networks([NetworkId("eip155", "1")])
    only_card(page).buttons[WalletAction.DISCOVER].click()
    (await asked(stage.until, page, "Look for used accounts")).reject()
    await stage.until(lambda: not page.tasks.busy())
    assert (rounds, stage.shell.notices) == ([], [])
    only_card(page).buttons[WalletAction.DISCOVER].click()
    await answer(stage.until, page, "Look for used accounts")
    await stage.until(lambda: stage.shell.said == "1 used account found: Account 2.")
    assert rounds == [5, 5]


async def test_a_backup_file_is_written_and_brought_back_for_the_password(
    stage: Stage, page: AccountsPage, tmp_path: Path
) -> None:
    path = tmp_path / "backup.json"
    page._on_save_backup_clicked()
    dialog = await stage.dialog(page, BackupPasswordDialog)
    for field in (dialog.password.first, dialog.password.second):
        field.field.setText(FILE_PASSWORD)
    dialog.act()
    await stage.choose_file(dialog, path)
    await answer(stage.until, dialog, "Save a backup file")
    await stage.gone(page)
    assert path.exists()
    await stage.session.accounts.remove_wallet(stage.session.accounts.wallets()[0].id)
    page._on_restore_backup_clicked()
    await stage.choose_file(page, path)
    asking = await stage.dialog(page, PasswordDialog)
    asking.password.field.setText("wrong horse")
    asking.act()
    await stage.until(lambda: asking.password.error)
    asking.password.field.setText(FILE_PASSWORD)
    asking.act()
    (await asked(stage.until, asking, "Restore wallets")).reject()
    await stage.until(lambda: not asking.tasks.busy())
    assert asking.isVisible()
    assert stage.session.accounts.wallets() == ()
    asking.act()
    await answer(stage.until, asking, "Restore wallets")
    await stage.gone(page)
    await stage.until(lambda: stage.shell.said == "1 wallet restored: Savings.")


async def test_a_phrase_is_shown_for_one_password_not_two(stage: Stage, page: AccountsPage) -> None:
    only_card(page).buttons[WalletAction.SHOW_PHRASE].click()
    asking = await stage.dialog(page, PasswordDialog)
    asking.password.field.setText(PASSWORD)
    asking.act()
    assert await stage.dialog(page, PhraseDialog)
    assert len(shown(page, Dialog)) == 1


@pytest.fixture
async def settings(stage: Stage) -> AsyncIterator[SecuritySection]:
    made = stage.put_up(SettingsPage(stage.shell))
    made.open_section("security")
    yield made.section_of(SecuritySection)
    await stage.take_down(made)
    assert stage.shell.errors == []


async def test_the_switch_goes_off_for_the_password_only_and_on_without(
    stage: Stage, settings: SecuritySection
) -> None:
    title = "Stop asking at each send?"
    assert settings.asking.isChecked()
    settings.asking.click()
    (await asked(stage.until, settings, title)).reject()
    await stage.gone(settings)
    await stage.until(lambda: not settings.tasks.busy())
    assert settings.asking.isChecked()
    settings.asking.click()
    dialog = await asked(stage.until, settings, title)
    field_of(dialog).field.setText("wrong horse")
    dialog.act()
    await stage.until(lambda: field_of(dialog).error)
    assert stage.session.settings.now.ask_password_to_send
    await answer(stage.until, settings, title)
    await stage.until(lambda: stage.shell.said == "Sends no longer ask for the password.")
    wallet: WalletId = stage.session.accounts.wallets()[0].id
    await stage.session.accounts.add_account(wallet)
    off = settings.asking.isChecked()
    settings.asking.click()
    await stage.until(lambda: stage.shell.said == "From now on each send asks for the password.")
    assert (off, settings.asking.isChecked()) == (False, True)
    with pytest.raises(PasswordNeeded):
        await stage.session.accounts.add_account(wallet)


async def test_the_switch_tells_a_screen_reader_what_it_costs(settings: SecuritySection) -> None:
    assert "You type it for each send" in settings.asking.accessibleDescription()


@pytest.fixture
async def adding(window: MainWindow, application: Application, until: Until) -> MainWindow:
    """Return the window at the first step of adding a wallet to a profile that asks."""
    session = await application.create_profile("Main", PASSWORD)
    await session.catalogue.choose_networks([NetworkId("eip155", "1")])
    await session.ask_password_to_send()
    profile = session.profile.id
    await application.lock()
    await application.unlock(profile, PASSWORD)
    window._on_session_opened()
    await until(window.scene.isVisible)
    window.add_wallet()
    return window


async def test_a_wallet_is_added_and_backed_up_for_the_password(
    adding: MainWindow, application: Application, until: Until, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def place(*_: object) -> Path:
        return tmp_path / "backup.json"

    way = adding.entry.onboarding
    assert isinstance(way.view, SourceStep)
    way.view.cards[Bring.KEY].click()
    await until(lambda: isinstance(way.view, KeyStep))
    step = way.view
    assert isinstance(step, KeyStep)
    step.key.field.setText("11" * 32)
    way.action.click()
    (await asked(until, adding, "Add wallet")).reject()
    await until(lambda: not way.tasks.busy("step"))
    assert way.view is step
    way.action.click()
    await answer(until, adding, "Add wallet")
    await until(lambda: way.state.step is Step.BACKUP)
    backup = way.view
    assert isinstance(backup, BackupStep)
    for field in (backup.password, backup.again):
        field.field.setText(FILE_PASSWORD)
    monkeypatch.setattr("desktop_wallet.ui.dialogs.save_file", place)
    way.action.click()
    await answer(until, adding, "Save a backup file")
    await until(adding.scene.isVisible)
    assert (tmp_path / "backup.json").exists()
    session = application.session
    assert session is not None
    assert not session._vault._box.keys.holds(SPEND)


async def test_used_accounts_of_a_phrase_that_was_brought_are_looked_for_only_for_the_password(
    adding: MainWindow, application: Application, until: Until
) -> None:
    way = adding.entry.onboarding
    assert isinstance(way.view, SourceStep)
    way.view.cards[Bring.PHRASE].click()
    await until(lambda: isinstance(way.view, PhraseStep))
    step = way.view
    assert isinstance(step, PhraseStep)
    step.entry.words.setPlainText(PHRASE)
    step.entry.search.setChecked(True)
    way.action.click()
    await answer(until, adding, "Add wallet")
    await until(lambda: way.state.step is Step.BACKUP)
    way.skip.click()
    (await asked(until, adding, "Look for used accounts")).reject()
    await until(lambda: any("were not looked for" in text for text in adding.notices.texts))
    session = application.session
    assert session is not None
    assert len(session.accounts.accounts()) == 1


async def test_every_button_of_the_question_has_a_name(stage: Stage, page: AccountsPage) -> None:
    only_card(page).buttons[WalletAction.ADD_ACCOUNT].click()
    dialog = await asked(stage.until, page, "Add account")
    assert all(button.accessibleName() for button in dialog.findChildren(QAbstractButton))
    assert "only after its password was typed" in dialog.accessibleDescription()
    dialog.reject()
    await stage.gone(page)
