from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_wallet.compose import Application
from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.errors import KeyringFailure, KeyringMissing
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.onboarding.backup_step import BackupStep
from desktop_wallet.ui.pages.onboarding.flow import OnboardingPage
from desktop_wallet.ui.pages.onboarding.networks_step import NetworkRow, NetworksStep
from desktop_wallet.ui.pages.onboarding.profile_steps import KeyringStep, ProfileStep, SourceStep
from desktop_wallet.ui.pages.onboarding.state import Bring, Step
from desktop_wallet.ui.pages.onboarding.wallet_steps import (
    KeyStep,
    NewPhraseStep,
    PhraseStep,
    RestoreStep,
    WatchStep,
    WrittenDownStep,
)
from desktop_wallet.ui.pages.welcome import Way

Until = Callable[[Callable[[], object]], Awaitable[None]]
PASSWORD = "correct horse"
ZOO = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"
"""BIP-39, test vectors of its authors: entropy of all ones; its address as ethers 6 derives it."""
ZOO_FIRST = "0xfc2077CA7F403cBECA41B1B0F62D91B5EA631B5E"
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
"""ERC-55: all capitals."""


@pytest.fixture
def way(window: MainWindow) -> OnboardingPage:
    return window.entry.onboarding


async def choose(window: MainWindow, way: Way, until: Until) -> None:
    window.begin()
    await until(lambda: not window.entry.tasks.busy("begin"))
    window.entry.welcome.cards[way].click()


async def make_profile(way: OnboardingPage, until: Until, after: Step) -> None:
    view = way.view
    assert isinstance(view, ProfileStep)
    view.password.field.setText(PASSWORD)
    view.again.field.setText(PASSWORD)
    way.action.click()
    await until(lambda: way.state.step is after)


def told(row: NetworkRow, said: str) -> bool:
    return said in row.problem.text()


async def choose_networks(way: OnboardingPage, until: Until) -> None:
    assert isinstance(way.view, NetworksStep)
    for row in way.view.rows[1:]:
        row.switch.setChecked(False)
    way.action.click()
    await until(lambda: not way.tasks.busy("step"))


async def test_a_new_wallet_from_the_first_page_to_the_open_wallet(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.CREATE, until)
    await make_profile(way, until, Step.NEW_PHRASE)
    view = way.view
    assert isinstance(view, NewPhraseStep)
    await until(lambda: way.state.phrase)
    assert view.phrase.view.covered
    words = way.state.phrase.split()
    assert len(words) == 12
    way.action.click()
    await until(lambda: way.state.step is Step.WRITTEN_DOWN)
    check = way.view
    assert isinstance(check, WrittenDownStep)
    check.check.fields[0].setText("wrong")
    way.action.click()
    await until(lambda: not way.tasks.busy("step"))
    assert way.state.step is Step.WRITTEN_DOWN
    for place, field in zip(check.check.places, check.check.fields, strict=True):
        field.setText(words[place])
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    session = application.session
    assert session is not None
    chosen = [session.catalogue.chosen]
    assert way.state.phrase == way.state.password == ""
    await choose_networks(way, until)
    chosen.append(session.catalogue.chosen)
    assert chosen == [False, True]
    assert [n.name for n in session.catalogue.networks()] == ["Ethereum"]
    way.skip.click()
    await until(window.scene.isVisible)
    [wallet] = session.accounts.wallets()
    assert (wallet.kind, wallet.backed_up) == (WalletKind.PHRASE, True)


async def test_no_server_is_asked_before_networks_were_chosen(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.WATCH, until)
    await make_profile(way, until, Step.WATCH)
    view = way.view
    assert isinstance(view, WatchStep)
    view.address.setText(ADDRESS)
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    session = application.session
    assert session is not None
    assert session.catalogue.networks() == ()
    assert session.balances.keys() == ()
    assert all(session.catalogue.statuses(n.id) == () for n in session.catalogue.networks(enabled_only=False))


async def test_passwords_that_are_short_or_differ_are_told_at_once(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.CREATE, until)
    view = way.view
    assert isinstance(view, ProfileStep)
    view.password.field.setText("short")
    way.action.click()
    await until(lambda: view.password.error)
    assert view.password.error == "Use 8 characters or more."
    view.password.field.setText(PASSWORD)
    view.again.field.setText(PASSWORD + "r")
    way.action.click()
    await until(lambda: view.again.error)
    assert application.session is None


async def test_without_a_keyring_the_person_chooses_knowingly(
    window: MainWindow,
    way: OnboardingPage,
    application: Application,
    keyring_problems: list[KeyringFailure],
    until: Until,
) -> None:
    keyring_problems.append(KeyringMissing(backend="none"))
    await choose(window, Way.CREATE, until)
    await make_profile(way, until, Step.KEYRING)
    view = way.view
    assert isinstance(view, KeyringStep)
    assert application.session is None
    way.action.click()
    await until(lambda: not way.tasks.busy("step"))
    assert way.state.step is Step.KEYRING
    view.without.setChecked(True)
    assert way.action.accessibleName() == "Continue without keyring"
    way.action.click()
    await until(lambda: way.state.step is Step.NEW_PHRASE)
    assert application.session is not None


async def test_a_keyring_that_was_mended_is_used(
    window: MainWindow, way: OnboardingPage, keyring_problems: list[KeyringFailure], until: Until
) -> None:
    keyring_problems.append(KeyringMissing(backend="none"))
    await choose(window, Way.CREATE, until)
    await make_profile(way, until, Step.KEYRING)
    keyring_problems.clear()
    way.action.click()
    await until(lambda: way.state.step is Step.NEW_PHRASE)
    assert not way.state.without_keyring


async def test_a_wrong_word_is_named_by_its_place_and_the_right_phrase_shows_its_address(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.EXISTING, until)
    source = way.view
    assert isinstance(source, SourceStep)
    source.cards[Bring.PHRASE].click()
    await until(lambda: way.state.step is Step.PROFILE)
    await make_profile(way, until, Step.PHRASE)
    view = way.view
    assert isinstance(view, PhraseStep)
    view.entry.words.setPlainText("zoo zoo zooo")
    way.action.click()
    await until(lambda: view.entry.row.error)
    assert "count" not in view.entry.row.error
    view.entry.words.setPlainText(ZOO.replace("wrong", "wrnog"))
    way.action.click()
    await until(lambda: "Word 12" in view.entry.row.error)
    view.entry.words.setPlainText(ZOO)
    await until(view.entry.first.text)
    assert view.entry.first.text().replace(" ", "").endswith(ZOO_FIRST)
    view.entry.search.setChecked(False)
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    session = application.session
    assert session is not None
    assert [str(a.address) for a in session.accounts.accounts()] == [ZOO_FIRST.lower()]


async def test_the_last_word_is_completed(window: MainWindow, way: OnboardingPage, until: Until) -> None:
    await choose(window, Way.EXISTING, until)
    assert isinstance(way.view, SourceStep)
    way.view.cards[Bring.PHRASE].click()
    await until(lambda: way.state.step is Step.PROFILE)
    await make_profile(way, until, Step.PHRASE)
    view = way.view
    assert isinstance(view, PhraseStep)
    view.entry.words.setPlainText("zoo aban")
    assert view.entry.row._below.text() == "abandon"
    view.entry.words.setPlainText("zoo abanx")
    assert view.entry.row._below.text() == "No word of a recovery phrase begins so."


@pytest.mark.parametrize("key", ["0x12", "zz" * 32, "00" * 32], ids=["length", "digits", "range"])
async def test_a_key_that_is_none_is_told(window: MainWindow, way: OnboardingPage, until: Until, key: str) -> None:
    await choose(window, Way.EXISTING, until)
    assert isinstance(way.view, SourceStep)
    way.view.cards[Bring.KEY].click()
    await until(lambda: way.state.step is Step.PROFILE)
    await make_profile(way, until, Step.KEY)
    view = way.view
    assert isinstance(view, KeyStep)
    view.key.field.setText(key)
    way.action.click()
    await until(lambda: view.key.error)
    assert key not in view.key.error


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0x1234", "too short or too long"),
        (ADDRESS.replace("E7", "e7"), "Small and capital letters"),
        ("52908400", "begins with 0x"),
    ],
)
async def test_an_address_that_is_none_is_told(
    window: MainWindow, way: OnboardingPage, until: Until, address: str, said: str
) -> None:
    await choose(window, Way.WATCH, until)
    await make_profile(way, until, Step.WATCH)
    view = way.view
    assert isinstance(view, WatchStep)
    view.address.setText(address)
    way.action.click()
    await until(lambda: view.row.error)
    assert said in view.row.error


async def test_a_backup_file_brings_the_wallet_into_another_profile(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until, tmp_path: Path
) -> None:
    session = await application.create_profile("Old", PASSWORD)
    await session.accounts.add_phrase("Savings", ZOO, created=False)
    file = tmp_path / "backup.json"
    await session.accounts.write_backup(file, "another password")
    await application.lock()
    await choose(window, Way.EXISTING, until)
    assert isinstance(way.view, SourceStep)
    way.view.cards[Bring.BACKUP].click()
    await until(lambda: way.state.step is Step.PROFILE)
    assert isinstance(way.view, ProfileStep)
    assert way.view.name.text() == "Main"
    await make_profile(way, until, Step.RESTORE)
    view = way.view
    assert isinstance(view, RestoreStep)
    view.set_file(file)
    view.password.field.setText("not that one")
    way.action.click()
    await until(lambda: view.password.error)
    view.password.field.setText("another password")
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    assert application.session is not None
    assert [w.label for w in application.session.accounts.wallets()] == ["Savings"]


async def test_an_own_node_that_does_not_answer_is_told_and_nobody_else_is_asked(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.WATCH, until)
    await make_profile(way, until, Step.WATCH)
    assert isinstance(way.view, WatchStep)
    way.view.address.setText(ADDRESS)
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    view = way.view
    assert isinstance(view, NetworksStep)
    row = view.rows[0]
    row.choice.setCurrentIndex(row.choice.count() - 1)
    assert row.own
    for url, said in (("ftp://node", "begins with https://"), ("http://127.0.0.1:9", "could not be reached")):
        row.url.setText(url)
        way.action.click()
        await until(partial(told, row, said))
    session = application.session
    assert session is not None
    assert not session.catalogue.chosen


async def test_one_public_server_can_be_chosen_alone(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.WATCH, until)
    await make_profile(way, until, Step.WATCH)
    assert isinstance(way.view, WatchStep)
    way.view.address.setText(ADDRESS)
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    view = way.view
    assert isinstance(view, NetworksStep)
    row = view.rows[0]
    row.choice.setCurrentIndex(2)
    await choose_networks(way, until)
    session = application.session
    assert session is not None
    assert session.catalogue.servers(row.network.id) == (row.network.endpoints[1],)


async def test_without_any_network_it_does_not_go_on(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.WATCH, until)
    await make_profile(way, until, Step.WATCH)
    assert isinstance(way.view, WatchStep)
    way.view.address.setText(ADDRESS)
    way.action.click()
    await until(lambda: way.state.step is Step.NETWORKS)
    view = way.view
    assert isinstance(view, NetworksStep)
    for row in view.rows:
        row.switch.setChecked(False)
    way.action.click()
    await until(lambda: not way.tasks.busy("step"))
    assert not view.none.isHidden()
    assert way.state.step is Step.NETWORKS


async def test_starting_over_removes_the_empty_profile_and_nothing_else(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    kept = await application.create_profile("Kept", PASSWORD)
    await application.lock()
    await choose(window, Way.CREATE, until)
    await make_profile(way, until, Step.NEW_PHRASE)
    way.leave_button.click()
    await until(lambda: application.session is None and not window.entry.tasks.busy())
    assert [p.name for p in await application.profiles.list()] == ["Kept"]
    assert kept.profile.name == "Kept"
    assert window.entry.currentWidget() is window.entry.unlock


async def test_a_way_in_that_was_left_before_the_networks_goes_on_there(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    session = await application.create_profile("Main", PASSWORD)
    await session.accounts.add_watch("Watched", ADDRESS)
    await application.lock()
    window.begin()
    await until(lambda: window.entry.currentWidget() is window.entry.unlock)
    window.entry.unlock.password.field.setText(PASSWORD)
    QTest.keyClick(window.entry.unlock.password.field, Qt.Key.Key_Return)
    await until(lambda: window.entry.currentWidget() is way)
    assert way.state.step is Step.NETWORKS
    await choose_networks(way, until)
    await until(window.scene.isVisible)


async def test_the_backup_step_writes_the_file(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until, tmp_path: Path
) -> None:
    session = await application.create_profile("Main", PASSWORD)
    await session.accounts.add_phrase("Savings", ZOO, created=False)
    window.entry.add_wallet()
    step = BackupStep(application, window, way.state)
    step.password.field.setText(PASSWORD)
    file = tmp_path / "backup.json"
    await step.save(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "zoo zoo" not in file.read_text()
    assert any("Backup saved" in text for text in window.notices.texts)
    step.deleteLater()


async def test_a_lock_on_the_way_forgets_what_was_typed(
    window: MainWindow, way: OnboardingPage, application: Application, until: Until
) -> None:
    await choose(window, Way.CREATE, until)
    await make_profile(way, until, Step.NEW_PHRASE)
    await until(lambda: way.state.phrase)
    window.lock()
    await until(lambda: application.session is None)
    assert way.state.phrase == ""
    assert way.view is None
