"""The Activity page: every payment with its state, what came in, and everything that is known of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.transfers import TransferId
from desktop_wallet.ui.measures import count_text
from desktop_wallet.ui.models.activity_cells import address_of, copied_text
from desktop_wallet.ui.models.activity_model import ActivityModel
from desktop_wallet.ui.models.activity_rows import ActivityView, Group, SentRow
from desktop_wallet.ui.pages.activity_actions import ActivityActions
from desktop_wallet.ui.pages.activity_details import ActivityPane
from desktop_wallet.ui.pages.activity_head import ActivityHead, ActivityTools
from desktop_wallet.ui.pages.activity_table import COPY_ADDRESS, COPY_ID, COPY_ROW, ActivityTable
from desktop_wallet.ui.pages.activity_words import KnownNetwork, counts_text, known_text
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.receiving import Receiving
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import LinkButton
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.activity_rows import ActivityKey
    from desktop_wallet.ui.pages.activity_words import Deed
    from desktop_wallet.ui.pages.page import Shell

_TALLEST = 16_777_215
"""Qt's word for no limit (QWIDGETSIZE_MAX)."""


class ActivityPage(Page):
    """Shows all activity of the session. It asks no network: it shows what the services found out."""

    name: ClassVar[str] = "activity"
    title: ClassVar[str] = "Activity"
    icon: ClassVar[str] = "activity"
    hears_at_once: ClassVar[bool] = True

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.model = ActivityModel(shell.clock, self)
        self.head = ActivityHead(self.theme)
        self.tools = ActivityTools(self.theme)
        self.table = ActivityTable(self.theme, self.model, shell.clock)
        self.actions_of_payments = ActivityActions(shell, self.tasks, self)
        self._receiving = Receiving(shell)
        self.known = Text(self.theme, "", TextStyle.SMALL, Token.MUTED, wrap=True)
        self.suspected = LinkButton(self.theme, "", on_click=self._on_suspected_clicked)
        self.suspected.hide()
        self.details = self.pane = ActivityPane(shell)
        self.search_field = self.tools.search
        self._opened: ActivityKey | None = None
        self._places = QStackedWidget()
        self._empty = EmptyState(
            self.theme,
            "activity",
            "Nothing yet",
            "What you send, and what comes in while the wallet is open, stands here with every step.",
            ("Open Receive", lambda: self.shell.open_page("receive")),
        )
        self._no_match = EmptyState(
            self.theme, "search", "Nothing found", "", ("Clear the filters", self._on_clear_clicked)
        )
        for place in (self.table, self._empty, self._no_match):
            self._places.addWidget(place)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE_MARGIN, PAGE_MARGIN - GRID, PAGE_MARGIN, PAGE_MARGIN)
        column.setSpacing(3 * GRID)
        column.addWidget(self.head)
        column.addWidget(self.tools)
        column.addWidget(self._places, 1_000)
        foot = QHBoxLayout()
        foot.setSpacing(3 * GRID)
        foot.addWidget(self.known, 1)
        foot.addWidget(self.suspected, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(foot)
        column.addStretch(1)
        self._connect()

    def _connect(self) -> None:
        self.model.relaid.connect(self._on_relaid)
        self.model.counted.connect(self._on_counted)
        self.head.network_chosen.connect(self._on_network_chosen)
        self.head.account_chosen.connect(self._on_account_chosen)
        self.head.export_wanted.connect(self._on_export_wanted)
        self.tools.searched.connect(self._on_searched)
        self.tools.grouped.connect(self._on_grouped)
        self.table.chosen.connect(self._on_chosen)
        self.table.opened.connect(self.open_details)
        self.table.wanted.connect(self._on_wanted)
        self.pane.closed.connect(self.close_details)
        self.pane.wanted.connect(self._on_deed_wanted)
        self.pane.note_wanted.connect(self._on_note_wanted)
        self.pane.explorer_wanted.connect(self.actions_of_payments.open_explorer)
        self.pane.token_wanted.connect(self._on_token_wanted)
        self.actions_of_payments.review_wanted.connect(self._on_review_wanted)

    # From the window

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self.actions_of_payments.attach(session)
        self.pane.ahead_of = session.settling.ahead_of
        self.model.attach(
            session.transfers, session.incoming.all, session.accounts, session.catalogue, session.found_tokens
        )
        self.listen(session.subscribe(self._on_change))

    @override
    def detach(self) -> None:
        super().detach()
        self.close_details()
        self.actions_of_payments.attach(None)
        self._receiving.forget()
        self.pane.ahead_of = lambda _: None
        self.model.detach()
        self.model.show(ActivityView())
        self.tools.search.clear()
        self.tools.groups.set_value(Group.ALL.value)
        self.head.clear()
        self.known.set_text("")

    @override
    def shown(self) -> None:
        super().shown()
        self._show_choices()
        self._renew()

    @override
    def tick(self) -> None:
        self.model.tick(*self.table.visible_lines())
        self.pane.renew()
        self.known.set_text(self._known_text())

    @override
    def refresh(self) -> None:
        """Ask the networks at once for everything that is not final."""
        self.actions_of_payments.look()

    @override
    def take_up(self, what: object) -> None:
        """Show what another page asks for: everything that is known of a transfer, by its id."""
        if isinstance(what, str):
            self.model.flush()
            self.open_details(TransferId(what))

    def open_details(self, key: ActivityKey) -> None:
        """Show everything that is known of a row."""
        self._opened = key
        self._show(pinned=key)
        self.table.select(key)
        self.pane.show_row(self.model.row_of(key))
        self.shell.show_details()

    def close_details(self) -> None:
        """Put the details away."""
        if self._opened is None:
            return
        self._opened = None
        self.shell.hide_details()
        self.pane.show_row(None)
        self._show(pinned=None)
        self.table.setFocus()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._opened is not None:
            self.close_details()
        else:
            super().keyPressEvent(event)

    # Within

    def _show(self, **change: object) -> None:
        self.model.show(replace(self.model.rows.view, **change))  # type: ignore[arg-type]
        self._settle()

    def _renew(self) -> None:
        """Show anew what is said about the whole."""
        rows = self.model.rows
        waiting, in_doubt = rows.count(Group.WAITING), rows.in_doubt
        self.head.line.set_text(
            counts_text(rows.total, waiting, in_doubt, lambda count: count_text(count, "entry", "entries"))
        )
        self.known.set_text(self._known_text())
        self._settle()

    def _known_text(self) -> str:
        session, chosen = self.session, self.model.rows.view.network
        if session is None:
            return ""
        networks = [network for network in session.catalogue.networks() if chosen in (None, network.id)]
        known = [
            KnownNetwork(network.name, height, by_logs=session.discovery.follows_logs(network.id))
            for network in networks
            if (height := session.incoming.known_from(network.id)) is not None
        ]
        return known_text(known)

    def _settle(self) -> None:
        """Show the table, or why there is nothing in it."""
        rows = self.model.rows
        place: QWidget = self.table
        if not rows.lines:
            place = self._no_match if rows.total else self._empty
        if place is self._no_match:
            self._no_match.set_words("Nothing found", _no_match_text(rows.view, rows.total))
        self._places.setCurrentWidget(place)
        # The table ends with its last line, so that nobody looks for more below it.
        self._places.setMaximumHeight(self.table.content_height if place is self.table else _TALLEST)
        self.tools.setVisible(bool(rows.total))
        count = len(rows.hidden)
        self.suspected.setVisible(bool(count))
        self.suspected.set_text(f"Hide suspicious ({count:,})" if rows.view.hidden else f"Show hidden ({count:,})")
        self.head.settle(any_there=bool(rows.total), any_shown=bool(rows.lines))

    def _show_choices(self) -> None:
        session = self.session
        if session is None or self.opened is None:  # thousands of accounts are a long list: once somebody looks
            return
        view = self.model.rows.view
        names = self.model.rows.names
        networks = [(network.name, network.id) for network in session.catalogue.networks()]
        accounts = [
            (names.account(account.address), account.address)
            for account in session.accounts.accounts()
            if names is not None and not account.hidden
        ]
        # A choice that is gone would filter by what nobody sees.
        gone = {
            "network": view.network not in {known for _, known in networks},
            "account": view.account not in {known for _, known in accounts},
        }
        self._show(**{name: None for name, is_gone in gone.items() if is_gone})
        self.head.show_networks(networks, self.model.rows.view.network)
        self.head.show_accounts(accounts, self.model.rows.view.account)
        self._settle()

    def _on_change(self, change: ChangeSet) -> None:
        self.model.take(change)
        names = self.model.rows.names
        if change.came and names is not None:
            # On every page: this one hears of it though it is not shown.
            self._receiving.tell(names, change.came, in_sight=self.isVisible())

    def _on_relaid(self) -> None:
        self._settle()

    def _on_counted(self) -> None:
        self._renew()
        self._show_choices()
        if self._opened is not None:
            opened = self.model.row_of(self._opened)
            if opened is None:
                self.close_details()
            else:
                self.pane.show_row(opened)

    def _on_network_chosen(self, network: NetworkId | None) -> None:
        self._show(network=network)
        self.known.set_text(self._known_text())

    def _on_suspected_clicked(self) -> None:
        self._show(hidden=not self.model.rows.view.hidden)
        self._renew()

    def _on_token_wanted(self, take: bool, asset: AssetId) -> None:
        self.actions_of_payments.decide(asset, take=take)

    def _on_account_chosen(self, account: Address | None) -> None:
        self._show(account=account)

    def _on_searched(self, text: str) -> None:
        self._show(search=text)

    def _on_grouped(self, group: Group) -> None:
        self._show(group=group)

    def _on_clear_clicked(self) -> None:
        self.tools.search.clear()
        self.tools.groups.set_value(Group.ALL.value)
        self._show(group=Group.ALL, network=None, account=None, search="")
        self._show_choices()
        self.tools.search.setFocus()

    def _on_export_wanted(self) -> None:
        names = self.model.rows.names
        if names is not None:
            self.actions_of_payments.export(self.model.rows.entries(), names)

    def _on_chosen(self, key: ActivityKey | None) -> None:
        if key is not None and self._opened is not None and self.pane.isVisible():
            self.open_details(key)

    def _on_wanted(self, action: str, key: ActivityKey) -> None:
        row = self.model.row_of(key)
        if row is None:
            return
        if action == COPY_ROW:
            self.shell.copy(copied_text(row, self.shell.clock.now()), "Line")
        elif action == COPY_ADDRESS:
            self.shell.copy(display_address(address_of(row)), "Address")
        elif action == COPY_ID and isinstance(row, SentRow):
            self.shell.copy(row.transfer.transaction, "Transaction id")

    def _on_deed_wanted(self, deed: Deed, row: SentRow) -> None:
        self.actions_of_payments.do(deed, row)

    def _on_note_wanted(self, row: SentRow) -> None:
        self.actions_of_payments.edit_note(row.transfer)

    def _on_review_wanted(self, draft: object, speed: object) -> None:
        self.asked.emit("send", (draft, speed))


def _no_match_text(view: ActivityView, total: int) -> str:
    words = view.search.strip()
    entries = count_text(total, "entry", "entries")
    if words:
        return f"None of {entries} matches “{words}” with the filters that are set."
    return f"None of {entries} matches the filters that are set."
