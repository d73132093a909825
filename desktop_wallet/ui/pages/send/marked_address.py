"""A whole address in groups, never shortened, with the digits marked that differ from another one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from desktop_wallet.core.addresses import Address, display_address, grouped
from desktop_wallet.ui.theme import TextStyle, Theme, Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PySide6.QtGui import QPaintEvent

_PIXELS = 15
_LINE_HEIGHT = 24
_MARK_HEIGHT = 20
_GROUP = 4
"""Characters of a group; the prefix is shorter."""


class MarkedAddress(QLabel):
    """Paints an address; marks have a ground and a line below, so that they are not told by colour alone.

    It is a label without text, for a screen reader passes over plain widgets: it hears the address and the places.
    """

    def __init__(self, theme: Theme, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._theme, self._what = theme, what
        self._groups: list[list[tuple[str, bool]]] = []
        self._font = QFont(theme.font(TextStyle.MONO))
        self._font.setPixelSize(_PIXELS)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    def set_address(self, address: Address | None, marks: Iterable[int] = ()) -> None:
        """Show this address; `marks` are places in its canonical text."""
        whole = "" if address is None else display_address(address)
        marked = frozenset(marks)
        self._groups = list(_groups(whole, marked))
        self.setAccessibleName(f"{self._what} {whole}{spoken_marks(whole, marked)}" if whole else self._what)
        self.updateGeometry()
        self.update()

    @override
    def hasHeightForWidth(self) -> bool:
        return True

    @override
    def heightForWidth(self, width: int) -> int:
        lines = 1 + max((line for line, _, _, _ in self._places(width)), default=0)
        return lines * _LINE_HEIGHT

    @override
    def sizeHint(self) -> QSize:
        digit = self._digit_width
        width = sum(digit * (len(group) + 1) for group in self._groups)
        return QSize(max(width - digit, digit), _LINE_HEIGHT)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(self._digit_width * 12, _LINE_HEIGHT)

    @property
    def _digit_width(self) -> int:
        return QFontMetrics(self._font).horizontalAdvance("0")

    def _places(self, width: int) -> Iterator[tuple[int, int, str, bool]]:
        """Yield line, left edge, character and mark of each character. A group is never broken; lines are alike long.

        Groups that stand below each other compare more easily than a last one that stands alone.
        """
        digit = self._digit_width
        room = max((width + digit) // (digit * (_GROUP + 1)), 1)
        lines = 1 if self.sizeHint().width() <= width else -(-len(self._groups) // room)
        each = -(-len(self._groups) // max(lines, 1))
        for number, group in enumerate(self._groups):
            line, place = divmod(number, max(each, 1))
            before = self._groups[line * each : line * each + place]
            left = digit * sum(len(other) + 1 for other in before)
            for offset, (character, marked) in enumerate(group):
                yield line, left + offset * digit, character, marked

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._font)
        text, ground, accent = (self._theme.color(token) for token in (Token.TEXT, Token.ACCENT_SOFT, Token.ACCENT))
        digit = self._digit_width
        for line, left, character, marked in self._places(self.width()):
            area = QRect(left, line * _LINE_HEIGHT, digit, _LINE_HEIGHT)
            if marked:
                mark = QRect(left, area.center().y() - _MARK_HEIGHT // 2 + 1, digit, _MARK_HEIGHT)
                painter.fillRect(mark, ground)
                painter.setPen(QPen(accent, 2))
                painter.drawLine(mark.left(), mark.bottom(), mark.right() + 1, mark.bottom())
            painter.setPen(text)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, character)
        painter.end()


def _groups(whole: str, marked: frozenset[int]) -> Iterator[list[tuple[str, bool]]]:
    place = 0
    for group in grouped(whole).split():
        yield [(character, place + number in marked) for number, character in enumerate(group)]
        place += len(group)


def spoken_marks(whole: str, marked: frozenset[int]) -> str:
    """Return which digits are marked, counted from 1 after the 0x: ", marked are the digits 9 to 20, 33"."""
    first = len(whole) - len(whole.removeprefix("0x"))
    digits = sorted(place - first + 1 for place in marked)
    if not digits:
        return ""
    runs: list[list[int]] = []
    for digit in digits:
        if runs and digit == runs[-1][1] + 1:
            runs[-1][1] = digit
        else:
            runs.append([digit, digit])
    said = ", ".join(f"{begin} to {end}" if end > begin else str(begin) for begin, end in runs)
    return f", marked {'is digit' if len(digits) == 1 else 'are the digits'} {said}"
