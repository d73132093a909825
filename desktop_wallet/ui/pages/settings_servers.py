"""One network in the settings: whether it is on, which of its servers are in use, and how they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.networks import Endpoint, Network
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.accounts_marks import Mark
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import LinkButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.fields import FormRow, Switch, TextField
from desktop_wallet.ui.widgets.tab_order import follow
from desktop_wallet.ui.widgets.text import ElidedText, Text, tooltip
from desktop_wallet.ui.words import age_text, count_text, left_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.net.pool import EndpointStatus

_ALWAYS_ON = "Practice networks are always on: they ask nobody outside."
_LAST_ONE = "A network needs one server. Add another one first, or switch the network off."


def status_word(status: EndpointStatus | None) -> str:
    """Return how a server does in one word or two."""
    if status is None or not status.requests:
        return "Not asked yet"
    if status.rate_limited_for_s > 0:
        return "Rate-limited"
    return "Up" if status.healthy else "Down"


def status_sentence(status: EndpointStatus | None, now: Instant) -> str:
    """Return what is known of a server: its height, its latency, when it answered last, and what went wrong."""
    if status is None or not status.requests:
        return ""
    parts = []
    if status.rate_limited_for_s > 0:
        parts.append(f"next try in {left_text(max(status.rate_limited_for_s, 1))}")
    if status.last_error is not None and not status.healthy:
        parts.append(error_text(status.last_error).sentence.rstrip("."))
    if status.height is not None:
        parts.append(f"block {status.height:,}")
    if status.latency_ms is not None:
        parts.append(f"{round(status.latency_ms):,} ms")
    if status.last_ok is not None:
        parts.append(f"last answer {age_text(status.last_ok.age_s(now))} ago")
    if status.failures:
        parts.append(f"{count_text(status.failures, 'failure')} in {count_text(status.requests, 'request')}")
    return " · ".join(parts)


def servers_sentence(statuses: Sequence[EndpointStatus], count: int) -> str:
    """Return how many servers a network has, and how many of those that were asked answer."""
    asked = [status for status in statuses if status.requests]
    if not asked:
        return count_text(count, "server")
    return f"{count_text(count, 'server')}, {sum(status.healthy for status in asked)} of {len(asked)} asked up"


class ServerRow(QWidget):
    """One server in use."""

    removed = Signal(object)

    def __init__(self, theme: Theme, server: Endpoint, network: Network, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.server = server
        self._status = Text(theme, "", TextStyle.SMALL, Token.MUTED, wrap=True)
        self._marks = {
            "Up": Mark(theme, "Up", Token.FRESH, Token.FRESH_GROUND),
            "Down": Mark(theme, "Down", Token.UNAVAILABLE, Token.UNAVAILABLE_GROUND),
            "Rate-limited": Mark(theme, "Rate-limited", Token.STALE, Token.STALE_GROUND),
            "Not asked yet": Mark(theme, "Not asked yet"),
        }
        self.remove = LinkButton(theme, "Remove", on_click=lambda: self.removed.emit(server))
        self.remove.setAccessibleName(f"Remove the server {server.host} of {network.name}")
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(Text(theme, server.host, TextStyle.MEDIUM))
        row.addWidget(ElidedText(theme, server.operator, TextStyle.SMALL, Token.MUTED), 1)
        for mark in self._marks.values():
            row.addWidget(mark)
        row.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._status)

    def show_status(self, status: EndpointStatus | None, now: Instant, *, only_one: bool) -> None:
        """Show how the server does."""
        word, sentence = status_word(status), status_sentence(status, now)
        for known, mark in self._marks.items():
            mark.setVisible(known == word)
        self._status.set_text(sentence)
        self._status.setVisible(bool(sentence))
        self.remove.setEnabled(not only_one)
        self.remove.setToolTip(tooltip(_LAST_ONE) if only_one else "")
        self.setAccessibleName(", ".join(part for part in (self.server.host, word, sentence) if part))


class NetworkCard(Card):
    """A network with its switch and, once asked for, its servers."""

    switched = Signal(bool)
    server_wanted = Signal(str)
    server_removed = Signal(object)
    shipped_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, theme: Theme, network: Network, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._theme = theme
        self._network = network
        self._servers: tuple[Endpoint, ...] = ()
        self.rows: list[ServerRow] = []
        self.setAccessibleName(network.name)
        self.switch = Switch(theme, network.name)
        self.switch.setFont(theme.font(TextStyle.STRONG))
        self.switch.clicked.connect(self.switched)
        self._facts = Text(theme, "", TextStyle.BODY, Token.MUTED)
        self.fold = LinkButton(theme, "Servers", "chevron-right", self._on_fold_clicked)
        self.fold.setAccessibleName(f"Servers of {network.name}")
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(self.switch)
        for text in self._marks_of(network):
            head.addWidget(Mark(theme, text))
        head.addStretch(1)
        head.addWidget(self._facts)
        head.addWidget(self.fold)
        self.body.addLayout(head)
        self._inside = QWidget()
        self.body.addWidget(self._inside)
        self._inside.hide()
        self._built = False
        self._shipped: tuple[Endpoint, ...] = ()

    def _build_inside(self) -> None:
        theme, network = self._theme, self._network
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        block = f"a block every {network.block_time_s:g} s"
        column.addWidget(Text(theme, f"Chain id {network.id.reference} · {block}", TextStyle.BODY, Token.MUTED))
        column.addWidget(Separator(theme))
        room = QWidget()
        self._rows = QVBoxLayout(room)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(2 * GRID)
        column.addWidget(room)
        self.url = TextField(theme, f"Address of another server for {network.name}", "https://…")
        self.url.returnPressed.connect(self._on_add_clicked)
        self.url.textEdited.connect(self._on_url_edited)
        self.add = SecondaryButton(theme, "Check and add", "plus", self._on_add_clicked)
        typed = QWidget()
        row = QHBoxLayout(typed)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.url, 1)
        row.addWidget(self.add)
        hint = "It is asked which chain it speaks for, and used first if it is this one. An address may hold your key."
        self.form = FormRow(theme, "Your own server or another one", typed, hint)
        self.form.setVisible(not network.practice)
        line = Separator(theme)
        line.setVisible(not network.practice)
        column.addWidget(line)
        column.addWidget(self.form)
        links = QHBoxLayout()
        self.shipped = LinkButton(theme, "Use the public servers again", on_click=self.shipped_wanted.emit)
        self.removal = LinkButton(theme, "Remove network", "trash-2", self.remove_wanted.emit)
        self.removal.setAccessibleName(f"Remove network: {network.name}")
        self.removal.setVisible(network.added_by_hand)
        links.addWidget(self.shipped)
        links.addStretch(1)
        links.addWidget(self.removal)
        column.addLayout(links)

    @staticmethod
    def _marks_of(network: Network) -> list[str]:
        marks = []
        if network.practice:
            marks.append("Play money")
        elif network.testnet:
            marks.append("Test network")
        if network.added_by_hand:
            marks.append("Added by you")
        return marks

    @property
    def unfolded(self) -> bool:
        """Return whether the servers are shown."""
        return not self._inside.isHidden()

    def show_network(
        self, servers: tuple[Endpoint, ...], shipped: tuple[Endpoint, ...], *, on: bool, fixed: bool
    ) -> None:
        """Show the switch and the servers in use; `fixed` means that it cannot be switched."""
        self.switch.setChecked(on)
        self.switch.setEnabled(not fixed)
        self.switch.setToolTip(tooltip(_ALWAYS_ON) if fixed else "")
        self._servers, self._shipped = servers, shipped
        if self._built:
            self._show_inside()

    def _show_inside(self) -> None:
        used = {server.url for server in self._servers}
        self.shipped.setVisible(any(server.url not in used for server in self._shipped))
        if self._servers == tuple(row.server for row in self.rows):
            return
        for old in self.rows:
            self._rows.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.rows = []
        for server in self._servers:
            row = ServerRow(self._theme, server, self._network)
            row.removed.connect(self.server_removed)
            self._rows.addWidget(row)
            self.rows.append(row)

    def show_statuses(self, statuses: Sequence[EndpointStatus], now: Instant) -> None:
        """Show how the servers do."""
        self._facts.set_text(servers_sentence(statuses, len(self._servers)))
        self.setAccessibleName(
            f"{self._network.name}, {'on' if self.switch.isChecked() else 'off'}, {self._facts.text()}"
        )
        if self.unfolded:
            by_host = {status.host: status for status in statuses}
            for row in self.rows:
                row.show_status(by_host.get(row.server.host), now, only_one=len(self.rows) == 1)

    def set_checking(self, *, checking: bool) -> None:
        """Say whether a server is being asked now."""
        self.add.setEnabled(not checking)
        self.add.set_text("Asking it" if checking else "Check and add")

    def set_unfolded(self, *, unfolded: bool) -> None:
        """Show the servers or put them away. They are built when they are first shown."""
        if unfolded and not self._built:
            self._built = True
            self._build_inside()
            self._show_inside()
        if unfolded:
            follow(self.fold, self._inside)
        self._inside.setVisible(unfolded)
        self.fold.set_icon("chevron-down" if unfolded else "chevron-right")

    def _on_url_edited(self) -> None:
        self.form.set_error("")

    def _on_fold_clicked(self) -> None:
        self.set_unfolded(unfolded=not self.unfolded)

    def _on_add_clicked(self) -> None:
        if self.url.text().strip():
            self.server_wanted.emit(self.url.text())
        else:
            self.form.set_error("Type the address of a server, such as https://node.example.")
