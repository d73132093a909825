"""The pane "Where this number comes from": every field of a reading in words, and what can be done about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QKeySequence, QPainter
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.amounts import plain_text
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.opinions import Opinion, OpinionKind
from desktop_wallet.ui.models.balance_claims import NO_CLAIMS, claims_on
from desktop_wallet.ui.models.balance_snapshot import BalanceRow
from desktop_wallet.ui.models.balance_words import amount_text, explanation
from desktop_wallet.ui.pages.details_opinion import OpinionBlock
from desktop_wallet.ui.pages.details_words import as_json, fields, time_left_text
from desktop_wallet.ui.theme import DETAILS_WIDTH, GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.badge import BadgeLabel
from desktop_wallet.ui.widgets.buttons import IconButton, LinkButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Separator
from desktop_wallet.ui.widgets.tab_order import follow
from desktop_wallet.ui.widgets.text import Text, tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.details_words import Field
    from desktop_wallet.ui.pages.page import Shell

_DISAGREE = "Another server reads another amount. Do not rely on this number: see the second opinion below."
_MARGIN = 5 * GRID
_LABEL_WIDTH = 88
_LEAST_PIXELS = 12
_BESIDE_WIDTH = DETAILS_WIDTH + 40


class FittedText(Text):
    """One line whose type shrinks until it fits: an amount is never cut."""

    def __init__(self, theme: Theme, style: TextStyle) -> None:
        super().__init__(theme, style=style)
        self._style = theme.font(style)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(QFontMetrics(self._style).height() + 2)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        font, width = self.font(), self.width()
        font.setPixelSize(self._style.pixelSize())
        while font.pixelSize() > _LEAST_PIXELS and QFontMetrics(font).horizontalAdvance(self.text()) > width:
            font.setPixelSize(font.pixelSize() - 1)
        painter = QPainter(self)
        painter.setFont(font)
        painter.setPen(self.palette().color(self.foregroundRole()))
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), int(side) | Qt.TextFlag.TextSingleLine, self.text())
        painter.end()


class FieldRow(QWidget):
    """One field: its label, what it says with a quieter note below, and a button that copies it."""

    def __init__(self, shell: Shell, parent: QWidget) -> None:
        super().__init__(parent)
        theme = shell.theme
        self._shell = shell
        self._field: Field | None = None
        top = Qt.AlignmentFlag.AlignTop
        self.label = Text(theme, token=Token.MUTED)
        self.label.setFixedWidth(_LABEL_WIDTH)
        self.value = Text(theme, wrap=True, selectable=True)
        self.note = Text(theme, style=TextStyle.SMALL, token=Token.MUTED, wrap=True)
        self.copy = IconButton(theme, "copy", "Copy", self._on_copy_clicked)
        self._fonts = {False: theme.font(TextStyle.BODY), True: theme.font(TextStyle.MONO_SMALL)}
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.value)
        words.addWidget(self.note)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.label, 0, top)
        row.addLayout(words, 1)
        row.addWidget(self.copy, 0, top)

    def show_field(self, field: Field | None) -> None:
        """Show this field, or none."""
        if field == self._field:
            return
        self._field = field
        self.setVisible(field is not None)
        if field is None:
            # Nothing of a session stays behind in a label that is merely out of sight.
            self.value.set_text("")
            self.value.setAccessibleName("")
            self.note.set_text("")
            return
        self.note.setVisible(bool(field.note))
        self.copy.setVisible(bool(field.copy))
        self.label.set_text(field.label)
        self.value.setFont(self._fonts[field.mono])
        self.value.set_text(field.value)
        self.value.setAccessibleName(field.spoken)
        self.note.set_text(field.note)
        self.copy.set_name(f"Copy: {field.label}")

    def _on_copy_clicked(self) -> None:
        if self._field is not None:
            self._shell.copy(self._field.copy, self._field.label)


class DetailsPane(QFrame):
    """Shows one balance in full. It holds a snapshot; what a person wants of it is told by signal, with its row."""

    closed = Signal()
    refresh_wanted = Signal(object)
    forget_wanted = Signal(object)
    send_wanted = Signal(object)
    activity_wanted = Signal(object)
    """The Claims whose payments a person wants to see."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._theme = theme = shell.theme
        self._session: Session | None = None
        self._opened: Instant | None = None
        self._row: BalanceRow | None = None
        self._claims = NO_CLAIMS
        self._opinion: Opinion | None = None
        self.setAccessibleName("Where this number comes from")
        self.heading = Text(theme, "Where this number comes from", token=Token.MUTED)
        self.amount = FittedText(theme, TextStyle.AMOUNT)
        self.badge = BadgeLabel(theme)
        self.left = Text(theme, token=Token.MUTED)
        self.reason = Text(theme, wrap=True, token=Token.STALE)
        self.doubt = Text(theme, "", wrap=True, token=Token.UNAVAILABLE)
        self.activity = LinkButton(theme, "Show in Activity", "activity", self._on_activity_clicked)
        self.close_button = IconButton(theme, "x", "Close the details", self.closed.emit)
        self.opinion = OpinionBlock(shell, self)
        self.opinion.answered.connect(self.renew)
        self.refresh = SecondaryButton(theme, "Refresh this", "refresh-cw", self._on_refresh_clicked)
        self.send = SecondaryButton(theme, "Send", "send", self._on_send_clicked)
        self.copy = SecondaryButton(theme, "Copy", "copy", self._on_copy_clicked)
        self.copy.setAccessibleName("Copy the amount")
        self.forget = SecondaryButton(theme, "Forget this", "trash-2", self._on_forget_clicked)
        self.json = SecondaryButton(theme, "Copy as JSON", "copy", self._on_json_clicked)
        self._room = QWidget()
        self._list = QVBoxLayout(self._room)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(2 * GRID)
        self._rows: list[FieldRow] = []
        self._build()
        sends = QAction("Send", self)
        sends.setShortcut(QKeySequence("Ctrl+S"))
        sends.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        sends.triggered.connect(self.send.click)
        self.addAction(sends)

    def _build(self) -> None:
        theme = self._theme
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.close_button)
        badge = QHBoxLayout()
        badge.setSpacing(2 * GRID)
        badge.addWidget(self.badge)
        badge.addWidget(self.left, 1)
        buttons = QGridLayout()
        buttons.setSpacing(2 * GRID)
        for place, button in enumerate((self.refresh, self.send, self.copy, self.json, self.forget)):
            buttons.addWidget(button, place // 2, place % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, _MARGIN)
        column.setSpacing(2 * GRID)
        column.addLayout(head)
        column.addWidget(self.amount)
        column.addLayout(badge)
        column.addWidget(self.reason)
        column.addWidget(self.doubt)
        column.addWidget(self.activity, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(GRID)
        column.addWidget(Separator(theme))
        column.addSpacing(GRID)
        column.addWidget(self._room)
        column.addSpacing(GRID)
        column.addWidget(Separator(theme))
        column.addSpacing(GRID)
        column.addWidget(self.opinion)
        column.addSpacing(GRID)
        column.addWidget(Separator(theme))
        column.addSpacing(GRID)
        column.addLayout(buttons)
        column.addStretch(1)

    def attach(self, session: Session | None) -> None:
        """Ask this session for badges from now on, or none."""
        self._session = session
        self.opinion.attach(session)
        self.show_balance(None)

    def open(self, opened: Instant | None) -> None:
        """Count answers since this instant as Fresh."""
        self._opened = opened
        if opened is None:
            self.opinion.leave()
        self.renew()

    def show_balance(self, row: BalanceRow | None) -> None:
        """Show this balance, or nothing."""
        self._row = row
        self.renew()

    @property
    def row(self) -> BalanceRow | None:
        """Return the balance that is shown."""
        return self._row

    def renew(self) -> None:
        """Say how old the number is now; called once a second."""
        row = self._row
        if row is None or self._session is None:
            self._show_fields(())
            self.amount.set_text("")
            self.left.set_text("")
            self.reason.hide()
            self.activity.hide()
            self.badge.set_badge(None)
            self._claims = NO_CLAIMS
            self.opinion.leave()
            self._show_opinion(None)
            return
        badge = self._session.balances.badge(row.key, self._opened)
        row = replace(row, badge=badge)
        now = self._shell.clock.now()
        self._claims = claims = claims_on(row.key, row.state.reading, self._session.transfers.touching(row.key))
        text = f"{amount_text(row)} {row.asset.symbol}"
        means = explanation(row, now, len(claims.waiting))
        self.amount.set_text(text)
        self.amount.set_token(Token.MUTED if badge.kind is BadgeKind.PENDING else Token.TEXT)
        self.amount.setAccessibleName(f"Amount: {'unknown' if row.amount is None else text}")
        self.amount.setToolTip(tooltip(text))
        self.badge.set_badge(badge, means)
        self.left.set_text(time_left_text(badge))
        telling = bool(badge.reasons) or row.amount is None
        self.reason.setVisible(telling)
        self.reason.set_text(means if telling else "")
        self.activity.setVisible(bool(claims.waiting or claims.taken))
        self.copy.setEnabled(row.amount is not None)
        self.refresh.setEnabled(not badge.updating)
        watched = row.account.wallet.kind is WalletKind.WATCH
        self.send.setEnabled(not watched)
        self.send.setToolTip("This account is only watched: its key is not here." if watched else "Send (Ctrl+S)")
        self._show_fields(fields(row, now, claims))
        self._show_opinion(self.opinion.show_row(row))

    def _show_opinion(self, opinion: Opinion | None) -> None:
        self._opinion = opinion
        # Below it may be out of sight; beside the number it is not.
        different = opinion is not None and opinion.kind is OpinionKind.DIFFERENT
        self.doubt.setVisible(different)
        self.doubt.set_text(_DISAGREE if different else "")

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In the page's place the window has a way back of its own.
        self.close_button.setVisible(self.width() <= _BESIDE_WIDTH)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _show_fields(self, shown: tuple[Field, ...]) -> None:
        while len(self._rows) < len(shown):
            row = FieldRow(self._shell, self)
            self._list.addWidget(row)
            follow(self._rows[-1].copy if self._rows else self.close_button, row)
            self._rows.append(row)
        for place, row in enumerate(self._rows):
            row.show_field(shown[place] if place < len(shown) else None)

    def _on_refresh_clicked(self) -> None:
        if self._row is not None:
            self.refresh_wanted.emit(self._row)

    def _on_send_clicked(self) -> None:
        if self._row is not None:
            self.send_wanted.emit(self._row)

    def _on_activity_clicked(self) -> None:
        self.activity_wanted.emit(self._claims)

    def _on_forget_clicked(self) -> None:
        if self._row is not None:
            self.forget_wanted.emit(self._row)

    def _on_copy_clicked(self) -> None:
        if self._row is not None and self._row.amount is not None:
            self._shell.copy(plain_text(self._row.amount), "Amount")

    def _on_json_clicked(self) -> None:
        if self._row is not None:
            self._shell.copy(as_json(self._row, self._shell.clock.now(), self._claims, self._opinion), "Details")
