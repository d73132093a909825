"""The Balances page: every balance with its badge, honest totals, and where each number comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.amounts import plain_text
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.models.balance_claims import Claims, claims_on
from desktop_wallet.ui.models.balance_snapshot import KINDS
from desktop_wallet.ui.models.balance_view import BalanceView, Grouping, Order
from desktop_wallet.ui.models.balances_model import BalancesModel
from desktop_wallet.ui.pages.balances_head import BalancesActivity, BalancesHead, BalancesTools
from desktop_wallet.ui.pages.balances_reads import BalanceReads
from desktop_wallet.ui.pages.balances_table import COPY_ADDRESS, COPY_AMOUNT, FORGET, REFRESH, SEND, BalancesTable
from desktop_wallet.ui.pages.balances_words import all_shown_text, zeros_hidden_text
from desktop_wallet.ui.pages.details import DetailsPane
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.notice import NoticeKind

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.balance_snapshot import BalanceRow, BalanceSnapshot
    from desktop_wallet.ui.pages.page import Shell

_TABLE = "table"
_TALLEST = 16_777_215
"""Qt's word for no limit (QWIDGETSIZE_MAX)."""
_DUE = frozenset(code for code, kind in enumerate(KINDS) if kind.value in ("stale", "unavailable"))


class BalancesPage(Page):
    """Shows all balances of the session. It never fetches by itself: it shows snapshots and tells what is wanted."""

    name: ClassVar[str] = "balances"
    title: ClassVar[str] = "Balances"
    icon: ClassVar[str] = "wallet"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.model = BalancesModel(shell.clock, self)
        self.head = BalancesHead(self.theme)
        self.activity = BalancesActivity(self.theme)
        self.tools = BalancesTools(self.theme)
        self.table = BalancesTable(self.theme, self.model, shell.clock)
        self.reads = BalanceReads(shell, self.tasks, self.activity, self)
        self.details = self.pane = DetailsPane(shell)
        self.search_field = self.tools.search
        self._opened_key: BalanceKey | None = None
        self._visited = False
        self._places = QStackedWidget()
        self._states = self._empty_states()
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE_MARGIN, PAGE_MARGIN - GRID, PAGE_MARGIN, PAGE_MARGIN)
        column.setSpacing(3 * GRID)
        column.addWidget(self.head)
        column.addWidget(self.activity)
        column.addWidget(self.tools)
        column.addWidget(self._places, 1_000)
        column.addStretch(1)
        self._connect()

    def _empty_states(self) -> dict[str, QWidget]:
        def _made(icon: str, title: str, text: str, action: str, where: object) -> EmptyState:
            return EmptyState(self.theme, icon, title, text, (action, where))  # type: ignore[arg-type]

        states: dict[str, QWidget] = {
            _TABLE: self.table,
            "accounts": _made(
                "wallet-cards",
                "No accounts yet",
                "Create a wallet, import one, or watch an address. Its balances then stand here.",
                "Add a wallet",
                self.shell.add_wallet,
            ),
            "hidden": _made(
                "eye-off",
                "Every account is hidden",
                "Hidden accounts are neither read nor shown. Show one again on the Accounts page.",
                "Open Accounts",
                lambda: self.shell.open_page("accounts"),
            ),
            "networks": _made(
                "globe",
                "No networks chosen",
                "No server is asked for anything before you choose which networks the wallet reads, and from whom.",
                "Choose networks",
                lambda: self.shell.open_page("settings"),
            ),
            "match": _made("search", "Nothing found", "", "Clear the search", self._on_clear_clicked),
            "stale": _made(
                "check",
                "Nothing is stale",
                "Every balance that is known is within its time.",
                "Show the others",
                lambda: self.tools.stale.setChecked(False),
            ),
            "zero": _made(
                "wallet",
                "All balances are zero",
                "Every account was read on every network, and nothing is there yet.",
                "Show All Balances",
                lambda: self.head.show_all.setChecked(True),
            ),
        }
        for state in states.values():
            self._places.addWidget(state)
        return states

    def _connect(self) -> None:
        self.model.relaid.connect(self._on_relaid)
        self.model.values_changed.connect(self._on_values_changed)
        self.head.zeros_toggled.connect(self._on_zeros_toggled)
        self.head.preload_wanted.connect(self.reads.preload)
        self.head.refresh_wanted.connect(self.refresh)
        self.head.clear_wanted.connect(self.reads.clear_cache)
        self.head.fold_wanted.connect(self.model.fold_all)
        self.head.totals.more_wanted.connect(lambda: self._group(Grouping.ASSET))
        self.tools.searched.connect(self._on_searched)
        self.tools.grouped.connect(self._group)
        self.tools.stale_toggled.connect(self._on_stale_toggled)
        self.table.chosen.connect(self._on_chosen)
        self.table.opened.connect(self.open_details)
        self.table.wanted.connect(self._on_wanted)
        self.table.ordered.connect(self._on_ordered)
        self.table.waiting_on = self._waiting_on
        self.model.in_sight = self.table.visible_lines
        self.pane.activity_wanted.connect(self._on_activity_wanted)
        self.pane.closed.connect(self.close_details)
        self.pane.refresh_wanted.connect(self.reads.refresh_one)
        self.pane.forget_wanted.connect(self.reads.forget)
        self.pane.send_wanted.connect(self._on_send_wanted)

    # From the window

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self.reads.attach(session)
        self.pane.attach(session)
        self.model.attach(session.accounts, session.catalogue, session.balances, session.prices)
        self.listen(session.subscribe(self._on_change))

    @override
    def detach(self) -> None:
        super().detach()
        self.close_details()
        self._visited = False
        self.reads.attach(None)
        self.pane.attach(None)
        self.model.detach()
        self.tools.search.clear()
        for button in (self.tools.stale, self.head.show_all):
            button.blockSignals(True)
            button.setChecked(False)
            button.blockSignals(False)
        self.tools.grouping.set_value(Grouping.WALLET.value)
        self.model.show(BalanceView())

    @override
    def shown(self) -> None:
        super().shown()
        self.model.open(self.opened)
        self.pane.open(self.opened)
        self.reads.show_activity()
        self._use_prices()
        self._settle()
        if self._visited:
            self._preload_if_due()
        # The first visit follows the unlock, which preloads by itself.
        self._visited = True
        session = self.session
        if session is not None and session.catalogue.chosen and not session.settings.now.preload:
            self.reads.read(self.model.rows.shown_keys())

    @override
    def hidden(self) -> None:
        super().hidden()
        self.model.open(None)
        self.pane.open(None)

    @override
    def tick(self) -> None:
        self._use_prices()
        self.model.tick(*self.table.visible_lines())
        self.pane.renew()
        self.reads.show_activity()
        self._settle()

    @override
    def refresh(self) -> None:
        """Read anew what the page shows; without a search or filter that is everything, hidden zeros too."""
        if self.session is not None and not self.reads.refreshing:
            narrowed = self.model.rows.view.narrowed
            keys = self.model.rows.shown_keys() if narrowed else self.session.balances.keys()
            self.reads.refresh(keys or self.session.balances.keys())
            self.session.prices.refresh()
            self._settle()

    @override
    def on_screen(self) -> tuple[BalanceKey, ...]:
        opened = self._opened_key
        return self.table.visible_keys() + (() if opened is None else (opened,))

    def open_details(self, key: BalanceKey) -> None:
        """Show where a balance's number comes from."""
        self._opened_key = key
        self._show(pinned=key)
        self.table.select(key)
        self.pane.show_balance(self._row(key))
        self.shell.show_details()

    def close_details(self) -> None:
        """Put the details away."""
        if self._opened_key is None:
            return
        self._opened_key = None
        self.shell.hide_details()
        self.pane.show_balance(None)
        self._show(pinned=None)
        self.table.setFocus()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._opened_key is not None:
            self.close_details()
        else:
            super().keyPressEvent(event)

    # Within

    def _row(self, key: BalanceKey) -> BalanceRow | None:
        snapshot = self.model.rows.snapshot
        row = None if snapshot is None else snapshot.row_of(key)
        return None if snapshot is None or row is None else snapshot.row(row)

    def _use_prices(self) -> None:
        """Tell that values are looked at; who is asked for prices then, and how often, is the service's affair."""
        if self.session is not None and not self.window().isMinimized():
            self.session.prices.use()

    def _preload_if_due(self) -> None:
        session, snapshot = self.session, self.model.rows.snapshot
        if session is None or snapshot is None or self.reads.preloading:
            return
        wanted = session.settings.now.preload and session.catalogue.chosen
        if wanted and any(code in _DUE for code in snapshot.kinds):
            self.reads.preload(quiet=True)

    def _show(self, **change: object) -> None:
        self.model.show(replace(self.model.rows.view, **change))  # type: ignore[arg-type]
        self._settle()

    def _settle(self) -> None:
        """Show the table, or why there is nothing in it, and which buttons may be pressed."""
        self.head.set_busy(refreshing=self.reads.refreshing, preloading=self.reads.preloading)
        place = self._place()
        if place == "match":
            words = self.model.rows.view.search.strip()
            state = self._states[place]
            if isinstance(state, EmptyState):
                state.set_words("Nothing found", f"No asset, wallet, account, network or address matches “{words}”.")
        self._places.setCurrentWidget(self._states[place])
        # The table ends with its last line, so that nobody looks for more below it.
        self._places.setMaximumHeight(self.table.content_height if place == _TABLE else _TALLEST)
        any_there = place not in ("accounts", "hidden", "networks")
        self.tools.setVisible(any_there)
        self.head.totals.setVisible(any_there)
        for button in (self.head.show_all, self.head.preload, self.head.refresh, self.head.more):
            button.setVisible(any_there)

    def _place(self) -> str:
        session, view = self.session, self.model.rows.view
        if self.model.rows.lines or session is None:
            return _TABLE
        accounts = session.accounts.accounts()
        if all(account.hidden for account in accounts):
            return "hidden" if accounts else "accounts"
        if not session.catalogue.networks():
            return "networks"
        if view.search.strip():
            return "match"
        if view.stale_only:
            return "stale"
        return "zero"

    def _zeros(self) -> int:
        """Return how many balances show only with all others: those that are zero, and not about to change."""
        snapshot = self.model.rows.snapshot
        if snapshot is None:
            return 0
        return snapshot.amounts.count(0) - sum(snapshot.amounts[row] == 0 for row in snapshot.expected)

    def _waiting_on(self, key: BalanceKey) -> int:
        if self.session is None:
            return 0
        return len(claims_on(key, None, self.session.transfers.touching(key)).waiting)

    def _group(self, grouping: Grouping) -> None:
        self.tools.grouping.set_value(grouping.value)
        self._show(grouping=grouping)

    def _on_change(self, change: ChangeSet) -> None:
        self.model.take(change)
        if change.balances:
            self.reads.take(change.balances)
        if change.activity:
            self.reads.show_activity()
            self.head.set_busy(refreshing=self.reads.refreshing, preloading=self.reads.preloading)

    def _on_relaid(self) -> None:
        self._settle()

    def _on_values_changed(self) -> None:
        snapshot = self.model.rows.snapshot
        if snapshot is None:
            self.head.show_whole(None)
            return
        known = snapshot.totals.families()
        families = [family for family in known if snapshot.totals.counts(family)] or list(known)
        shown = families[: self.head.totals.room]
        totals = [(family, snapshot.family_total(family)) for family in shown]
        self.head.totals.show_totals(totals, len(families) - len(shown))
        self.table.settle_values()
        if snapshot.worths is None and self.model.rows.view.order is Order.VALUE:
            self._on_ordered(Order.NATURAL, descending=False)
        self._show_whole(snapshot)
        if self._opened_key is not None:
            opened = self._row(self._opened_key)
            if opened is None:
                self.close_details()
            else:
                self.pane.show_balance(opened)

    def _show_whole(self, snapshot: BalanceSnapshot) -> None:
        prices = None if self.session is None else self.session.prices
        failed = None if prices is None else prices.failure
        trouble = "" if failed is None else error_text(failed).sentence
        playing = prices is not None and prices.playing
        self.head.show_whole(snapshot.whole(), snapshot.money(), playing=playing, trouble=trouble)

    def _on_zeros_toggled(self, checked: bool) -> None:
        total = 0 if self.model.rows.snapshot is None else len(self.model.rows.snapshot.keys)
        if checked:
            self.tools.search.clear()
            self.tools.stale.setChecked(False)
            self._show(zeros=True, search="", stale_only=False)
            self.shell.notify(all_shown_text(total, self._zeros()), key="balances")
        else:
            self._show(zeros=False)
            self.shell.notify(zeros_hidden_text(self._zeros()), key="balances")

    def _on_searched(self, text: str) -> None:
        self._show(search=text)

    def _on_clear_clicked(self) -> None:
        self.tools.search.clear()
        self._show(search="")
        self.tools.search.setFocus()

    def _on_stale_toggled(self, checked: bool) -> None:
        self._show(stale_only=checked)

    def _on_ordered(self, order: Order, descending: bool) -> None:
        self._show(order=order, descending=descending)
        self.table.show_order(order, descending=descending)

    def _on_chosen(self, key: BalanceKey | None) -> None:
        if key is not None and self._opened_key is not None and self.pane.isVisible():
            self.open_details(key)

    def _on_wanted(self, action: str, key: BalanceKey) -> None:
        row = self._row(key)
        if row is None:
            return
        if action == COPY_AMOUNT and row.amount is not None:
            self.shell.copy(plain_text(row.amount), "Amount")
        elif action == COPY_AMOUNT:
            self.shell.notify("There is no amount to copy: this balance is unknown.", kind=NoticeKind.WARNING)
        elif action == COPY_ADDRESS:
            self.shell.copy(display_address(key.address), "Address")
        elif action == REFRESH:
            self.reads.refresh_one(row)
        elif action == FORGET:
            self.reads.forget(row)
        elif action == SEND:
            self._on_send_wanted(row)

    def _on_activity_wanted(self, claims: Claims) -> None:
        if len(claims.waiting) == 1:
            self.asked.emit("activity", claims.waiting[0])
        else:
            self.shell.open_page("activity")

    def _on_send_wanted(self, row: BalanceRow) -> None:
        self.asked.emit("send", row.key)
