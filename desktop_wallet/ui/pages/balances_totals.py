"""The strip of totals, one for each asset: amounts of different assets do not add, but in money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.amounts import Amount, plain_text, shown_text
from desktop_wallet.ui.models.balance_words import UNKNOWN
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import LinkButton
from desktop_wallet.ui.widgets.text import Text, tooltip
from desktop_wallet.ui.words import total_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from desktop_wallet.core.totals import Total
    from desktop_wallet.ui.models.balance_names import Family

_MOST = 6
_GAP = 7 * GRID
_PLACES = 8
_HEIGHT = 48
_MORE_WIDTH = 72


class TotalCell(QWidget):
    """One asset's total: the amount, and below it how old its oldest part is and what is not in it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._amount = Text(theme, style=TextStyle.AMOUNT)
        self._line = Text(theme, style=TextStyle.SMALL, token=Token.MUTED)
        column.addWidget(self._amount)
        column.addWidget(self._line)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_total(self, family: Family, total: Total) -> None:
        """Show this total; an amount of which nothing is known is a dash."""
        known = total.amount is not None and total.unknown < total.parts
        amount = Amount(total.amount or 0, family.decimals)
        text = shown_text(amount, max_places=_PLACES) if known else UNKNOWN
        line = " · ".join(part for part in (family.marks.capitalize(), total_text(total)) if part)
        self._amount.set_text(f"{text} {family.symbol}")
        self._line.set_text(line)
        whole = f"{plain_text(amount) if known else 'Unknown'} {family.symbol}"
        self.setToolTip(tooltip(f"{whole}\n{line}"))
        self.setAccessibleName(f"Total {whole}, {line}")


class TotalsStrip(QWidget):
    """As many totals as fit side by side; the rest is one press away."""

    more_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._families: tuple[Family, ...] = ()
        self._held = 0
        self._beyond = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP)
        self._cells = [TotalCell(theme, self) for _ in range(_MOST)]
        for cell in self._cells:
            row.addWidget(cell)
        self._more = LinkButton(theme, "", on_click=self.more_wanted.emit)
        row.addWidget(self._more, 0, Qt.AlignmentFlag.AlignTop)
        row.addStretch(1)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Totals by asset")

    def show_totals(self, totals: Sequence[tuple[Family, Total]], more: int) -> None:
        """Show these totals; `more` further ones exist."""
        self._held = min(len(totals), _MOST)
        for cell, (family, total) in zip(self._cells, totals, strict=False):
            cell.show_total(family, total)
        self._beyond = more + len(totals) - self._held
        self._fit()

    @property
    def room(self) -> int:
        """Return how many totals can be shown at most."""
        return _MOST

    def _fit(self) -> None:
        width, shown = self.width(), 0
        used = 0
        for place, cell in enumerate(self._cells[: self._held]):
            used += cell.sizeHint().width() + _GAP
            rest = self._held - place - 1 + self._beyond
            if used + (_MORE_WIDTH if rest else 0) > width and place > 0:
                break
            shown += 1
        for place, cell in enumerate(self._cells):
            cell.setVisible(place < shown)
        rest = self._held - shown + self._beyond
        self._more.setVisible(rest > 0)
        self._more.set_text(f"{rest} more")
        self._more.setAccessibleName(f"{rest} more assets: group the table by asset")

    @override
    def sizeHint(self) -> QSize:
        return QSize(400, _HEIGHT)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
