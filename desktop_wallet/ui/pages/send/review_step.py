"""Step 2, Review: all that is known before anything is signed, in the order in which a careful person asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.cautions import CautionKind
from desktop_wallet.ui.pages.details import FittedText
from desktop_wallet.ui.pages.send.caution_block import CautionBlock
from desktop_wallet.ui.pages.send.cautions_words import CautionText, caution_text, refusal_text, shown_cautions
from desktop_wallet.ui.pages.send.fee_choice import FeeChoice
from desktop_wallet.ui.pages.send.marked_address import MarkedAddress
from desktop_wallet.ui.pages.send.names import Nameless, Names
from desktop_wallet.ui.pages.send.review_lines import LineList, LineView, labelled, lay_out
from desktop_wallet.ui.pages.send.review_words import (
    amount_text,
    details_text,
    fee_line,
    main_lines,
    more_lines,
    paid_text,
    place_text,
    replaced_text,
    review_badge,
    review_badge_text,
    title_text,
    who_text,
)
from desktop_wallet.ui.pages.send.standing_still import bring_into_view
from desktop_wallet.ui.pages.send.state import Doing, SendState
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.badge import BadgeLabel
from desktop_wallet.ui.widgets.buttons import LinkButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.fields import FormRow
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.tab_order import follow
from desktop_wallet.ui.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from desktop_wallet.core.cautions import Caution
    from desktop_wallet.services.reviews import Review
    from desktop_wallet.ui.pages.page import Shell

_MARGIN = 5 * GRID
_TTL_S = 30.0
_PLACE_WIDTH = 300
_LINK_PADDING = 6
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ReviewStep(QWidget):
    """Shows a review; `show_review` alone is enough for a picture of one. It signs nothing: it tells what is wanted."""

    back_wanted = Signal()
    sign_wanted = Signal()
    fee_wanted = Signal(object, object)
    """A Speed, and a GasFee where it is Custom."""

    def __init__(self, shell: Shell, state: SendState | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self.theme = theme = shell.theme
        self.state = state or SendState()
        self.names: Names = Nameless()
        self.ttl_s = _TTL_S
        self._said: list[tuple[Caution, CautionText]] = []
        self._blocks: list[CautionBlock] = []
        self.asks_password = False
        self.changed = Banner(theme, "", NoticeKind.WARNING)
        self.title = Text(theme, token=Token.MUTED)
        self.amount = FittedText(theme, TextStyle.DISPLAY)
        self.amount.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab begins here, and does not stop here
        self.badge = BadgeLabel(theme)
        self.place = ElidedText(theme, style=TextStyle.SMALL, token=Token.MUTED, mode=Qt.TextElideMode.ElideMiddle)
        self.place.setMaximumWidth(_PLACE_WIDTH)
        self.again = Text(theme, "checked again when you sign", TextStyle.SMALL, Token.MUTED)
        self.replaced = Banner(theme, "", NoticeKind.INFO)
        self.recipient = MarkedAddress(theme, "To")
        self.who = Text(theme, token=Token.MUTED, wrap=True)
        self.before, self.after, self.more = LineList(theme), LineList(theme), LineList(theme)
        self.change_fee = LinkButton(theme, "Change fee", on_click=self._on_change_clicked)
        self.fee = LineView(theme, self.change_fee)
        self.choice = FeeChoice(theme)
        self.more_button = LinkButton(theme, "More", on_click=self._on_more_clicked)
        self.password = PasswordField(theme, "Password")
        self._password_row = FormRow(theme, "Password", self.password, "Your settings ask for it at each send.")
        self.hint = Text(theme, token=Token.MUTED, wrap=True)
        self.back = SecondaryButton(theme, "Back", on_click=self.back_wanted.emit)
        self.copy = SecondaryButton(theme, "Copy details", on_click=self._on_copy_clicked)
        self.sign = PrimaryButton(theme, "Sign and send", on_click=self.sign_wanted.emit)
        self._cautions = QWidget()
        self._error = ""
        self._build()
        self._connect()

    def _connect(self) -> None:
        self.choice.wanted.connect(self.fee_wanted)
        self.password.submitted.connect(self._on_submitted)
        self.password.edited.connect(self._on_password_edited)

    def _build(self) -> None:
        card = Card(self.theme, margin=0)
        card.body.setSpacing(0)
        card.body.addWidget(self._head())
        stacked = QVBoxLayout(self._cautions)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(0)
        card.body.addWidget(self._cautions)
        card.body.addWidget(Separator(self.theme))
        card.body.addWidget(self._lines())
        card.body.addWidget(Separator(self.theme))
        card.body.addWidget(self._foot())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        self.changed.hide()
        column.addWidget(self.changed)
        column.addWidget(card)

    def _head(self) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, 4 * GRID)
        row.setSpacing(4 * GRID)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.amount)
        words.addStretch(1)
        side = QVBoxLayout()
        side.setSpacing(3)
        right = Qt.AlignmentFlag.AlignRight
        for widget in (self.badge, self.place, self.again):
            side.addWidget(widget, 0, right)
        side.addStretch(1)
        row.addLayout(words, 1)
        row.addLayout(side)
        return head

    def _lines(self) -> QWidget:
        lines = QWidget()
        column = QVBoxLayout(lines)
        column.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, 4 * GRID)
        column.setSpacing(10)
        column.addWidget(self.replaced)
        row, beside, _ = labelled(self.theme, "To", top=2)
        beside.addWidget(self.recipient)
        beside.addWidget(self.who)
        column.addLayout(row)
        column.addWidget(self.before)
        self.fee.column.addWidget(self.choice)
        self.choice.hide()
        column.addWidget(self.fee)
        column.addWidget(self.after)
        self.more_button.set_quiet()
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.addSpacing(-_LINK_PADDING)  # so that its word stands below the labels
        across.addWidget(self.more_button)
        across.addStretch(1)
        column.addLayout(across)
        self.more.hide()
        column.addWidget(self.more)
        return lines

    def _foot(self) -> QWidget:
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, 4 * GRID)
        column.setSpacing(2 * GRID)
        column.addWidget(self._password_row)
        column.addWidget(self.hint)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.back)
        row.addStretch(1)
        row.addWidget(self.copy)
        row.addWidget(self.sign)
        column.addLayout(row)
        return foot

    # From the page

    def enter(self, changed: str = "") -> None:
        """Begin a visit: nothing is unfolded, and no key that is still held down presses anything.

        `changed` says what is no longer as it was reviewed before.
        """
        self.changed.set_text(changed)
        self.changed.setVisible(bool(changed))
        self.choice.hide()
        self._unfold_more(unfolded=False)
        self.password.clear()
        self.password.set_error("")
        self.set_error("")
        self.amount.setFocus()

    def show_review(self, review: Review) -> None:
        """Show this review, whole."""
        self.state.review = review
        now = self._shell.clock.now()
        self.title.set_text(title_text(review))
        amount = amount_text(review)
        self.amount.set_text(amount)
        self.amount.setAccessibleName(f"{title_text(review)}: {amount}")
        self.place.set_text(place_text(review))
        replaced = replaced_text(review, now)
        self.replaced.set_text(replaced)
        self.replaced.setVisible(bool(replaced))
        self._show_cautions(review)
        alike = next((c for c in review.cautions if c.kind is CautionKind.LOOK_ALIKE), None)
        self.recipient.set_address(review.draft.recipient, alike.marks if alike else ())
        lines = main_lines(review, self.names)
        fee = fee_line(review)
        place = lines.index(fee)
        self.before.show_lines(lines[:place])
        self.fee.show_line(fee)
        self.choice.show_review(review)
        self.after.show_lines(lines[place + 1 :])
        self.renew()
        self._arrange()

    def renew(self) -> None:
        """Say how old the balance is now, and what may be done; called once a second."""
        review = self.state.review
        if review is None:
            return
        now = self._shell.clock.now()
        badge = review_badge(review, now, self.ttl_s)
        text = review_badge_text(badge)
        means = f"The balance that this review counts with, {place_text(review)}. It is checked again when you sign."
        self.badge.set_badge(badge, means, text=text)
        paid = paid_text(review.paid, now) if review.own is None else ""
        self.who.set_text(f"{paid} {who_text(review, self.names)}".strip())
        if not self.more.isHidden():
            self.more.show_lines(more_lines(review, now))
        self.settle()

    def set_error(self, sentence: str) -> None:
        """Say why it was not signed, or nothing."""
        self._error = sentence
        self.settle()

    def complain(self, sentence: str) -> None:
        """Say that the password was wrong, and ask for it again."""
        self.asks_password = True
        self.password.clear()
        self.password.set_error(sentence)
        self.settle()
        self.password.setFocus()

    def settle(self) -> None:
        """Show what may be pressed now, and why not."""
        state, review = self.state, self.state.review
        busy = state.doing is not Doing.NOTHING
        self._password_row.setVisible(self.asks_password)
        ready = state.may_sign and (not self.asks_password or bool(self.password.text()))
        self.sign.setEnabled(ready)
        self.sign.set_text("Signing…" if state.doing is Doing.SIGNING else "Sign and send")
        self.sign.setAccessibleName("Sign and send")
        for widget in (self.back, self.change_fee, self.choice, self.password):
            widget.setEnabled(not busy)
        for block in self.blocks:
            block.setEnabled(not busy)
        text, token = self._hint(review)
        self.hint.set_text(text)
        self.hint.set_token(token)
        self.hint.setVisible(bool(text))
        self.sign.setAccessibleDescription(text)

    def _hint(self, review: Review | None) -> tuple[str, Token]:
        if self.state.doing is Doing.SIGNING:
            return "It is being signed and sent. That goes on if you leave this page.", Token.MUTED
        if self.state.doing is Doing.ASKING:
            return "Something changed. It is being looked at again, and nothing was signed.", Token.MUTED
        if self._error:
            return self._error, Token.UNAVAILABLE
        if review is None:
            return "", Token.MUTED
        if self.state.fee_is_wrong:
            return "The fee that you typed cannot be used. Mend it, or choose another.", Token.UNAVAILABLE
        refused = refusal_text(review)
        if refused:
            return refused, Token.UNAVAILABLE
        if self.state.unticked:
            return "Confirm what is marked as dangerous above before you sign.", Token.MUTED
        return "", Token.MUTED

    @property
    def blocks(self) -> tuple[CautionBlock, ...]:
        """Return the cautions as they are shown, the heaviest first."""
        return tuple(self._blocks)

    def forget(self) -> None:
        """Drop all that was shown."""
        self._said = []
        self._clear_cautions()
        self.names = Nameless()
        self.password.clear()
        self.choice.forget()
        for lines in (self.before, self.after, self.more):
            lines.show_lines(())
        self.fee.show_line(None)
        self.recipient.set_address(None)
        for text in (self.title, self.amount, self.place, self.who):
            text.set_text("")
        self.amount.setAccessibleName("")
        self.badge.set_badge(None)
        self.changed.set_text("")
        self.replaced.set_text("")

    # Within

    def _arrange(self) -> None:
        """Lay out at once what has changed: text that breaks, in rows within rows, else takes Qt several frames."""
        for inner in (
            *self.before.views,
            self.fee,
            *self.after.views,
            *self._blocks,
            self.before,
            self.after,
            self._cautions,
        ):
            lay_out(inner)
        outer = self.fee.parentWidget()
        while outer is not None and not isinstance(outer, QScrollArea):
            lay_out(outer)
            outer = outer.parentWidget()

    def _show_cautions(self, review: Review) -> None:
        said = [(caution, caution_text(caution, review, self.names)) for caution in shown_cautions(review)]
        if said == self._said:
            for block in self._blocks:
                if block.tick is not None:  # it may be another review that says the same: that one is not ticked yet
                    block.tick.setChecked(self.state.is_ticked(block.caution))
            return
        self._said = said
        self._clear_cautions()
        stacked = self._cautions.layout()
        assert stacked is not None  # noqa: S101 - it was given one when it was built
        for caution, words in said:
            block = CautionBlock(self.theme, caution, words, ticked=self.state.is_ticked(caution))
            block.ticked.connect(self._on_ticked)
            stacked.addWidget(block)
            self._blocks.append(block)
        self._cautions.setVisible(bool(self._blocks))
        follow(self.amount, self._cautions)

    def _clear_cautions(self) -> None:
        for block in self._blocks:
            block.hide()
            block.setParent(None)
            block.deleteLater()
        self._blocks.clear()

    def _on_ticked(self, caution: Caution, ticked: bool) -> None:
        self.state.tick(caution, ticked=ticked)
        self.settle()

    def _on_change_clicked(self) -> None:
        self.choice.setVisible(self.choice.isHidden())
        self._arrange()
        if not self.choice.isHidden():
            bring_into_view(self.choice)

    def _on_more_clicked(self) -> None:
        self._unfold_more(unfolded=self.more.isHidden())
        self.renew()

    def _unfold_more(self, *, unfolded: bool) -> None:
        self.more.setVisible(unfolded)
        self.more_button.set_text("Less" if unfolded else "More")

    def _on_copy_clicked(self) -> None:
        if self.state.review is not None:
            self._shell.copy(details_text(self.state.review, self.names, self._shell.clock.now()), "Details")

    def _on_password_edited(self) -> None:
        self.settle()

    def _on_submitted(self) -> None:
        if self.sign.isEnabled():
            self.sign_wanted.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER and self.sign.hasFocus() and not event.isAutoRepeat():
            self.sign.click()
        elif event.key() == Qt.Key.Key_Escape and self.back.isEnabled():
            self.back_wanted.emit()
        else:
            super().keyPressEvent(event)
