"""Paints the lines of the balances table. Text is drawn as text: nothing a server sent is ever taken for markup."""

from __future__ import annotations

import colorsys
import hashlib
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from typing_extensions import override

from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.ui.models.balance_rows import Heading
from desktop_wallet.ui.models.balance_snapshot import BalanceRow
from desktop_wallet.ui.models.balance_words import (
    Column,
    amount_text,
    cell_text,
    change_text,
    group_amount_text,
    group_freshness,
    group_note,
    group_value_text,
    value_change_text,
    value_text,
)
from desktop_wallet.ui.models.balances_model import LINE_ROLE
from desktop_wallet.ui.pages.kept_cells import KeptCells
from desktop_wallet.ui.pages.line_delegate import PADDING, LineDelegate
from desktop_wallet.ui.theme import ROW_HEIGHT, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.badge import Ring, badge_width, paint_badge
from desktop_wallet.ui.words import badge_text

if TYPE_CHECKING:
    from collections.abc import Hashable

    from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex

    from desktop_wallet.core.prices import Currency
    from desktop_wallet.ui.models.balance_names import AssetWords

_GLYPH = 22
_GLYPH_GAP = 9
_EDGE = 3
_LEAST_NAME = 40
_KNOWN_COLORS = {
    "ETH": "#627eea",
    "WETH": "#627eea",
    "USDC": "#2775ca",
    "USDT": "#26a17b",
    "DAI": "#b77b10",
    "WBTC": "#e0800d",
    "POL": "#8247e5",
    "OP": "#e0152b",
    "ARB": "#2d6fb0",
}
"""The colours people know these assets by; only for assets that the wallet itself vouches for."""


class _Value(Protocol):
    """Says a value; `bare` without its currency."""

    def __call__(self, *, bare: bool = False) -> str: ...


def glyph_color(asset: AssetWords) -> QColor:
    """Return the colour of an asset's glyph: a known one, else one that its family alone decides.

    A token that was added by hand is a family of its own, so it never borrows the colour of a listed one.
    """
    return _color_of(asset.symbol if asset.listed else str(asset.asset.id), listed=asset.listed)


@lru_cache(maxsize=1_024)
def _color_of(name: str, *, listed: bool) -> QColor:
    known = _KNOWN_COLORS.get(name.upper()) if listed else None
    if known is not None:
        return QColor(known)
    digest = hashlib.sha256(name.encode()).digest()
    red, green, blue = colorsys.hls_to_rgb(digest[0] / 256, 0.42, 0.45)
    return QColor.fromRgbF(red, green, blue)


def paint_glyph(painter: QPainter, area: QRect, asset: AssetWords, theme: Theme) -> None:
    """Paint an asset's glyph: a round ground with the first letter of its symbol."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(glyph_color(asset))
    painter.drawEllipse(QRectF(area))
    font = theme.font(TextStyle.SMALL_STRONG)
    font.setPixelSize(max(10, area.height() // 2))
    painter.setFont(font)
    painter.setPen(QColor("white"))
    letter = next((c for c in asset.symbol if c.isalnum()), "?").upper()
    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), letter)
    painter.restore()


def shown_in(row: BalanceRow, column: Column) -> Hashable:
    """Return all that the look of a row's cell depends on, so that cells that look the same are painted once."""
    asset, badge = row.asset, row.badge
    match column:
        case Column.ASSET:
            return asset.symbol, asset.name, "" if asset.listed else str(asset.asset.id)
        case Column.ACCOUNT:
            return row.account.label
        case Column.NETWORK:
            return asset.network.name
        case Column.AMOUNT:
            pending = badge.kind is BadgeKind.PENDING
            return row.amount, pending, (badge.expected_change, asset.symbol) if pending else None
        case Column.VALUE:
            worth, pending = row.worth, badge.kind is BadgeKind.PENDING
            return worth and (value_text(row), value_change_text(row), pending, worth.outdated)
        case Column.FRESHNESS:
            return badge.kind, badge_text(badge)


def _halves(area: QRect) -> tuple[QRect, QRect]:
    """Return where a cell of two lines has its upper and its lower one."""
    half = area.height() // 2 - 1
    return area.adjusted(0, _EDGE, 0, -half), area.adjusted(0, half, 0, -_EDGE)


class BalancesDelegate(LineDelegate):
    """Paints headings and balances; the ring of a balance that is being read turns with `ring`."""

    def __init__(self, theme: Theme, ring: Ring, parent: QObject | None = None) -> None:
        super().__init__(theme, parent)
        self._ring = ring
        self._cells = KeptCells()
        theme.changed.connect(self._cells.clear)
        self.ring_seen = False
        """Whether any balance painted since this was reset is being read."""
        self.network_below = False
        """Whether the network stands below the account, because the table has no room for a column of its own."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        line = index.data(LINE_ROLE)
        metrics = QFontMetrics(self._theme.font(TextStyle.BODY))
        if isinstance(line, BalanceRow) and index.column() == Column.FRESHNESS:
            return QSize(badge_width(line.badge, self._theme) + 2 * PADDING, ROW_HEIGHT)
        text = cell_text(line, Column(index.column())) if isinstance(line, BalanceRow | Heading) else ""
        extra = _GLYPH + _GLYPH_GAP + 16 if index.column() == Column.ASSET else 0
        return QSize(metrics.horizontalAdvance(text) + 2 * PADDING + extra, ROW_HEIGHT)

    def forget(self) -> None:
        """Forget what cells looked like: the wallet is locked."""
        self._cells.clear()

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        line = index.data(LINE_ROLE)
        column = Column(index.column())
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if isinstance(line, Heading):
            self._paint_ground(painter, rect, Token.GROUP_ROW, selected=selected)
            self._paint_heading(painter, rect.adjusted(PADDING, 0, -PADDING, -1), line, column)
        elif isinstance(line, BalanceRow):
            if column is Column.FRESHNESS and line.badge.updating:
                self.ring_seen = True
                self._paint_cell(line, column, selected, painter, rect)
            else:
                below = line.asset.network.name if self._tells_network(column) else ""
                shows = (column, selected, shown_in(line, column), below)
                self._cells.paint(painter, rect, shows, partial(self._paint_cell, line, column, selected))
        if column is Column.ASSET and state & QStyle.StateFlag.State_HasFocus:
            self._paint_focus(painter, rect)
        painter.restore()

    def _paint_cell(self, row: BalanceRow, column: Column, selected: bool, painter: QPainter, rect: QRect) -> None:
        self._paint_ground(painter, rect, Token.SURFACE, selected=selected)
        self._paint_row(painter, rect.adjusted(PADDING, 0, -PADDING, -1), row, column)

    def _paint_heading(self, painter: QPainter, area: QRect, heading: Heading, column: Column) -> None:
        if column is Column.ASSET:
            self._paint_fold(painter, QRect(area.x(), area.y(), 10, area.height()), folded=heading.folded)
            rest = area.adjusted(18, 0, 0, 0)
            used = self._text(painter, rest, heading.title, TextStyle.STRONG, Token.TEXT)
            self._text(painter, rest.adjusted(used + 8, 0, 0, 0), group_note(heading), TextStyle.BODY, Token.MUTED)
        elif column is Column.AMOUNT:
            text = partial(group_amount_text, heading)
            self._paint_amount(painter, area, text, TextStyle.STRONG, Token.TEXT)
        elif column is Column.VALUE and heading.money is not None:
            text, currency = partial(group_value_text, heading), heading.money.currency
            self._paint_value(painter, area, text, currency, TextStyle.STRONG, Token.TEXT)
        elif column is Column.FRESHNESS:
            self._text(painter, area, group_freshness(heading), TextStyle.SMALL, Token.MUTED)

    def _paint_row(self, painter: QPainter, area: QRect, row: BalanceRow, column: Column) -> None:
        if column is Column.ASSET:
            glyph = QRect(area.x(), area.y() + (area.height() - _GLYPH) // 2, _GLYPH, _GLYPH)
            paint_glyph(painter, glyph, row.asset, self._theme)
            rest = area.adjusted(_GLYPH + _GLYPH_GAP, 0, 0, 0)
            used = self._text(painter, rest, row.asset.symbol, TextStyle.STRONG, Token.TEXT)
            if rest.width() - used > _LEAST_NAME:
                self._text(painter, rest.adjusted(used + 5, 0, 0, 0), row.asset.name, TextStyle.BODY, Token.MUTED)
        elif column is Column.ACCOUNT:
            if self._tells_network(column):
                upper, lower = _halves(area)
                self._text(painter, lower, row.asset.network.name, TextStyle.SMALL, Token.MUTED)
                area = upper
            self._text(painter, area, row.account.label, TextStyle.BODY, Token.MUTED)
        elif column is Column.NETWORK:
            self._text(painter, area, row.asset.network.name, TextStyle.BODY, Token.MUTED)
        elif column is Column.AMOUNT:
            self._paint_row_amount(painter, area, row)
        elif column is Column.VALUE:
            self._paint_row_value(painter, area, row)
        else:
            paint_badge(painter, area, row.badge, self._theme, phase=self._ring.phase)

    def _tells_network(self, column: Column) -> bool:
        return self.network_below and column is Column.ACCOUNT

    def _paint_row_amount(self, painter: QPainter, area: QRect, row: BalanceRow) -> None:
        """Paint the amount; muted while it is unknown, or pending with the change that it awaits below it."""
        settled = row.amount is not None and row.badge.kind is not BadgeKind.PENDING
        if change_text(row):
            # Below, not beside: digits go on standing under digits, and neither number is cut for the other.
            area, lower = _halves(area)
            self._paint_amount(painter, lower, partial(change_text, row), TextStyle.SMALL, Token.MUTED)
        token = Token.TEXT if settled else Token.MUTED
        self._paint_amount(painter, area, partial(amount_text, row), TextStyle.BODY, token)

    def _paint_row_value(self, painter: QPainter, area: QRect, row: BalanceRow) -> None:
        """Paint what the amount beside it is worth, of the same look; muted too where the price is old or missing."""
        worth = row.worth
        if worth is None:
            return
        settled = row.badge.kind is not BadgeKind.PENDING and worth.value is not None and not worth.outdated
        if value_change_text(row):
            area, lower = _halves(area)
            change = partial(value_change_text, row)
            self._paint_value(painter, lower, change, worth.currency, TextStyle.SMALL, Token.MUTED)
        style = TextStyle.SMALL if worth.price is None else TextStyle.BODY
        token = Token.TEXT if settled else Token.MUTED
        self._paint_value(painter, area, partial(value_text, row), worth.currency, style, token)

    def _paint_value(
        self, painter: QPainter, area: QRect, text: _Value, currency: Currency, style: TextStyle, token: Token
    ) -> None:
        """Paint a value; its currency goes where it stands in the column's head, or where there is no room."""
        self._paint_amount(
            painter, area, lambda places: text(bare=currency.spelled or places is not None), style, token
        )

    def _paint_fold(self, painter: QPainter, area: QRect, *, folded: bool) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._theme.color(Token.TEXT), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        middle = QRectF(area).center()
        painter.translate(middle)
        if folded:
            painter.rotate(-90)
        painter.drawPolyline([QPointF(-4, -2), QPointF(0, 2), QPointF(4, -2)])
        painter.restore()
