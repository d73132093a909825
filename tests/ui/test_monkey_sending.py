"""Somebody who presses, types and clicks at random where money is paid: nothing breaks, nothing is paid twice."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QWidget,
)

from desktop_wallet.chains.practice.chain import PracticeFault
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.send.page import SendPage
from desktop_wallet.ui.pages.send.state import Doing

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.chain import PracticeChain
    from desktop_wallet.compose import Application
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.reviews import Review
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from tests.conftest import ProofSize
    from tests.fakes.clock import FakeClock

_PATIENT, _GLANCES, _GLANCE_S = 0.3, 50, 0.002

Until = Callable[[Callable[[], object]], Awaitable[None]]

SEED = 1_618
FRIEND = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
_NEVER = re.compile(r"Export CSV|Open in the explorer|Lock$")
"""What leads out of the window: a dialog of files, a browser; and the lock, after which there is nothing to press."""
_TEXTS = (
    FRIEND,
    FRIEND.lower(),
    f"  {FRIEND}\n",
    f"\u200b{FRIEND}\u202e",
    FRIEND.replace("b", "B"),
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0x" + "0" * 36 + "dead",
    "vitalik.eth",
    "0.001",
    "0.002",
    "1",
    "0",
    "0,5",
    "1e9",
    "9" * 78,
    "0." + "0" * 17 + "1",
    "-1",
    "٣",
    "<b>&amp;</b>",
    "\u202eabc\u2066",
    "x" * 1_000,
    "practice",
    "a wrong password",
)
_KEYS = (
    *(Qt.Key.Key_Return,) * 4,
    Qt.Key.Key_Enter,
    *(Qt.Key.Key_Tab,) * 4,
    Qt.Key.Key_Backtab,
    *(Qt.Key.Key_Space,) * 2,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Up,
    *(Qt.Key.Key_Down,) * 2,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Delete,
    Qt.Key.Key_F5,
    Qt.Key.Key_Menu,
)
_WITH_CONTROL = (
    Qt.Key.Key_A,
    Qt.Key.Key_C,
    Qt.Key.Key_V,
    Qt.Key.Key_X,
    Qt.Key.Key_Z,
    Qt.Key.Key_F,
    Qt.Key.Key_R,
    Qt.Key.Key_D,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)


@dataclass
class Witness:
    """Stands between the page and the service: what was pressed, and what the service was asked to pay."""

    session: Session
    page: SendPage
    pressed: list[Review] = field(default_factory=list)
    asked: list[Review] = field(default_factory=list)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sending, really = self.session.sending, self.session.sending.send

        async def send(review: Review, password: str | None = None) -> Transfer:
            assert self.pressed, "nobody pressed Sign and send"
            assert review is self.pressed[-1], "what is paid is what was on screen"
            self.asked.append(review)
            return await really(review, password)

        monkeypatch.setattr(sending, "send", send)
        self.page.review.sign_wanted.connect(self._on_pressed)

    def _on_pressed(self) -> None:
        review = self.page.state.review
        assert review is not None, "there is no review on screen"
        assert review.may_sign
        assert not self.page.state.unticked, "a danger was not confirmed"
        self.pressed.append(review)

    def check(self) -> None:
        """Fail if anything was paid that was not reviewed and asked for, once for each press."""
        made = self.session.transfers.all()
        assert len(made) <= len(self.pressed)
        # Once it is signed, "everything" is an amount like any other.
        wanted = Counter(replace(review.draft, everything=False) for review in self.pressed)
        paid = Counter(replace(transfer.draft, everything=False) for transfer in made)
        assert paid <= wanted, f"{paid - wanted} was paid and never signed on screen"


class Monkey:
    """Does one thing after the other that a hand can do, drawn by chance; the seed decides all of it."""

    def __init__(self, window: MainWindow, chains: tuple[PracticeChain, ...], clock: FakeClock) -> None:
        self.window, self.clock = window, clock
        self.chance = random.Random(SEED)
        self.done: list[str] = []
        self._chains = chains
        self._hands: tuple[tuple[int, Callable[[], object]], ...] = (
            (34, self.press_key),
            (26, self.press_button),
            (10, self.type_text),
            (6, self.click_anywhere),
            (4, self.choose),
            (4, self.paste),
            (6, self.let_time_pass),
            (3, self.trouble),
            (3, self.turn_page),
            (2, self.resize),
            (12, self.go_on),
        )

    def act(self) -> None:
        weights = [weight for weight, _ in self._hands]
        hand = self.chance.choices([hand for _, hand in self._hands], weights)[0]
        self.done.append(hand.__name__)
        hand()

    async def look_on(self, page: SendPage) -> None:
        """Let the program go on for a moment; now and then wait for what it is doing."""
        await asyncio.sleep(0)
        if self.chance.random() < _PATIENT:
            for _ in range(_GLANCES):
                if page.state.doing is Doing.NOTHING:
                    break
                await asyncio.sleep(_GLANCE_S)

    # What a hand can do

    def press_key(self) -> None:
        key, held = self.chance.choice(_KEYS), Qt.KeyboardModifier.NoModifier
        if self.chance.random() < 0.15:
            key, held = self.chance.choice(_WITH_CONTROL), Qt.KeyboardModifier.ControlModifier
        target = QApplication.activePopupWidget() or QApplication.focusWidget() or self.window
        self.done[-1] += f" {key.name} in {_called(target)}"
        QTest.keyClick(target, key, held)
        if key is Qt.Key.Key_Return and self.chance.random() < 0.3:
            for _ in range(5):  # it is held down
                if shiboken6.isValid(target):
                    QApplication.sendEvent(
                        target,
                        QKeyEvent(QEvent.Type.KeyPress, key, held, "\r", True),
                    )

    def press_button(self) -> None:
        buttons = [b for b in self._within(QAbstractButton) if not _NEVER.search(_called(b))]
        if not buttons:
            return
        likely = [b for b in buttons if isinstance(b, QAbstractButton) and _called(b).startswith(_LIKED)]
        button = self.chance.choice(likely if likely and self.chance.random() < 0.4 else buttons)
        self.done[-1] += f" {_called(button)}"
        click = QTest.mouseDClick if self.chance.random() < 0.2 else QTest.mouseClick
        click(button, Qt.MouseButton.LeftButton)

    def type_text(self) -> None:
        fields = self._within(QLineEdit)
        if not fields:
            return
        chosen, text = self.chance.choice(fields), self.chance.choice(_TEXTS)
        self.done[-1] += f" {text[:12]!r} in {_called(chosen)}"
        chosen.setFocus()
        if self.chance.random() < 0.8:
            QTest.keyClick(chosen, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        if shiboken6.isValid(chosen) and isinstance(chosen, QLineEdit):
            chosen.insert(text[:80] if self.chance.random() < 0.5 else text)
            chosen.textEdited.emit(chosen.text())

    def click_anywhere(self) -> None:
        places = [w for w in self._within(QWidget) if w.width() > 2 and w.height() > 2]
        places = [w for w in places if not isinstance(w, QAbstractButton)]
        if not places:
            return
        place = self.chance.choice(places)
        at = QPoint(self.chance.randrange(place.width()), self.chance.randrange(place.height()))
        button = self.chance.choice((Qt.MouseButton.LeftButton,) * 4 + (Qt.MouseButton.RightButton,))
        self.done[-1] += f" {_called(place)}"
        QTest.mouseClick(place, button, pos=at)

    def choose(self) -> None:
        boxes = self._within(QComboBox)
        if boxes and isinstance(box := self.chance.choice(boxes), QComboBox) and box.count():
            self.done[-1] += f" {_called(box)}"
            box.setCurrentIndex(self.chance.randrange(box.count()))
            box.activated.emit(box.currentIndex())

    def paste(self) -> None:
        QGuiApplication.clipboard().setText(self.chance.choice(_TEXTS))
        target = QApplication.focusWidget()
        if isinstance(target, QLineEdit):
            QTest.keyClick(target, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

    def let_time_pass(self) -> None:
        self.clock.advance(self.chance.choice((0.4, 1.0, 4.0, 4.0, 12.0, 31.0)))
        self.window.tick()

    def trouble(self) -> None:
        """Let a server do what servers do."""
        chain = self.chance.choice(self._chains)
        trouble = self.chance.randrange(10)
        self.done[-1] += f" {trouble}"
        match trouble:
            case 0:
                chain.outage = not chain.outage
            case 1 | 8 | 9:
                chain.outage = False
            case 2:
                chain.hold_back()
            case 3 | 4:
                chain.take_again()
            case 5:
                chain.raise_fees(self.chance.choice((1, 3, 20)))
            case 6:
                chain.reorganise(self.chance.choice((1, 2)))
            case _:
                chain.fail_next(self.chance.choice(list(PracticeFault)), self.chance.choice((1, 3)))

    def turn_page(self) -> None:
        self.window.open_page(self.chance.choice(("send", "send", "activity")))

    def resize(self) -> None:
        self.window.resize(*self.chance.choice(((880, 560), (1280, 820), (1099, 700))))

    def go_on(self) -> None:
        """Do what somebody does who wants to pay: by chance alone that would hardly ever happen."""
        page = self.window.scene.pages["send"]
        assert isinstance(page, SendPage)
        for chosen, text in ((page.draft.to.field, FRIEND), (page.draft.amount, "0.001")):
            if chosen.isVisible() and chosen.isEnabled():
                chosen.setText(text)
                chosen.textEdited.emit(text)
        for block in page.review.blocks:
            if block.tick is not None and block.isVisible():
                block.tick.setChecked(True)
        for button in (page.draft.review, page.review.sign, page.sent.another):
            if button.isVisible() and button.isEnabled():
                click = QTest.mouseDClick if self.chance.random() < 0.5 else QTest.mouseClick
                click(button, Qt.MouseButton.LeftButton)
                break

    # Within

    def _within(self, kind: type[QWidget]) -> list[QWidget]:
        """Return what of that kind can be reached: of a dialog if one is open, else of the page and its details."""
        dialogs = [w for w in self.window.findChildren(QDialog) if w.isVisible()]
        scene = self.window.scene
        roots: list[QWidget] = [*dialogs[-1:]] or [w for w in (scene.current, scene._details) if w is not None]
        found = [each for root in roots for each in root.findChildren(kind) if isinstance(each, kind)]
        return [each for each in found if each.isVisible() and each.isEnabled()]


_LIKED = (
    "Review",
    "Sign and send",
    "Send another",
    "I ",
    "Send it",
    "Speed up",
    "Cancel it",
    "Send again",
    "Close by hand",
)


def _called(widget: QWidget) -> str:
    if isinstance(widget, QAbstractButton):
        return widget.accessibleName() or widget.text().replace("&", "")
    return widget.accessibleName() or type(widget).__name__


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


@pytest.mark.timeout(1_200)
async def test_whatever_is_pressed_nothing_breaks_and_nothing_is_paid_that_was_not_signed_on_screen(
    session: Session,
    window: MainWindow,
    application: Application,
    clock: FakeClock,
    until: Until,
    proof_size: ProofSize,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    window.open_page("activity")
    window.open_page("send")
    send, activity = window.scene.pages["send"], window.scene.pages["activity"]
    assert isinstance(send, SendPage)
    assert isinstance(activity, ActivityPage)
    witness = Witness(session, send)
    witness.watch(monkeypatch)
    monkey = Monkey(window, application.practice, clock)
    for number in range(proof_size.monkey_inputs):
        monkey.act()
        await monkey.look_on(send)
        assert window._crash is None, f"input {number}: {monkey.done[-8:]}"
        assert application.session is session, f"input {number} locked it: {monkey.done[-8:]}"
        witness.check()
    _close_all(window)
    for chain in application.practice:
        chain.outage = False

    def at_rest() -> bool:
        clock.advance(0.1)
        return not session.sending.busy

    await until(at_rest)
    witness.check()
    made = session.transfers.all()
    assert len(made) >= proof_size.monkey_inputs // 1_000, "a monkey that pays nothing proves nothing"
    for chain in application.practice:
        network = chain.world.network.id
        for account in session.accounts.accounts():
            ours = {t.nonce for t in made if (t.draft.network, t.draft.sender) == (network, account.address)}
            assert chain._state.pool.next_nonce(account.address.text) <= len(ours), "the network has more"
    record_property(
        "figure", f"{proof_size.monkey_inputs} inputs, {len(witness.pressed)} presses, {len(made)} payments"
    )


def _close_all(window: MainWindow) -> None:
    for popup in QApplication.topLevelWidgets():
        if isinstance(popup, QMenu) and popup.isVisible():
            popup.close()
    for dialog in window.findChildren(QDialog):
        if dialog.isVisible():
            dialog.reject()
