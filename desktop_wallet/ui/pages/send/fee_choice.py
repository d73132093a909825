"""The choice of a fee: slow, normal, fast, or one's own prices. It asks nobody: the quote has it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.fees import Speed
from desktop_wallet.core.signing import LegacyPrice
from desktop_wallet.ui.pages.send.cautions_words import doubt_title
from desktop_wallet.ui.pages.send.fee_words import CheckedFee, TypedFee, check_fee, choices_text, typed_fee
from desktop_wallet.ui.pages.send.standing_still import bring_into_view
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.fields import FormRow, SegmentedControl, TextField
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.services.reviews import Review

_SPEEDS = tuple((speed.value, speed.value.capitalize()) for speed in Speed)
_LONGEST = 24


class FeeChoice(QFrame):
    """Unfolds below the fee of a review. What a person wants is told by signal; what is shown is a review's."""

    wanted = Signal(object, object)
    """A Speed, and a GasFee where it is Custom."""
    wrong = Signal()
    """What is typed is no fee."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: Review | None = None
        self._custom = False
        self.setAccessibleName("Fee")
        self.speed = SegmentedControl(theme, _SPEEDS, "Speed")
        self.words = Text(theme, token=Token.MUTED, wrap=True)
        self.price = TextField(theme, "Maximum fee in gwei")
        self.tip = TextField(theme, "Tip in gwei")
        self.gas = TextField(theme, "Gas limit")
        self.price_row = FormRow(theme, "Maximum fee, gwei", self.price)
        self.tip_row = FormRow(theme, "Tip, gwei", self.tip)
        self.gas_row = FormRow(theme, "Gas limit", self.gas)
        self.doubts = Text(theme, token=Token.STALE, wrap=True)
        self.error = Text(theme, style=TextStyle.BODY, token=Token.UNAVAILABLE, wrap=True)
        self._fields = QWidget()
        row = QHBoxLayout(self._fields)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        for form, field in ((self.price_row, self.price), (self.tip_row, self.tip), (self.gas_row, self.gas)):
            field.setMaxLength(_LONGEST)
            field.textEdited.connect(self._on_edited)
            row.addWidget(form, 1, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(2 * GRID)
        across = QHBoxLayout()
        across.addWidget(self.speed)
        across.addStretch(1)
        column.addLayout(across)
        for widget in (self.words, self._fields, self.doubts, self.error):
            column.addWidget(widget)
        self.speed.changed.connect(self._on_speed_changed)
        self._arrange()

    def show_review(self, review: Review) -> None:
        """Show the choices of this review, and the one it has; what is being typed stays as it is."""
        fresh = self._review is None or self._review.draft != review.draft
        self._review = review
        if fresh:
            self._custom = False
        if not self._custom:
            self.speed.set_value(review.fee.speed.value)
        if review.fee.speed is Speed.CUSTOM and not self._custom:
            self._begin_custom(typed_fee(review.fee))
        self.error.set_text("")
        self._arrange()

    def set_error(self, sentence: str) -> None:
        """Say why the fee that was asked for cannot be had."""
        self.error.set_text(sentence)
        self._arrange()

    def forget(self) -> None:
        """Drop what was shown."""
        self._review = None
        self._custom = False
        self._arrange()

    @property
    def typed(self) -> TypedFee:
        """Return what stands in the fields."""
        return TypedFee(self.price.text(), self.tip.text(), self.gas.text())

    def _begin_custom(self, typed: TypedFee) -> None:
        self._custom = True
        self.speed.set_value(Speed.CUSTOM.value)
        for field, text in ((self.price, typed.price), (self.tip, typed.tip), (self.gas, typed.gas_limit)):
            field.setText(text)

    def _on_speed_changed(self, key: str) -> None:
        review, speed = self._review, Speed(key)
        if review is None:
            return
        if speed is Speed.CUSTOM:
            self._begin_custom(typed_fee(review.fee))
            self._on_edited()
            self.price.setFocus()
            self.price.selectAll()
            bring_into_view(self)
            return
        self._custom = False
        self._arrange()
        self.wanted.emit(speed, None)

    def _on_edited(self) -> None:
        if self._review is None:
            return
        checked = check_fee(self.typed, self._review.quote.fees)
        self.error.set_text("")  # it was about what stood there before
        self._arrange()
        if checked.fee is None:
            self.wrong.emit()
        else:
            self.wanted.emit(Speed.CUSTOM, checked.fee)

    def _arrange(self) -> None:
        review = self._review
        self._fields.setVisible(self._custom)
        self.words.setVisible(not self._custom)
        self.error.setVisible(bool(self.error.text()))
        checked = CheckedFee()
        if review is not None and self._custom:
            legacy = isinstance(review.quote.fees.normal.price, LegacyPrice)
            self.tip_row.setVisible(not legacy)
            checked = check_fee(self.typed, review.quote.fees)
        elif review is not None:
            self.words.set_text(choices_text(review))
        self.price_row.set_error(checked.price)
        self.tip_row.set_error(checked.tip)
        self.gas_row.set_error(checked.gas_limit)
        titles = [f"{doubt_title(doubt)}." for doubt in checked.doubts]
        self.doubts.set_text(" ".join(titles))
        self.doubts.setVisible(bool(titles))
