from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QWidget

from desktop_wallet.compose import Application
from desktop_wallet.core.accounts import Account, AccountSource, PathScheme, WalletId, WalletKind
from desktop_wallet.core.errors import KeyringLocked
from desktop_wallet.services.session import Session
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.accounts_cards import ROWS_AT_FIRST, WalletAction, WalletCard
from desktop_wallet.ui.pages.accounts_dialogs import (
    ChangePasswordDialog,
    PasswordDialog,
    PathDialog,
    RemoveWalletDialog,
)
from desktop_wallet.ui.pages.accounts_flows import BackupPasswordDialog, backup_sentence
from desktop_wallet.ui.pages.accounts_phrase import SHOWN_FOR_S, PhraseDialog
from desktop_wallet.ui.theme import Theme
from desktop_wallet.ui.widgets.address import AddressLabel
from tests.fakes.clock import FakeClock
from tests.ui.fake_accounts import FIRST_OF_PHRASE, PASSWORD, PHRASE, WATCHED, Stage, Until
from tests.ui.fake_shell import FakeShell


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


async def add_phrase(stage: Stage, page: AccountsPage, *, created: bool = True) -> WalletCard:
    wallet = await stage.session.accounts.add_phrase("Savings", PHRASE, created=created)
    await stage.until(lambda: wallet.id in page.cards and page._complete)
    return page.cards[wallet.id]


def only_card(page: AccountsPage) -> WalletCard:
    [card] = page.cards.values()
    return card


async def test_a_profile_without_wallets_leads_to_the_first_one(stage: Stage, page: AccountsPage) -> None:
    button = next(b for b in page._empty.findChildren(QAbstractButton) if b.accessibleName() == "Add wallet")
    assert page._empty.isVisible()
    button.click()
    assert stage.shell.opened[-1] == "add wallet"


async def test_a_wallet_shows_its_kind_its_marks_and_its_accounts_with_whole_addresses(
    stage: Stage, page: AccountsPage
) -> None:
    card = await add_phrase(stage, page)
    await stage.session.accounts.add_watch("Cold", WATCHED)
    await stage.until(lambda: len(page.cards) == 2 and page._complete)
    assert card.accessibleName() == "Savings, Recovery phrase · 1 account, Not backed up"
    [row] = card.rows
    assert row.accessibleName() == "Account 1, m/44'/60'/0'/0/0 · created here"
    assert row.address._text.text() == "0x f39F d6e5 1aad 88F6 F4ce 6aB8 8272 79cf fFb9 2266"
    watched = list(page.cards.values())[1]
    assert watched.accessibleName() == "Cold, Watched address · 1 account, Watch-only"
    assert set(watched.buttons) == {WalletAction.REMOVE}
    assert page._counts.text() == "2 wallets · 2 accounts"


async def test_a_wallet_that_was_brought_counts_as_backed_up(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page, created=False)
    assert "Not backed up" not in card.accessibleName()


async def test_copy_gives_the_address_without_groups(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.findChildren(AddressLabel)[0].copy()
    assert stage.shell.copied == [(FIRST_OF_PHRASE, "Address")]


async def test_names_are_changed_where_they_stand(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.name.begin()
    QTest.keyClick(card.name.field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(card.name.field, "<b>Rent</b>")
    QTest.keyClick(card.name.field, Qt.Key.Key_Return)
    await stage.until(lambda: stage.session.accounts.wallets()[0].label == "<b>Rent</b>")
    await stage.until(lambda: card.name.name == "<b>Rent</b>")
    assert card.name._name.textFormat() is Qt.TextFormat.PlainText
    row = card.rows[0]
    row.name.begin()
    row.name.field.setText("Flat 3")
    row.name.keep()
    await stage.until(lambda: row.name.name == "Flat 3")
    assert stage.session.accounts.accounts()[0].label == "Flat 3"


async def test_escape_leaves_a_name_as_it_was_and_nothing_is_no_name(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.name.begin()
    card.name.field.setText("   ")
    card.name.keep()
    assert card.name.typing
    assert card.name.field.accessibleDescription() == "A name needs at least one character."
    card.name.leave()
    assert card.name.name == "Savings"
    assert stage.session.accounts.wallets()[0].label == "Savings"


async def test_the_next_account_is_added_with_one_click(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.buttons[WalletAction.ADD_ACCOUNT].click()
    await stage.until(lambda: len(card.rows) == 2)
    assert stage.session.accounts.accounts()[1].path == PathScheme.BIP44.path(1)
    await stage.until(lambda: stage.shell.said == "Account 2 was added.")


async def test_a_path_that_is_none_is_said_in_the_dialog_and_a_right_one_is_added(
    stage: Stage, page: AccountsPage
) -> None:
    card = await add_phrase(stage, page)
    card.buttons[WalletAction.ADD_AT_PATH].click()
    dialog = await stage.dialog(page, PathDialog)
    dialog.path.setText("m/banana")
    dialog.act()
    await stage.until(lambda: dialog._form.error)
    assert dialog._form.error == "m/banana is not a derivation path. A path looks like m/44'/60'/0'/0/0."
    dialog.path.setText("m/44'/60'/7'/0/0")
    dialog.act()
    await stage.gone(page)
    assert str(stage.session.accounts.accounts()[1].path) == "m/44'/60'/7'/0/0"


async def test_an_account_is_hidden_and_shown(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    row = card.rows[0]
    assert row._eye.accessibleName() == "Hide Account 1 in balances"
    row._eye.click()
    await stage.until(lambda: row.accessibleName().endswith("hidden"))
    assert stage.session.accounts.accounts()[0].hidden
    assert page._hidden.text() == "Accounts · 1 hidden"
    row._eye.click()
    await stage.until(lambda: not stage.session.accounts.accounts()[0].hidden)


async def test_many_accounts_come_in_two_parts(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    wallet = stage.session.accounts.wallets()[0].id
    for _ in range(ROWS_AT_FIRST + 2):
        await stage.session.accounts.add_account(wallet)
    await stage.until(lambda: card._more.text() == "Show 3 more")
    await stage.until(lambda: len(card.rows) == ROWS_AT_FIRST)
    card._more.click()
    await stage.until(lambda: len(card.rows) == ROWS_AT_FIRST + 3)
    assert card._more.isHidden()


async def test_a_search_without_networks_says_so(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.buttons[WalletAction.DISCOVER].click()
    await stage.until(lambda: stage.shell.said)
    assert stage.shell.said == "No network is switched on, so nobody can be asked. Switch one on in Settings."


async def test_a_search_can_be_cancelled(stage: Stage, page: AccountsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    card = await add_phrase(stage, page)
    network = stage.session.catalogue.networks(enabled_only=False)[0]
    await stage.session.catalogue.choose_networks([network.id])

    async def search(_wallet: WalletId, *, on_progress: Callable[[int], None]) -> list[Account]:
        on_progress(15)
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(stage.session.accounts, "discover", search)
    card.buttons[WalletAction.DISCOVER].click()
    await stage.until(lambda: card.searching == "Looking for used accounts: 15 accounts looked at")
    assert card.buttons[WalletAction.DISCOVER].isHidden()
    cancel = [b for b in card.findChildren(QAbstractButton) if b.accessibleName().startswith("Cancel the search")]
    cancel[0].click()
    await stage.until(lambda: not card.searching)
    assert not card.buttons[WalletAction.DISCOVER].isHidden()
    assert stage.shell.notices == []


async def test_a_backed_up_wallet_goes_after_one_question(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page, created=False)
    card.buttons[WalletAction.REMOVE].click()
    dialog = await stage.dialog(page, RemoveWalletDialog)
    assert dialog.field is None
    assert "marked as backed up" in dialog.accessibleDescription()
    dialog.action.click()
    await stage.until(lambda: not stage.session.accounts.wallets())
    await stage.until(page._empty.isVisible)


async def test_a_wallet_that_is_not_backed_up_has_to_be_named(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.buttons[WalletAction.REMOVE].click()
    dialog = await stage.dialog(page, RemoveWalletDialog)
    assert dialog.field is not None
    dialog.field.setText("savings")
    assert not dialog.action.isEnabled()
    dialog.field.setText("Savings")
    assert dialog.action.isEnabled()
    dialog.reject()
    await stage.gone(page)
    assert len(stage.session.accounts.wallets()) == 1


async def test_a_phrase_needs_the_password_is_covered_at_first_and_goes_after_a_minute(
    stage: Stage, page: AccountsPage, clock: FakeClock
) -> None:
    card = await add_phrase(stage, page, created=False)
    card.buttons[WalletAction.SHOW_PHRASE].click()
    asking = await stage.dialog(page, PasswordDialog)
    asking.password.field.setText("wrong password")
    asking.act()
    await stage.until(lambda: asking.password.error)
    assert asking.password.error.startswith("That password does not open this.")
    asking.password.field.setText(PASSWORD)
    asking.act()
    dialog = await stage.dialog(page, PhraseDialog)
    assert dialog.phrase.view.covered
    assert dialog.phrase.view.accessibleName() == "12 words, covered"
    dialog.phrase.button.click()
    assert dialog.phrase.view.accessibleName().endswith("12 junk")
    clock.advance(SHOWN_FOR_S - 1)
    dialog.tick()
    assert dialog.phrase.left.text() == "Goes from the screen in 1 s"
    clock.advance(1)
    dialog.tick()
    await stage.gone(page)
    assert stage.shell.copied == []


async def test_a_phrase_leaves_the_screen_with_the_page(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.buttons[WalletAction.SHOW_PHRASE].click()
    asking = await stage.dialog(page, PasswordDialog)
    asking.password.field.setText(PASSWORD)
    asking.act()
    dialog = await stage.dialog(page, PhraseDialog)
    view = dialog.phrase.view
    dialog.phrase.button.click()
    page.hidden()
    await stage.gone(page)
    assert view._words == ()
    assert dialog._words == ()


async def test_three_right_words_make_a_wallet_backed_up(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    card.buttons[WalletAction.SHOW_PHRASE].click()
    asking = await stage.dialog(page, PasswordDialog)
    asking.password.field.setText(PASSWORD)
    asking.act()
    dialog = await stage.dialog(page, PhraseDialog)
    dialog.action.click()
    await stage.until(lambda: dialog.check)
    check = dialog.check
    assert check is not None
    assert dialog.phrase.isHidden()
    words = PHRASE.split()
    for place, field in zip(check.places, check.fields, strict=True):
        field.setText("zebra" if field is check.fields[0] else words[place])
    dialog.action.click()
    await stage.until(lambda: check._rows[0].error)
    assert not stage.session.accounts.wallets()[0].backed_up
    check.fields[0].setText(f" {words[check.places[0]].upper()} ")
    dialog.action.click()
    await stage.gone(page)
    assert stage.session.accounts.wallets()[0].backed_up


async def test_a_backup_file_is_written_and_brings_a_wallet_back(
    stage: Stage, page: AccountsPage, tmp_path: Path
) -> None:
    await add_phrase(stage, page)
    path = tmp_path / "backup.json"
    page._on_save_backup_clicked()
    dialog = await stage.dialog(page, BackupPasswordDialog)
    dialog.password.first.field.setText("another password")
    dialog.password.second.field.setText("another passwort")
    dialog.act()
    await stage.until(lambda: dialog.password.second.error)
    assert not path.exists()
    dialog.password.second.field.setText("another password")
    dialog.act()
    await stage.choose_file(dialog, path)
    await stage.gone(page)
    assert path.exists()
    assert stage.session.accounts.wallets()[0].backed_up
    await stage.session.accounts.remove_wallet(stage.session.accounts.wallets()[0].id)
    page._on_restore_backup_clicked()
    await stage.choose_file(page, path)
    asking = await stage.dialog(page, PasswordDialog)
    asking.password.field.setText("another password")
    asking.act()
    await stage.gone(page)
    await stage.until(lambda: stage.shell.said == "1 wallet restored: Savings.")
    assert [wallet.label for wallet in stage.session.accounts.wallets()] == ["Savings"]
    await stage.until(lambda: page._complete)
    assert only_card(page).rows[0].address._text.text().startswith("0x f39F")


async def test_a_file_that_the_person_chose_to_replace_is_replaced(
    stage: Stage, page: AccountsPage, tmp_path: Path
) -> None:
    await add_phrase(stage, page)
    taken = tmp_path / "letter.json"
    taken.write_text("dear")
    page._on_save_backup_clicked()
    dialog = await stage.dialog(page, BackupPasswordDialog)
    for field in (dialog.password.first, dialog.password.second):
        field.field.setText("another password")

    async def write_there() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("desktop_wallet.ui.pages.accounts_flows.save_file", _answering(taken))
            assert await dialog.work()

    await write_there()
    assert taken.read_text() != "dear"
    assert dialog.problem == ""
    dialog.reject()
    await stage.gone(page)


def _answering(path: Path) -> object:
    async def answer(*_: object) -> Path:
        return path

    return answer


async def test_the_password_is_changed_only_with_the_old_one(stage: Stage, page: AccountsPage) -> None:
    page._on_change_password_clicked()
    dialog = await stage.dialog(page, ChangePasswordDialog)
    for field, text in (
        (dialog.old, "guess"),
        (dialog.new.first, "a new password"),
        (dialog.new.second, "a new password"),
    ):
        field.field.setText(text)
    dialog.act()
    await stage.until(lambda: dialog.problem)
    dialog.old.field.setText(PASSWORD)
    dialog.act()
    await stage.gone(page)
    await stage.session.check_password("a new password")
    await stage.until(lambda: stage.shell.said == "The password was changed.")


async def test_a_keyring_that_is_in_the_way_is_said_and_tried_again(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    stage.session.spend_problem = KeyringLocked(backend="test")
    page.shown()
    assert page.problem.startswith("Keyring locked. Until the keyring opens, no phrase can be shown")
    assert not card.buttons[WalletAction.SHOW_PHRASE].isEnabled()
    assert card.rows[0].address._text.text().startswith("0x f39F")
    page._on_try_again_clicked()
    await stage.until(lambda: not page.problem)
    assert card.buttons[WalletAction.SHOW_PHRASE].isEnabled()
    assert stage.shell.said == "The keyring is open: phrases and keys can be used again."


async def test_locking_drops_all_that_was_shown(stage: Stage, page: AccountsPage) -> None:
    await add_phrase(stage, page)
    page.detach()
    assert page.cards == {}
    assert page._counts.text() == ""
    assert page.tokens.rows == []
    assert page.session is None


async def test_every_control_has_a_name_and_is_reached_by_the_keyboard(stage: Stage, page: AccountsPage) -> None:
    await add_phrase(stage, page)
    controls = [
        w
        for kind in (QAbstractButton, QLineEdit, QComboBox)
        for w in page.findChildren(kind)
        if not w.objectName().startswith("qt_")
    ]
    assert len(controls) > 10
    assert [type(w).__name__ for w in controls if not w.accessibleName()] == []
    # Segments side by side are one stop for Tab; arrows go on from there.
    reached = [w for w in controls if w.property("kind") != "segment"]
    assert any(w.focusPolicy() & Qt.FocusPolicy.TabFocus for w in controls if w not in reached)
    assert [w.accessibleName() for w in reached if not w.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


async def test_used_accounts_of_a_practice_wallet_are_looked_for_with_progress(
    application: Application, theme: Theme, clock: FakeClock, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Session = await application.open_practice()
    stage = Stage(FakeShell(theme, clock), session, until)
    page = stage.put_up(AccountsPage(stage.shell))
    try:
        wallet = next(w for w in session.accounts.wallets() if w.kind is WalletKind.PHRASE)
        await until(lambda: wallet.id in page.cards)
        card = page.cards[wallet.id]
        looked: list[str] = []
        told = card.show_search

        def show_search(number: int | None) -> None:
            told(number)
            looked.append(card.searching)

        monkeypatch.setattr(card, "show_search", show_search)
        card.buttons[WalletAction.DISCOVER].click()
        await until(lambda: stage.shell.said)
        assert looked[0] == "Looking for used accounts: 0 accounts looked at"
        assert "Looking for used accounts: 5 accounts looked at" in looked
        assert looked[-1] == ""
        found = [a for a in session.accounts.accounts(wallet.id) if a.source is AccountSource.DISCOVERED]
        expected = f"{len(found)} used" if found else "No further used account was found."
        assert stage.shell.said.startswith(expected)
    finally:
        await stage.take_down(page)
    assert stage.shell.errors == []


def test_what_a_backup_holds_is_said_by_kind() -> None:
    assert backup_sentence(()).startswith("It holds no wallet yet, with names")


async def test_tab_leads_through_the_accounts_before_what_stands_below_them(stage: Stage, page: AccountsPage) -> None:
    card = await add_phrase(stage, page)
    [wallet] = stage.session.accounts.wallets()
    await stage.session.accounts.add_account(wallet.id)
    await stage.until(lambda: len(card.rows) == 2)
    order: list[QWidget | None] = []
    here: QWidget | None = card.name.last
    while here is not None and here is not card.buttons[WalletAction.ADD_ACCOUNT]:
        here = here.nextInFocusChain()
        order.append(here)
    copies = [order.index(row.address.copy_button) for row in card.rows]
    assert copies == sorted(copies)
