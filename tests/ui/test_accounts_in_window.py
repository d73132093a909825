from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from desktop_wallet.compose import Application
from desktop_wallet.core.errors import KeyringLocked
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.accounts_cards import WalletAction
from desktop_wallet.ui.pages.accounts_dialogs import PasswordDialog
from desktop_wallet.ui.pages.accounts_phrase import PhraseDialog
from tests.ui.fake_accounts import PASSWORD, Until, shown


def holders(mirrored: str) -> Iterator[object]:
    """Yield what still holds a phrase, as one text or as its words; the phrase is named backwards, to find no test."""
    for thing in gc.get_objects():
        if isinstance(thing, list | tuple) and 11 < len(thing) < 25 and all(isinstance(w, str) for w in thing):
            if " ".join(thing)[::-1] == mirrored:
                yield thing
        elif isinstance(thing, dict | list | tuple | set):
            yield from (
                held for held in gc.get_referents(thing) if isinstance(held, str) and held[::-1].strip() == mirrored
            )


@pytest.fixture
async def page(application: Application, window: MainWindow, until: Until) -> AccountsPage:
    session = await application.create_profile("Main", PASSWORD)
    phrase = await session.accounts.new_phrase(12)
    await session.accounts.add_phrase("Savings", phrase, created=True)
    await session.catalogue.choose_networks(())
    profile = session.profile.id
    await application.lock()
    await application.unlock(profile, PASSWORD)
    window._on_session_opened()
    window.open_page("accounts")
    found = window.scene.pages["accounts"]
    assert isinstance(found, AccountsPage)
    await until(lambda: found.cards and found._complete)
    return found


async def test_no_word_of_a_phrase_that_was_shown_is_left_after_the_lock(
    application: Application, window: MainWindow, page: AccountsPage, until: Until
) -> None:
    [card] = page.cards.values()
    card.buttons[WalletAction.SHOW_PHRASE].click()
    await until(lambda: shown(page, PasswordDialog))
    asking = shown(page, PasswordDialog)[0]
    asking.password.field.setText(PASSWORD)
    asking.act()
    await until(lambda: shown(page, PhraseDialog))
    dialog = shown(page, PhraseDialog)[0]
    dialog.phrase.button.click()
    mirrored = " ".join(dialog._words)[::-1]
    assert list(holders(mirrored))
    del dialog, asking
    window.lock()
    await until(lambda: application.session is None and not window._locking)
    assert shown(page, PhraseDialog) == []
    gc.collect()
    assert list(holders(mirrored)) == []
    assert page.cards == {}


async def test_a_keyring_that_was_opened_elsewhere_takes_the_bar_away(
    application: Application, window: MainWindow, page: AccountsPage
) -> None:
    session = application.session
    assert session is not None
    session.spend_problem = KeyringLocked(backend="test")
    window.tick()
    assert page.problem
    session.spend_problem = None
    window.tick()
    assert not page.problem
