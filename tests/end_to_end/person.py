"""Somebody before the window: reads what a screen reader says, presses what it names, and types."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTableView,
    QWidget,
)

from desktop_wallet.ui.screen_reading import read_screen
from tests.end_to_end.house import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.ui.main_window import MainWindow

_Widget = TypeVar("_Widget", bound=QWidget)
_GLANCE_S = 0.01
_GAPS = str.maketrans("", "", ", ")
_LINE = re.compile(
    r"^cell: (?P<asset>\S+) .+?, (?P<amount>unknown|[\d,. ]+ \S+), ((?P<change>[+−][\d,. ]+ \S+) expected, )?"
    r"(?P<badge>[A-Z]\w+)( · [^,\n]+)?(, updating)?, "
    r"(?P<wallet>[^,\n]+), (?P<account>[^,\n]+), on ",
    re.MULTILINE,
)


class Shown(NamedTuple):
    """One balance as it is read out: the exact amount as a number, None while it is unknown; the badge's word."""

    amount: Decimal | None
    badge: str


class Person:
    """Waits for what it looks for, as a person does, but no longer than PATIENCE_S."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    # Eyes

    def screen(self) -> str:
        """Return what can be read now, in the window and in dialogs over it."""
        dialogs = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not self.window and w.isModal()]
        return "\n".join(line for window in (self.window, *dialogs) for line in read_screen(window))

    async def sees(self, pattern: str) -> str:
        """Wait until something that matches can be read; return the screen."""
        try:
            await self._until(lambda: re.search(pattern, self.screen()))
        except TimeoutError:
            raise AssertionError(f"{pattern!r} cannot be read in:\n{self.screen()}") from None
        return self.screen()

    async def hears(self, pattern: str) -> str:
        """Wait for a widget whose accessible name matches as a whole, and return that: for what is painted by hand."""
        fits = re.compile(pattern).fullmatch
        return (
            await self._find(QWidget, lambda w: fits(w.accessibleName()), f"{pattern!r} to be heard")
        ).accessibleName()

    async def balances(self) -> dict[tuple[str, str], Shown]:
        """Return every balance of the table, by account and asset, scrolling through it."""
        table = await self._find(QTableView, lambda view: view.accessibleName() == "Balances", "the table")
        bar = table.verticalScrollBar()
        found: dict[tuple[str, str], Shown] = {}
        for place in (*range(bar.minimum(), bar.maximum(), max(bar.pageStep() // 2, 1)), bar.maximum()):
            bar.setValue(place)
            await asyncio.sleep(_GLANCE_S)
            for line in _LINE.finditer(self.screen()):
                number = line["amount"].rpartition(" ")[0].translate(_GAPS)
                amount = None if line["amount"] == "unknown" else Decimal(number)
                found[line["account"], line["asset"]] = Shown(amount, line["badge"])
        bar.setValue(bar.minimum())
        return found

    async def sees_balances(self, holds: Callable[[dict[tuple[str, str], Shown]], object]) -> None:
        """Wait until the table shows what is wanted; else fail with what it shows."""
        shown: dict[tuple[str, str], Shown] = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds(shown := await self.balances()):  # noqa: ASYNC110 - widgets have no asyncio event
                    await asyncio.sleep(_GLANCE_S)
        except TimeoutError:
            raise AssertionError(f"the table shows {shown}") from None

    # Hands

    async def press(self, name: str) -> None:
        """Press the button that is read out so, or whose name begins so."""
        button = await self._find(QAbstractButton, lambda b: _name(b).startswith(name), f"the button {name!r}")
        self._bring_into_view(button)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await asyncio.sleep(0)

    async def enter(self, field: str, text: str, *, then: Qt.Key | None = None) -> None:
        """Type into the field of that name, over what stands there."""
        found = await self._find(QWidget, lambda w: _takes_text(w) and w.accessibleName() == field, f"field {field!r}")
        self._bring_into_view(found)
        found.setFocus()
        QTest.keyClick(found, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(found, Qt.Key.Key_Delete)
        QTest.keyClicks(found, text)
        if then is not None:
            QTest.keyClick(found, then)
        await asyncio.sleep(0)

    async def choose(self, name: str, choice: str) -> None:
        """Take the choice that begins so from the list of that name, with the arrow keys."""
        box = await self._find(QComboBox, lambda b: b.accessibleName() == name, f"list {name!r}")
        self._bring_into_view(box)
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(box.count()):
            if box.currentText().startswith(choice):
                return
            QTest.keyClick(box, Qt.Key.Key_Down)
        raise AssertionError(f"{choice!r} is not in {name!r}")

    async def open_details(self, account: str, asset: str) -> None:
        """Click the balance's line in the table."""
        table = await self._find(QTableView, lambda view: view.accessibleName() == "Balances", "the table")
        model = table.model()
        for line in range(model.rowCount()):
            index = model.index(line, 0)
            spoken = str(model.data(index, Qt.ItemDataRole.AccessibleTextRole))
            if spoken.startswith(f"{asset} ") and f", {account}, on " in spoken:
                table.scrollTo(index)
                QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())
                await asyncio.sleep(0)
                return
        raise AssertionError(f"no line for {account}, {asset}")

    # Within

    async def _find(self, kind: type[_Widget], fits: Callable[[_Widget], object], what: str) -> _Widget:
        found: list[_Widget] = []

        def look() -> bool:
            windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
            found[:] = [
                each
                for window in windows
                for each in window.findChildren(kind)
                if each.isVisible() and each.isEnabled() and fits(each)
            ]
            return bool(found)

        try:
            await self._until(look)
        except TimeoutError:
            raise AssertionError(f"there is no {what} in:\n{self.screen()}") from None
        return found[0]

    @staticmethod
    def _bring_into_view(widget: QWidget) -> None:
        above = widget.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(widget)
            above = above.parentWidget()

    @staticmethod
    async def _until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - widgets have no asyncio event
                await asyncio.sleep(_GLANCE_S)


def _name(button: QAbstractButton) -> str:
    return button.accessibleName() or button.text().replace("&", "")


def _takes_text(widget: QWidget) -> bool:
    return isinstance(widget, QLineEdit | QPlainTextEdit)
