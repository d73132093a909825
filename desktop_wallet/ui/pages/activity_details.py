"""The pane of one payment: what happened in a whole sentence, what can be done, and everything that is known of it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.measures import age_text
from desktop_wallet.ui.models.activity_cells import row_mark, transaction_of, when_s
from desktop_wallet.ui.models.activity_rows import ReceivedRow, Row, SentRow
from desktop_wallet.ui.pages.activity_badge import StateBadge
from desktop_wallet.ui.pages.activity_details_words import (
    explorer_hint,
    explorer_url,
    fields,
    row_amount,
    state_sentence,
    step_fields,
)
from desktop_wallet.ui.pages.activity_words import Deed, advice, deeds
from desktop_wallet.ui.pages.details import FieldRow, FittedText
from desktop_wallet.ui.theme import DETAILS_WIDTH, GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import IconButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Separator
from desktop_wallet.ui.widgets.tab_order import follow
from desktop_wallet.ui.widgets.text import Text, tooltip

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from desktop_wallet.core.transfers import Ahead, Transfer
    from desktop_wallet.ui.pages.details_words import Field
    from desktop_wallet.ui.pages.page import Shell

_MARGIN = 5 * GRID
_BESIDE_WIDTH = DETAILS_WIDTH + 40
_ICONS = {Deed.SEND_AGAIN: "send", Deed.FASTER: "gauge", Deed.CANCEL: "x", Deed.CLOSE: "eye-off"}
_NOTHING_CHOSEN = "Choose a line of the list. Everything that is known of it then stands here."


class _Fields(QWidget):
    """Rows of fields, made as they are needed."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._rows: list[FieldRow] = []
        self._list = QVBoxLayout(self)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(2 * GRID)

    def show_fields(self, shown: tuple[Field, ...], after: QWidget) -> None:
        """Show these; Tab leads through them from `after`."""
        while len(self._rows) < len(shown):
            row = FieldRow(self._shell, self)
            self._list.addWidget(row)
            follow(self._rows[-1].copy if self._rows else after, row)
            self._rows.append(row)
        for place, row in enumerate(self._rows):
            row.show_field(shown[place] if place < len(shown) else None)

    @property
    def last(self) -> QWidget | None:
        """Return what Tab leaves last."""
        return self._rows[-1].copy if self._rows else None


class ActivityPane(QFrame):
    """Shows one row in full. What a person wants of it is told by signal, with the row."""

    closed = Signal()
    wanted = Signal(object, object)
    """A Deed, and the SentRow it is for."""
    note_wanted = Signal(object)
    explorer_wanted = Signal(object)
    token_wanted = Signal(bool, object)
    """Whether the token of this AssetId is to be taken among ours; else it is to be hidden."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._theme = theme = shell.theme
        self._row: Row | None = None
        self.ahead_of: Callable[[Transfer], Ahead | None] = lambda _: None
        """What a payment waits for before its own turn comes; the page's session knows."""
        self.setAccessibleName("This payment")
        self.heading = Text(theme, "", token=Token.MUTED)
        self.amount = FittedText(theme, TextStyle.AMOUNT)
        self.badge = StateBadge(theme)
        self.age = Text(theme, token=Token.MUTED)
        self.sentence = Text(theme, wrap=True)
        self.advice = Text(theme, wrap=True, token=Token.MUTED)
        self.close_button = IconButton(theme, "x", "Close the details", self.closed.emit)
        self._deeds_room = QWidget(self)
        self.buttons = {
            deed: SecondaryButton(
                theme, deed.value, _ICONS[deed], partial(self._on_deed_clicked, deed), parent=self._deeds_room
            )
            for deed in Deed
        }
        self.note = SecondaryButton(theme, "Add a note", "pencil", self._on_note_clicked)
        self.explorer = SecondaryButton(theme, "Explorer", "external-link", self._on_explorer_clicked)
        self.explorer.setAccessibleName("Open in the explorer")
        self._fields = _Fields(shell)
        self._steps = _Fields(shell)
        self._steps_title = Text(theme, "Every step", style=TextStyle.STRONG)
        self.take = SecondaryButton(theme, "Add this token", "plus", self._on_take_clicked)
        self.hide_token = SecondaryButton(theme, "Hide this token", "eye-off", self._on_hide_clicked)
        self._token_room = QWidget()
        self._own_room = QWidget()
        self._lines = (Separator(theme), Separator(theme))
        self._build()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.close_button)
        badge = QHBoxLayout()
        badge.setSpacing(2 * GRID)
        badge.addWidget(self.badge)
        badge.addWidget(self.age, 1)
        self._deeds = _grid(self._deeds_room)
        own = self._own = _grid(self._own_room)
        own.addWidget(self.note, 0, 0)
        own.addWidget(self.explorer, 0, 1)
        token = _grid(self._token_room)
        token.addWidget(self.take, 0, 0)
        token.addWidget(self.hide_token, 0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, _MARGIN)
        column.setSpacing(2 * GRID)
        column.addLayout(head)
        column.addWidget(self.amount)
        column.addLayout(badge)
        column.addSpacing(GRID)
        column.addWidget(self.sentence)
        column.addWidget(self.advice)
        column.addWidget(self._deeds_room)
        column.addWidget(self._token_room)
        column.addSpacing(GRID)
        column.addWidget(self._lines[0])
        column.addSpacing(GRID)
        column.addWidget(self._fields)
        column.addSpacing(GRID)
        column.addWidget(self._own_room)
        column.addSpacing(GRID)
        column.addWidget(self._lines[1])
        column.addSpacing(GRID)
        column.addWidget(self._steps_title)
        column.addWidget(self._steps)
        column.addStretch(1)
        chain = (self.close_button, *self.buttons.values(), self.take, self.hide_token, self.note, self.explorer)
        for one, other in pairwise(chain):
            QWidget.setTabOrder(one, other)
        self.show_row(None)

    @property
    def row(self) -> Row | None:
        """Return what is shown."""
        return self._row

    def show_row(self, row: Row | None) -> None:
        """Show this row, or nothing."""
        self._row = row
        offered = deeds(row.transfer, row.siblings, ours=bool(row.sender)) if isinstance(row, SentRow) else ()
        self._offer(offered)
        for part in (self.note, self._steps_title, self._lines[1]):
            part.setVisible(isinstance(row, SentRow))
        transaction = None if row is None else transaction_of(row)
        self._own_room.setVisible(transaction is not None)
        self._own.addWidget(self.explorer, 0, 1 if isinstance(row, SentRow) else 0)
        self._offer_token(row)
        for part in (self.amount, self._lines[0]):
            part.setVisible(row is not None)
        if isinstance(row, SentRow):
            self.note.set_text("Edit the note" if row.transfer.note else "Add a note")
        if row is not None and transaction is not None:
            hint = explorer_hint(row.network)
            self.explorer.setEnabled(bool(explorer_url(row.network, transaction)))
            self.explorer.setToolTip(tooltip(hint))
            self.explorer.setAccessibleDescription(hint)
        self.renew()

    def renew(self) -> None:
        """Say how old everything is now; called once a second."""
        row = self._row
        if row is None:
            self._fields.show_fields((), self.close_button)
            self._steps.show_fields((), self.close_button)
            self.badge.set_mark(None)
            for text in (self.heading, self.amount, self.age, self.sentence):
                text.set_text("")
            self.advice.set_text(_NOTHING_CHOSEN)
            self.advice.show()
            return
        now = self._shell.clock.now()
        amount = row_amount(row)
        mark = row_mark(row)
        said = state_sentence(row, now)
        self.heading.set_text(_heading(row))
        self.amount.set_text(amount)
        self.amount.setAccessibleName(f"Amount: {amount}")
        self.amount.setToolTip(tooltip(amount))
        self.badge.set_mark(mark, mark.word, said)
        self.age.set_text(f"{age_text(now.wall_s - when_s(row))} ago")
        self.sentence.set_text(said)
        help_text = ""
        if isinstance(row, SentRow):
            help_text = advice(row.transfer, row.siblings, self.ahead_of(row.transfer), ours=bool(row.sender))
        self.advice.set_text(help_text)
        self.advice.setVisible(bool(help_text))
        self._fields.show_fields(fields(row, now), self.buttons[Deed.CLOSE])
        self._steps.show_fields(step_fields(row, now), self.explorer)

    def _offer_token(self, row: Row | None) -> None:
        """Offer to take or to hide a token that was found; one that imitates a known one is not offered here."""
        found = isinstance(row, ReceivedRow) and row.found
        suspected = isinstance(row, ReceivedRow) and row.suspicion is not None
        for part in (self._token_room, self.take, self.hide_token):
            part.setVisible(found and not suspected)

    def _offer(self, offered: tuple[Deed, ...]) -> None:
        for button in self.buttons.values():
            self._deeds.removeWidget(button)
            button.hide()
        for place, deed in enumerate(offered):
            self._deeds.addWidget(self.buttons[deed], place // 2, place % 2)
            self.buttons[deed].show()
        self._deeds_room.setVisible(bool(offered))

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

    def _on_deed_clicked(self, deed: Deed) -> None:
        if isinstance(self._row, SentRow):
            self.wanted.emit(deed, self._row)

    def _on_note_clicked(self) -> None:
        if isinstance(self._row, SentRow):
            self.note_wanted.emit(self._row)

    def _on_explorer_clicked(self) -> None:
        if self._row is not None:
            self.explorer_wanted.emit(self._row)

    def _on_take_clicked(self) -> None:
        if isinstance(self._row, ReceivedRow):
            self.token_wanted.emit(True, self._row.received.asset)

    def _on_hide_clicked(self) -> None:
        if isinstance(self._row, ReceivedRow):
            self.token_wanted.emit(False, self._row.received.asset)


def _grid(room: QWidget) -> QGridLayout:
    grid = QGridLayout(room)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(2 * GRID)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    return grid


def _heading(row: Row) -> str:
    if isinstance(row, ReceivedRow):
        return f"Received on {row.network.name}"
    kind = "Cancel" if row.transfer.draft.kind.value == "cancel" else "Payment"
    return f"{kind} on {row.network.name}"
