from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit

from desktop_wallet.cache.pages import LIMIT_MINIMUM, CacheMode
from desktop_wallet.compose import Application
from desktop_wallet.core.freshness import TTL_S, Purpose
from desktop_wallet.services.metrics import MetricsSnapshot
from desktop_wallet.services.settings import MEGABYTE
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.pages.accounts_dialogs import ChangePasswordDialog
from desktop_wallet.ui.pages.settings import SECTIONS, SettingsPage
from desktop_wallet.ui.pages.settings_about import LICENCES, AboutSection, figures
from desktop_wallet.ui.pages.settings_appearance import AppearanceSection
from desktop_wallet.ui.pages.settings_cache import LIMITS_MB, MODE_SENTENCES, CacheSection
from desktop_wallet.ui.pages.settings_freshness import FreshnessSection
from desktop_wallet.ui.pages.settings_networks import NetworksSection
from desktop_wallet.ui.pages.settings_security import SecuritySection, auto_lock_words
from desktop_wallet.ui.theme import Theme, ThemeMode
from tests.fakes.clock import FakeClock
from tests.ui.fake_accounts import PASSWORD, Stage, Until
from tests.ui.fake_shell import FakeShell


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    return Stage(FakeShell(theme, clock), await application.create_profile("Main", PASSWORD), until)


@pytest.fixture
async def page(stage: Stage, application: Application) -> AsyncIterator[SettingsPage]:
    made = stage.put_up(SettingsPage(stage.shell))
    yield made
    await stage.take_down(made)
    assert stage.shell.errors == []


def click(dialog: Dialog, name: str) -> None:
    next(b for b in dialog.findChildren(QAbstractButton) if b.accessibleName() == name).click()


async def test_sections_are_shown_one_at_a_time(stage: Stage, page: SettingsPage) -> None:
    for kind in SECTIONS:
        page.open_section(kind.key)
        assert [shown for shown in SECTIONS if page.section_of(shown).isVisible()] == [kind]
        assert page._heading.text() == kind.title


async def test_every_control_has_a_name_and_is_reached_by_the_keyboard(stage: Stage, page: SettingsPage) -> None:
    for section in SECTIONS:
        page.open_section(section.key)
    page.section_of(NetworksSection).cards[stage.session.catalogue.networks(enabled_only=False)[0].id].fold.click()
    controls = [w for kind in (QAbstractButton, QLineEdit, QComboBox) for w in page.findChildren(kind)]
    assert len(controls) > 30
    assert [type(w).__name__ for w in controls if not w.accessibleName()] == []
    # Segments side by side are one stop for Tab; arrows go on from there.
    reached = [w for w in controls if w.property("kind") != "segment"]
    assert any(w.focusPolicy() & Qt.FocusPolicy.TabFocus for w in controls if w not in reached)
    assert [w.accessibleName() for w in reached if not w.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


# Security


@pytest.mark.parametrize(
    ("limit_s", "words"),
    [
        (60.0, "After 1 minute"),
        (600.0, "After 10 minutes"),
        (3600.0, "After 1 hour"),
        (14400.0, "After 4 hours"),
        (45.0, "After 45 seconds"),
        (None, "Never"),
    ],
)
def test_auto_lock_is_said_in_its_largest_unit(limit_s: float | None, words: str) -> None:
    assert auto_lock_words(limit_s) == words


async def test_auto_lock_is_kept_at_once(stage: Stage, page: SettingsPage) -> None:
    page.open_section("security")
    section = page.section_of(SecuritySection)
    assert section.auto_lock.currentText() == "After 10 minutes"
    section.auto_lock.setCurrentText("After 2 minutes")
    section.auto_lock.activated.emit(section.auto_lock.currentIndex())
    await stage.until(lambda: stage.session.settings.now.auto_lock_s == 120.0)
    await stage.until(lambda: stage.shell.said == "The wallet locks after 2 minutes.")
    section.auto_lock.setCurrentText("Never")
    section.auto_lock.activated.emit(section.auto_lock.currentIndex())
    await stage.until(lambda: stage.session.settings.now.auto_lock_s is None)
    section.suspend.click()
    await stage.until(lambda: not stage.session.settings.now.lock_on_suspend)


async def test_an_auto_lock_from_elsewhere_is_shown_as_it_is(stage: Stage, page: SettingsPage) -> None:
    await stage.session.settings.change(auto_lock_s=45.0)
    page.open_section("security")
    assert page.section_of(SecuritySection).auto_lock.currentText() == "After 45 seconds"


async def test_the_password_is_changed_from_here_too(stage: Stage, page: SettingsPage) -> None:
    page.open_section("security")
    page.section_of(SecuritySection)._on_change_clicked()
    dialog = await stage.dialog(page, ChangePasswordDialog)
    dialog.old.field.setText(PASSWORD)
    dialog.new.first.field.setText("short")
    dialog.new.second.field.setText("short")
    dialog.act()
    await stage.until(lambda: dialog.problem)
    assert dialog.problem.startswith("The password is too short.")
    dialog.reject()
    await stage.gone(page)
    await stage.session.check_password(PASSWORD)


# Appearance


async def test_the_look_changes_at_once(stage: Stage, page: SettingsPage, theme: Theme) -> None:
    page.open_section("appearance")
    assert page.section_of(AppearanceSection).mode.value == "light"
    page.section_of(AppearanceSection).mode.changed.emit("dark")
    assert theme.is_dark
    assert theme.mode is ThemeMode.DARK


# Cache


async def test_each_mode_says_what_it_means_and_is_kept(stage: Stage, page: SettingsPage) -> None:
    page.open_section("cache")
    for mode in (CacheMode.MEMORY_ONLY, CacheMode.OFF, CacheMode.ON):
        page.section_of(CacheSection).mode.changed.emit(mode.value)
        await stage.until(lambda mode=mode: stage.session.pages.mode is mode)  # type: ignore[misc]
        await stage.until(lambda mode=mode: page.section_of(CacheSection)._meaning.text() == MODE_SENTENCES[mode])  # type: ignore[misc]
        assert stage.session.settings.now.cache_mode is mode
        assert page.section_of(CacheSection).limit.isEnabled() is (mode is CacheMode.ON)


async def test_the_size_is_kept_and_what_is_used_is_said(stage: Stage, page: SettingsPage) -> None:
    page.open_section("cache")
    await stage.until(page.section_of(CacheSection).used.text)
    assert page.section_of(CacheSection).used.text().endswith(" on the disk, 0 balances in memory")
    page.section_of(CacheSection).limit.setCurrentText("25 MB")
    page.section_of(CacheSection).limit.activated.emit(page.section_of(CacheSection).limit.currentIndex())
    await stage.until(lambda: stage.session.settings.now.cache_limit_bytes == 25 * MEGABYTE)
    await stage.until(lambda: stage.shell.said == "The cache keeps 25 MB at most.")


async def test_clearing_the_cache_asks_first(stage: Stage, page: SettingsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[bool] = []

    async def clear() -> None:
        cleared.append(True)

    monkeypatch.setattr(stage.session.balances, "clear_cache", clear)
    page.open_section("cache")
    page.section_of(CacheSection).clear.click()
    dialog = await stage.dialog(page, Dialog)
    assert "Wallets, accounts, names and settings stay" in dialog.accessibleDescription()
    click(dialog, "Cancel")
    await stage.gone(page)
    await stage.until(lambda: not page.tasks.busy("dialog"))
    assert cleared == []
    page.section_of(CacheSection).clear.click()
    click(await stage.dialog(page, Dialog), "Clear cache")
    await stage.until(lambda: stage.shell.said == "The cache is empty.")
    assert cleared == [True]


# Freshness


def type_seconds(page: SettingsPage, purpose: Purpose, text: str) -> None:
    field = page.section_of(FreshnessSection).rows[purpose].field
    field.setText(text)
    field.editingFinished.emit()


async def test_every_purpose_has_its_default(stage: Stage, page: SettingsPage) -> None:
    page.open_section("freshness")
    assert {p: float(row.field.text()) for p, row in page.section_of(FreshnessSection).rows.items()} == TTL_S
    assert all(row.back.isHidden() for row in page.section_of(FreshnessSection).rows.values())
    assert not page.section_of(FreshnessSection).reset_all.isEnabled()


async def test_a_time_is_changed_everywhere_then_on_one_network_and_reset(stage: Stage, page: SettingsPage) -> None:
    catalogue, keeper = stage.session.catalogue, stage.session.settings
    ethereum = catalogue.networks(enabled_only=False)[0]
    await catalogue.choose_networks([ethereum.id])
    page.open_section("freshness")
    type_seconds(page, Purpose.DISPLAY, "60")
    await stage.until(lambda: keeper.now.ttl_s == {(Purpose.DISPLAY, None): 60.0})
    page.section_of(FreshnessSection).network.setCurrentIndex(1)
    row = page.section_of(FreshnessSection).rows[Purpose.DISPLAY]
    assert row.field.text() == "60"
    assert row.back.isHidden()
    type_seconds(page, Purpose.DISPLAY, "5")
    await stage.until(lambda: not row.back.isHidden())
    assert keeper.now.ttl_s[Purpose.DISPLAY, ethereum.id] == 5.0
    await stage.until(lambda: stage.shell.said == "On screen, on Ethereum: 5 s.")
    assert row.hint.endswith("Without a change of yours: 1m 0s. Raised to 12 s, the time between two blocks.")
    assert keeper.policy().ttl_s(Purpose.DISPLAY, ethereum) == ethereum.block_time_s
    row.back.click()
    await stage.until(row.back.isHidden)
    assert keeper.now.ttl_s == {(Purpose.DISPLAY, None): 60.0}
    page.section_of(FreshnessSection).reset_all.click()
    click(await stage.dialog(page, Dialog), "Reset")
    await stage.until(lambda: keeper.now.ttl_s == {})
    await stage.until(lambda: row.field.text() == "30")


async def test_a_longer_time_before_a_payment_is_warned_of(stage: Stage, page: SettingsPage) -> None:
    page.open_section("freshness")
    type_seconds(page, Purpose.SPEND, "30")
    await stage.until(lambda: "older balance" in page.section_of(FreshnessSection).rows[Purpose.SPEND].hint)


async def test_only_whole_seconds_can_be_typed(stage: Stage, page: SettingsPage) -> None:
    page.open_section("freshness")
    field = page.section_of(FreshnessSection).rows[Purpose.DISPLAY].field
    for wrong in ("", "0", "-3", "1.5", "x", "100000"):
        field.setText(wrong)
        assert not field.hasAcceptableInput(), wrong


async def test_a_time_set_by_the_environment_is_said(
    stage: Stage, page: SettingsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.session.settings, "_environment", {(Purpose.DISPLAY, None): 10.0})
    await stage.session.settings.change()
    page.open_section("freshness")
    assert (
        page.section_of(FreshnessSection)
        .rows[Purpose.DISPLAY]
        .hint.endswith("DESKTOP_WALLET_TTL_S sets 10 s for this run.")
    )


async def test_keeping_fresh_is_switched_off_and_on(stage: Stage, page: SettingsPage) -> None:
    page.open_section(FreshnessSection.key)
    section = page.section_of(FreshnessSection)
    assert section.keep_fresh.isChecked()
    section.keep_fresh.click()
    await stage.until(lambda: not stage.session.settings.now.keep_fresh)
    await stage.until(lambda: stage.shell.notices)
    assert stage.shell.said == "Balances are read again only when you ask for it."
    section.keep_fresh.click()
    await stage.until(lambda: stage.session.settings.now.keep_fresh)


async def test_preload_is_switched_off(stage: Stage, page: SettingsPage) -> None:
    page.open_section("freshness")
    assert page.section_of(FreshnessSection).preload.isChecked()
    page.section_of(FreshnessSection).preload.click()
    await stage.until(lambda: not stage.session.settings.now.preload)
    await stage.until(lambda: stage.shell.said == "Balances are read when you look at them.")


# About


async def test_about_names_the_folders_and_copies_them(
    stage: Stage, page: SettingsPage, application: Application, tmp_path: Path
) -> None:
    page.open_section("about")
    folder = application.folders.profile(stage.session.profile.id)
    names = [widget.accessibleName() for widget in page.section_of(AboutSection)._paths]
    assert f"Vault and accounts: {folder}" in names
    next(w for w in page.section_of(AboutSection)._paths if isinstance(w, QAbstractButton)).click()
    assert stage.shell.copied == [(str(folder), "Folder")]


async def test_about_counts_what_the_cache_saved(stage: Stage, page: SettingsPage) -> None:
    page.open_section("about")
    stage.session.metrics.hit(97, disk=False)
    stage.session.metrics.miss(3)
    page.tick()
    rate = page.section_of(AboutSection)._figures["Answered from the cache"]
    await stage.until(lambda: rate.text() == "97 % (97 of 100 balances)")
    assert rate.accessibleName() == "Answered from the cache: 97 % (97 of 100 balances)"


def test_the_figures_have_the_same_names_with_and_without_a_session() -> None:
    assert list(figures(None)) == list(figures(MetricsSnapshot()))
    assert figures(MetricsSnapshot())["Answered from the cache"] == "no balance was looked up yet"


async def test_each_licence_can_be_read(stage: Stage, page: SettingsPage) -> None:
    page.open_section("about")
    for what, _, place in LICENCES:
        page.section_of(AboutSection)._on_licence_clicked(what, place)
        dialog = await stage.dialog(page, Dialog)
        assert len(dialog.findChildren(QPlainTextEdit)[0].toPlainText()) > 500
        click(dialog, "Close")
        await stage.gone(page)
        await stage.until(lambda: not page.tasks.busy("dialog"))


async def test_locking_drops_all_that_was_shown(stage: Stage, page: SettingsPage) -> None:
    page.open_section("freshness")
    page.open_section("about")
    await stage.until(page.section_of(AboutSection)._figures["Calls made"].text)
    page.detach()
    assert page.section_of(NetworksSection).cards == {}
    assert page.section_of(AboutSection)._paths == []
    assert not any(value.text() for value in page.section_of(AboutSection)._figures.values())
    assert page.section_of(FreshnessSection).network.count() == 1


def test_no_size_is_offered_that_the_cache_does_not_keep_to() -> None:
    assert min(LIMITS_MB) * MEGABYTE >= LIMIT_MINIMUM
