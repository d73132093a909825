from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop_wallet.ui.auto_lock import AutoLock
from tests.fakes.clock import FakeClock


@pytest.fixture
def due() -> list[float]:
    return []


@pytest.fixture
def lock(qapp: QApplication, clock: FakeClock, due: list[float]) -> AutoLock:
    made = AutoLock(clock)
    made.due.connect(lambda: due.append(clock.now().boot_s))
    return made


def test_it_is_due_after_the_idle_time_and_not_before(lock: AutoLock, clock: FakeClock, due: list[float]) -> None:
    lock.begin(600)
    clock.advance(599)
    lock.check()
    assert due == []
    assert lock.left_s == 1
    clock.advance(1)
    lock.check()
    lock.check()
    assert due == [clock.now().boot_s]


def test_every_sign_of_life_starts_the_count_anew(lock: AutoLock, clock: FakeClock, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    events = (
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier),
        QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(1, 1),
            QPointF(1, 1),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        ),
    )
    lock.begin(600)
    for event in events:
        clock.advance(500)
        assert lock.eventFilter(widget, event) is False
        assert lock.left_s == 600


def test_what_happens_by_itself_is_no_sign_of_life(lock: AutoLock, clock: FakeClock, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    lock.begin(600)
    clock.advance(500)
    for kind in (QEvent.Type.Paint, QEvent.Type.Timer, QEvent.Type.WindowActivate, QEvent.Type.UpdateRequest):
        lock.eventFilter(widget, QEvent(kind))
    assert lock.left_s == 100


def test_a_key_after_a_long_sleep_does_not_undo_the_lock(lock: AutoLock, clock: FakeClock, due: list[float]) -> None:
    lock.begin(600)
    clock.advance(8 * 3600)
    lock.alive()
    assert len(due) == 1


def test_setting_the_clock_back_does_not_put_it_off(lock: AutoLock, clock: FakeClock, due: list[float]) -> None:
    lock.begin(600)
    clock.advance(600)
    clock.wall_s -= 86_400
    lock.check()
    assert len(due) == 1


def test_without_a_limit_it_never_comes(lock: AutoLock, clock: FakeClock, due: list[float]) -> None:
    lock.begin(None)
    clock.advance(10**6)
    lock.check()
    assert due == []
    assert lock.left_s is None
    lock.set_limit(60)
    lock.check()
    assert len(due) == 1


def test_while_locked_nothing_is_counted(lock: AutoLock, clock: FakeClock, due: list[float]) -> None:
    lock.begin(60)
    lock.end()
    clock.advance(600)
    lock.alive()
    lock.check()
    assert due == []
