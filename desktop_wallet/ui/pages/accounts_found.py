"""Tokens that were found and that nobody took: each with what it calls itself, why it is suspected, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.addresses import parse_address, shorten
from desktop_wallet.core.receipts import FoundState, FoundToken
from desktop_wallet.ui.measures import count_text
from desktop_wallet.ui.pages.spam_words import reasons_text
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.address import AddressLabel
from desktop_wallet.ui.widgets.buttons import LinkButton
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind
from desktop_wallet.ui.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.spam import Suspicion
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

MOST_ROWS = 30
"""Of each kind, the newest: whoever floods the wallet with tokens makes no window of thousands of lines."""
_SENTENCE = (
    "They sent something to you and are in no list. Their names are their own words: compare the address with a source "
    "that you trust before you add one. Nothing of them is counted in Balances."
)


class FoundRow(QWidget):
    """One token that was found."""

    def __init__(
        self, shell: Shell, token: FoundToken, network: Network, why: Sequence[Suspicion], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        theme = shell.theme
        self.token = token
        words = token.words
        symbol = words.symbol if words is not None else shorten(token.asset.reference)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(Text(theme, symbol, TextStyle.STRONG))
        name = (
            words.name if words is not None else "It does not tell what it is" if token.described else "Not asked yet"
        )
        head.addWidget(ElidedText(theme, name, TextStyle.BODY, Token.MUTED), 1)
        if words is not None:
            head.addWidget(Text(theme, count_text(words.decimals, "decimal"), TextStyle.SMALL, Token.MUTED))
        hidden = token.state is FoundState.HIDDEN
        self.add = LinkButton(theme, "Add")
        self.add.setAccessibleName(f"Add {symbol} on {network.name}")
        self.add.setVisible(words is not None)
        self.hide_it = LinkButton(theme, "Show again" if hidden else "Hide")
        self.hide_it.setAccessibleName(f"{self.hide_it.text()}: {symbol} on {network.name}")
        head.addWidget(self.add)
        head.addWidget(self.hide_it)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(0)
        column.addLayout(head)
        label = AddressLabel(shell, style=TextStyle.MONO_SMALL, token=Token.MUTED)
        label.set_address(parse_address(network.family, token.asset.reference))
        column.addWidget(label)
        self.reason = reasons_text(why)
        if self.reason:
            column.addWidget(Text(theme, self.reason, TextStyle.SMALL, Token.STALE, wrap=True))
        self.setAccessibleName(". ".join(part for part in (symbol, name, self.reason) if part))


class FoundTokensCard(Card):
    """What was found on a network; what is suspected is folded."""

    def __init__(self, shell: Shell, tasks: TaskOwner, on_taken: Callable[[], None]) -> None:
        super().__init__(shell.theme)
        theme = shell.theme
        self._shell, self._tasks, self._on_taken = shell, tasks, on_taken
        self._session: Session | None = None
        self._network: NetworkId | None = None
        self._said: tuple[object, ...] = ()
        self.rows: list[FoundRow] = []
        self.setAccessibleName("Found tokens")
        self.body.addWidget(Text(theme, "Found tokens", TextStyle.HEADING))
        self.body.addWidget(Text(theme, _SENTENCE, TextStyle.BODY, Token.MUTED, wrap=True))
        self._plain = QVBoxLayout()
        self._plain.setSpacing(GRID)
        self.body.addLayout(self._plain)
        self.fold = LinkButton(theme, "", "chevron-right", self._on_fold_clicked)
        fold = QHBoxLayout()
        fold.addWidget(self.fold)
        fold.addStretch(1)
        self.body.addLayout(fold)
        self._room = QWidget()
        self._suspected = QVBoxLayout(self._room)
        self._suspected.setContentsMargins(0, 0, 0, 0)
        self._suspected.setSpacing(GRID)
        self._room.hide()
        self.body.addWidget(self._room)
        self.hide()

    def attach(self, session: Session | None) -> None:
        """Show what this session found, or drop it all."""
        self._session = session
        if session is None:
            self._network = None
            self._fill((), ())
            self._room.hide()

    def show_network(self, network: NetworkId | None) -> None:
        """Show what was found on this network."""
        self._network = network
        session = self._session
        if session is None or network is None:
            self._fill((), ())
            return
        found = [(token, session.found_tokens.reasons(token.asset)) for token in session.found_tokens.of(network)]
        self._fill([(token, why) for token, why in found if not why], [(token, why) for token, why in found if why])

    def _fill(
        self,
        plain: Sequence[tuple[FoundToken, Sequence[Suspicion]]],
        suspected: Sequence[tuple[FoundToken, Sequence[Suspicion]]],
    ) -> None:
        said = (tuple(plain), tuple(suspected))
        if said == self._said:
            return
        self._said = said
        self.rows = []
        for room, found in ((self._plain, plain), (self._suspected, suspected)):
            _empty(room)
            for place, (token, why) in enumerate(found[:MOST_ROWS]):
                self._put(room, token, why, is_first=not place)
        self.fold.setVisible(bool(suspected))
        self._count = len(suspected)
        self._show_fold()
        self.setVisible(bool(plain or suspected))

    def _put(self, room: QVBoxLayout, token: FoundToken, why: Sequence[Suspicion], *, is_first: bool) -> None:
        session = self._session
        if session is None:
            return
        if not is_first:
            room.addWidget(Separator(self._shell.theme))
        row = FoundRow(self._shell, token, session.catalogue.network(token.asset.network), why)
        row.add.clicked.connect(lambda: self._tasks.start(self._add(token), key="found-token"))
        row.hide_it.clicked.connect(lambda: self._tasks.start(self._turn(token), key="found-token"))
        room.addWidget(row)
        self.rows.append(row)

    def _show_fold(self) -> None:
        self.fold.set_text(f"Suspicious ({self._count:,})")
        self.fold.set_icon("chevron-down" if self._room.isVisibleTo(self) else "chevron-right")
        self.fold.setAccessibleDescription("Shown below" if self._room.isVisibleTo(self) else "Folded")

    def _on_fold_clicked(self) -> None:
        self._room.setVisible(not self._room.isVisibleTo(self))
        self._show_fold()

    async def _add(self, token: FoundToken) -> None:
        session, words = self._session, token.words
        if session is None or words is None:
            return
        await session.found_tokens.take(token.asset)
        self._say(f"{words.symbol} was added. Its balances are read next.")
        self.show_network(self._network)
        self._on_taken()

    async def _turn(self, token: FoundToken) -> None:
        """Hide a token, or show it again."""
        session = self._session
        if session is None:
            return
        hidden = token.state is FoundState.FOUND
        await session.found_tokens.hide(token.asset, hidden=hidden)
        symbol = token.words.symbol if token.words else shorten(token.asset.reference)
        if hidden:
            undo = NoticeAction("Undo", lambda: self._on_undo_clicked(token))
            self._say(f"{symbol} and its payments are out of sight.", undo)
        else:
            self._say(f"{symbol} and its payments are in sight again.")
        self.show_network(self._network)

    def _on_undo_clicked(self, token: FoundToken) -> None:
        self._tasks.start(self._show_again(token), key="found-token")

    async def _show_again(self, token: FoundToken) -> None:
        if self._session is not None:
            await self._session.found_tokens.hide(token.asset, hidden=False)
            self.show_network(self._network)

    def _say(self, text: str, action: NoticeAction | None = None) -> None:
        self._shell.notify(text, kind=NoticeKind.DONE, action=action, key="token")


def _empty(room: QVBoxLayout) -> None:
    while room.count():
        item = room.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
