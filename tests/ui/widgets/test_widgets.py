from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.services.reports import Progress, Waiting
from desktop_wallet.ui.theme import MONO_FAMILY, TextStyle, Theme, ThemeMode, Token
from desktop_wallet.ui.widgets.address import AddressLabel
from desktop_wallet.ui.widgets.buttons import ChoiceCard, IconButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.fields import FormRow, SearchField, SegmentedControl, Switch, TextField
from desktop_wallet.ui.widgets.notice import SHOWN_AT_ONCE, NoticeAction, NoticeKind, NoticeStack
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.progress import ProgressChip
from desktop_wallet.ui.widgets.text import ElidedText, Text, button_text, tooltip

MARKUP = "<b>USDC</b> <img src='http://127.0.0.1/x'> & co"
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def name_of(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)


def test_text_from_a_server_is_never_markup(theme: Theme, qtbot: QtBot) -> None:
    for made in (Text(theme, MARKUP), ElidedText(theme, MARKUP)):
        qtbot.addWidget(made)
        assert made.textFormat() is Qt.TextFormat.PlainText
        assert name_of(made) == MARKUP


def test_a_tooltip_shows_markup_as_text() -> None:
    assert tooltip("plain & simple") == "plain & simple"
    assert "<b>" not in tooltip(MARKUP)
    assert "&lt;b&gt;" in tooltip(MARKUP)


def test_an_ampersand_in_a_name_is_no_shortcut(theme: Theme, qtbot: QtBot) -> None:
    button = SecondaryButton(theme, "Mum & Dad")
    qtbot.addWidget(button)
    assert button.text() == "Mum && Dad" == button_text("Mum & Dad")
    assert name_of(button) == "Mum & Dad"


def test_a_text_that_does_not_fit_shows_itself_whole_in_its_tooltip(theme: Theme, qtbot: QtBot) -> None:
    text = ElidedText(theme, "A name that is much too long for its place", TextStyle.BODY)
    qtbot.addWidget(text)
    text.resize(60, 20)
    text.grab()
    assert text.toolTip() == "A name that is much too long for its place"
    text.resize(600, 20)
    text.grab()
    assert text.toolTip() == ""


def test_a_font_that_was_given_later_outlives_a_change_of_theme_and_colour(theme: Theme, qtbot: QtBot) -> None:
    text = Text(theme, ADDRESS)
    qtbot.addWidget(text)
    text.show()
    text.setFont(theme.font(TextStyle.MONO))
    theme.set_mode(ThemeMode.DARK)
    assert text.font().family() == MONO_FAMILY
    text.set_token(Token.MUTED)
    assert text.font().family() == MONO_FAMILY


def test_a_click_calls_without_arguments(theme: Theme, qtbot: QtBot) -> None:
    called: list[str] = []
    buttons = (
        PrimaryButton(theme, "Refresh", "refresh-cw", lambda: called.append("primary")),
        IconButton(theme, "copy", "Copy", lambda: called.append("icon")),
        ChoiceCard(theme, "eye", "Watch", "A sentence", lambda: called.append("card")),
    )
    for button in buttons:
        qtbot.addWidget(button)
        button.click()
    assert called == ["primary", "icon", "card"]


def test_a_choice_card_is_one_thing_for_a_screen_reader(theme: Theme, qtbot: QtBot) -> None:
    card = ChoiceCard(theme, "eye", "Watch an address", "See balances without keys")
    qtbot.addWidget(card)
    interface = QAccessible.queryAccessibleInterface(card)
    assert interface.text(QAccessible.Text.Name) == "Watch an address"
    assert interface.text(QAccessible.Text.Description) == "See balances without keys"


def test_a_password_is_hidden_until_asked_for_and_hidden_again_when_cleared(theme: Theme, qtbot: QtBot) -> None:
    field = PasswordField(theme, "Password")
    qtbot.addWidget(field)
    show = field.findChild(QPushButton)
    assert isinstance(show, QPushButton)
    assert field.field.echoMode() is QLineEdit.EchoMode.Password
    show.click()
    assert field.field.echoMode() is QLineEdit.EchoMode.Normal
    assert name_of(show) == "Hide password"
    field.clear()
    assert field.field.echoMode() is QLineEdit.EchoMode.Password
    assert name_of(show) == "Show password"


def test_what_is_wrong_with_a_password_goes_when_it_is_edited(theme: Theme, qtbot: QtBot) -> None:
    field = PasswordField(theme, "Password")
    qtbot.addWidget(field)
    field.set_error("Too short.")
    assert field.error == "Too short."
    assert field.field.property("wrong") is True
    QTest.keyClicks(field.field, "a")
    assert field.error == ""
    assert field.field.property("wrong") is False


def test_a_search_is_told_once_the_typing_pauses_and_escape_empties_it(theme: Theme, qtbot: QtBot) -> None:
    field = SearchField(theme, "Search asset")
    qtbot.addWidget(field)
    field.show()
    told: list[str] = []
    field.searched.connect(told.append)
    QTest.keyClicks(field, "usdc")
    qtbot.waitUntil(lambda: told == ["usdc"])
    QTest.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: told == ["usdc", ""])


def test_a_segment_that_a_person_chooses_is_told_and_one_that_code_sets_is_not(theme: Theme, qtbot: QtBot) -> None:
    control = SegmentedControl(theme, [("wallet", "Wallet"), ("asset", "Asset")], "Group by")
    qtbot.addWidget(control)
    told: list[str] = []
    control.changed.connect(told.append)
    control.set_value("asset")
    assert (control.value, told) == ("asset", [])
    control.findChildren(QPushButton)[0].click()
    assert (control.value, told) == ("wallet", ["wallet"])


def test_a_form_row_says_what_is_wrong_in_place_of_its_hint(theme: Theme, qtbot: QtBot) -> None:
    field = TextField(theme, "Name")
    row = FormRow(theme, "Name", field, "As you like")
    qtbot.addWidget(row)
    row.set_error("That name is taken.")
    assert row.error == "That name is taken."
    assert field.accessibleDescription() == "That name is taken."
    row.set_error("")
    assert row.error == ""
    assert field.accessibleDescription() == "As you like"


def test_progress_says_how_far_it_is_and_who_is_waited_for(theme: Theme, qtbot: QtBot) -> None:
    chip = ProgressChip(theme, "Preloading")
    qtbot.addWidget(chip)
    assert chip.isHidden()
    relay = NetworkId("eip155", "8453")
    chip.set_progress(Progress(34, 47, 1, (Waiting(relay, "base.example", 8.0),)), lambda _: "Base")
    assert not chip.isHidden()
    assert chip.accessibleName() == "Preloading 34 of 47, 1 failed, Base: rate-limited, next try in 8 s"
    cancelled: list[bool] = []
    chip.cancelled.connect(lambda: cancelled.append(True))
    chip.findChildren(QPushButton)[0].click()
    assert cancelled == [True]
    chip.set_progress(None, lambda _: "Base")
    assert chip.isHidden()


def test_progress_over_nothing_is_no_busy_bar(theme: Theme, qtbot: QtBot) -> None:
    chip = ProgressChip(theme, "Preloading")
    qtbot.addWidget(chip)
    chip.set_progress(Progress(0, 0), lambda _: "Base")
    assert chip._bar.maximum() == 1


class TestNotices:
    @pytest.fixture
    def stack(self, theme: Theme, qtbot: QtBot) -> NoticeStack:
        made = NoticeStack(theme)
        qtbot.addWidget(made)
        return made

    def test_the_newest_stands_below_and_the_oldest_goes(self, stack: NoticeStack) -> None:
        for number in range(SHOWN_AT_ONCE + 2):
            stack.post(f"Notice {number}")
        assert stack.texts == ("Notice 2", "Notice 3", "Notice 4")

    def test_the_same_key_or_the_same_words_stand_once(self, stack: NoticeStack) -> None:
        stack.post("Reading 1 of 2", key="read")
        stack.post("Offline", NoticeKind.FAILURE)
        stack.post("Offline", NoticeKind.FAILURE)
        stack.post("Read 2 of 2", key="read")
        assert stack.texts == ("Offline", "Read 2 of 2")

    def test_only_what_tells_what_was_done_closes_by_itself(self, stack: NoticeStack) -> None:
        closing = {}
        for kind in NoticeKind:
            stack.clear()
            stack.post(kind.value, kind)
            [(_, notice)] = stack._shown
            closing[kind] = hasattr(notice, "_timer")
        assert closing == {
            NoticeKind.INFO: True,
            NoticeKind.DONE: True,
            NoticeKind.WARNING: False,
            NoticeKind.FAILURE: False,
        }

    def test_an_action_runs_and_closes_the_notice(self, stack: NoticeStack) -> None:
        undone: list[bool] = []
        stack.post("Removed", action=NoticeAction("Undo", lambda: undone.append(True)))
        undo = next(b for b in stack.findChildren(QPushButton) if b.accessibleName() == "Undo")
        undo.click()
        assert undone == [True]
        assert stack.texts == ()
        assert stack.isHidden()

    def test_it_can_be_closed(self, stack: NoticeStack) -> None:
        stack.post("Something", NoticeKind.WARNING)
        next(b for b in stack.findChildren(QPushButton) if b.accessibleName() == "Close this notice").click()
        assert stack.texts == ()


class Copied:
    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.copied: list[tuple[str, str]] = []

    def copy(self, text: str, what: str) -> None:
        self.copied.append((text, what))


def test_an_address_is_shown_whole_in_groups_and_copied_without_them(theme: Theme, qtbot: QtBot) -> None:
    shell = Copied(theme)
    label = AddressLabel(shell)
    qtbot.addWidget(label)
    label.set_address(parse_address(Family.EVM, ADDRESS))
    [text] = label.findChildren(QLabel)
    assert text.text() == "0x 5290 8400 0985 2788 6E0F 7030 0698 57D2 E416 9EE7"
    assert name_of(text) == ADDRESS
    label.copy()
    assert shell.copied == [(ADDRESS, "Address")]


def test_without_an_address_there_is_nothing_to_copy(theme: Theme, qtbot: QtBot) -> None:
    shell = Copied(theme)
    label = AddressLabel(shell)
    qtbot.addWidget(label)
    label.set_address(None)
    label.copy()
    assert shell.copied == []


def test_leaving_a_page_closes_what_is_over_and_keeps_what_is_not(theme: Theme, qtbot: QtBot) -> None:
    stack = NoticeStack(theme)
    qtbot.addWidget(stack)
    action = NoticeAction("Undo", lambda: None)
    kinds = (NoticeKind.INFO, NoticeKind.DONE, NoticeKind.WARNING, NoticeKind.FAILURE)
    left: list[tuple[NoticeKind, bool]] = []
    for kind in kinds:
        for offered in (None, action):
            stack.post(f"{kind.value}, {offered is not None}", kind, offered)
            stack.clear_passing()
            if stack.texts:
                left.append((kind, offered is not None))
            stack.clear()
    assert left == [
        (NoticeKind.INFO, True),
        (NoticeKind.DONE, True),
        (NoticeKind.WARNING, False),
        (NoticeKind.FAILURE, False),
        (NoticeKind.FAILURE, True),
    ]


def test_a_hint_gives_way_to_what_is_wrong_with_a_password(theme: Theme, qtbot: QtBot) -> None:
    field = PasswordField(theme)
    row = FormRow(theme, "Password", field, "8 characters or more.")
    qtbot.addWidget(row)
    field.set_error("Use 8 characters or more.")
    assert row._below.isHidden()
    QTest.keyClicks(field.field, "a")
    assert not row._below.isHidden()


def test_an_empty_state_has_room_for_its_whole_sentence(theme: Theme, qtbot: QtBot) -> None:
    state = EmptyState(theme, "wallet", "Nothing", "word " * 60)
    qtbot.addWidget(state)
    state.resize(700, 500)
    state.show()
    assert state._sentence.height() >= state._sentence.heightForWidth(state._sentence.width()) > 40


def test_an_empty_state_offers_the_way_on(theme: Theme, qtbot: QtBot) -> None:
    went: list[bool] = []
    state = EmptyState(theme, "wallet", "No wallet yet", "Add one.", ("Add wallet", lambda: went.append(True)))
    qtbot.addWidget(state)
    state.findChildren(QPushButton)[0].click()
    assert went == [True]


def test_a_switch_draws_its_check_mark(theme: Theme, qtbot: QtBot) -> None:
    switch = Switch(theme, "Preload at unlock")
    qtbot.addWidget(switch)
    off = switch.grab().toImage()
    switch.setChecked(True)
    on = switch.grab().toImage()
    marks = {on.pixelColor(x, y).name() for x in range(20) for y in range(on.height())}
    assert off != on
    assert theme.color(Token.ACCENT).name() in marks
    assert theme.color(Token.ON_ACCENT).name() in marks
