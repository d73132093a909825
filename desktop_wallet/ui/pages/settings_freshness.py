"""Freshness: how long a number serves each purpose, everywhere or on one network, and what is read by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QHBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.freshness import TTL_S, Purpose
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.services.settings import TTL_VARIABLE
from desktop_wallet.ui.dialogs import confirm
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import GRID, Theme, Token
from desktop_wallet.ui.widgets.buttons import LinkButton, SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, FormRow, Switch, TextField
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text, left_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QFocusEvent

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

    Overrides = Mapping[tuple[Purpose, NetworkId | None], float]

PURPOSE_WORDS = {
    Purpose.DISPLAY: ("On screen", "Balances that you look at. Older ones show as Stale and are read again."),
    Purpose.SPEND: ("Before a payment", "What a send, a stake or a sweep may rest on. Keep it short."),
    Purpose.QUOTE: ("For a price quote", "What a sell quote may rest on."),
    Purpose.BACKGROUND: ("Not on screen", "Accounts that are not in view."),
    Purpose.IDLE_VAULT: ("Idle vaults", "Shared vaults that nobody uses at the moment."),
    Purpose.LISTS: ("Lists and prices", "Token lists, the search for accounts, prices."),
    Purpose.PAYMENT_ACCOUNT: ("Payment accounts", "Accounts that take payments."),
    Purpose.PROFILE_METADATA: ("Names and pictures", "What others tell about an account."),
    Purpose.PAYMENT_RESULT: ("Payment results", "Whether a payment has arrived."),
}
_LONGEST_S = 86_400
_RAISED = (Purpose.DISPLAY, Purpose.BACKGROUND)


class SecondsField(TextField):
    """A whole number of seconds. `kept` carries what a person chose once they are done typing."""

    kept = Signal(int)

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, f"{name}, in seconds", parent=parent)
        self._known = 0
        self.setValidator(QIntValidator(1, _LONGEST_S, self))
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFixedWidth(80)
        self.editingFinished.connect(self._on_editing_finished)

    def show_seconds(self, seconds: float) -> None:
        """Show this number; it is what the person sees as kept."""
        self._known = round(seconds)
        self.setText(str(self._known))

    def _on_editing_finished(self) -> None:
        if int(self.text()) != self._known:
            self._known = int(self.text())
            self.kept.emit(self._known)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        if not self.hasAcceptableInput():
            self.show_seconds(self._known)
        super().focusOutEvent(event)


class PurposeRow(QWidget):
    """One purpose: its limit, and the way back to what holds without an override."""

    changed = Signal(object, int)
    reset = Signal(object)

    def __init__(self, theme: Theme, purpose: Purpose, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._purpose = purpose
        words, self._sentence = PURPOSE_WORDS[purpose]
        self.field = SecondsField(theme, words)
        self.field.kept.connect(lambda seconds: self.changed.emit(purpose, seconds))
        self.back = LinkButton(theme, "Reset", on_click=lambda: self.reset.emit(purpose))
        self.back.setAccessibleName(f"Reset: {words}")
        policy = self.back.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(policy)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.back)
        row.addWidget(self.field)
        row.addWidget(Text(theme, "s", token=Token.MUTED))
        self._form = FormRow(theme, words, both, self._sentence, side=True)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._form)

    def show_limit(self, seconds: float, usual_s: float, *, overridden: bool, note: str) -> None:
        """Show the limit in force, what would hold without the override, and a note on it."""
        self.field.show_seconds(seconds)
        self.back.setVisible(overridden)
        parts = [self._sentence, f"Without a change of yours: {left_text(usual_s)}." if overridden else "", note]
        self._form.set_hint(" ".join(part for part in parts if part))
        self.field.setAccessibleDescription(self.hint)

    @property
    def hint(self) -> str:
        """Return what is said below the name."""
        return self._form.field.accessibleDescription()


class FreshnessSection(Section):
    """The table of limits with a person's overrides, and the preload."""

    key: ClassVar[str] = "freshness"
    title: ClassVar[str] = "Freshness"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        theme = self.theme
        card = self.add_card(
            "Preload",
            "After an unlock every account is read on every network that is on, behind the window, the one used last "
            "first. Without it a balance is read when you look at it.",
        )
        self.preload = Switch(theme, "Read all balances after unlocking")
        self.preload.clicked.connect(self._on_preload_clicked)
        card.body.addWidget(self.preload)
        card = self.add_card(
            "Keeping fresh",
            "A balance that you look at is read again when its time is up, and with each new block where the server "
            "tells of new blocks; accounts that are not in view, when their longer time is up. Hidden or minimised, "
            "the window asks as seldom as for those. A locked wallet asks for nothing.",
        )
        self.keep_fresh = Switch(theme, "Keep what is on screen fresh")
        self.keep_fresh.clicked.connect(self._on_keep_fresh_clicked)
        card.body.addWidget(self.keep_fresh)
        card = self.add_card(
            "How long a number serves",
            "Counted from the moment it was asked for. Then it shows as Stale and is asked for again: nothing is "
            "deleted by it. Shorter times ask servers more often.",
        )
        self.network = Choice(theme, "Networks that the times hold for")
        self.network.currentIndexChanged.connect(self._on_network_changed)
        card.body.addWidget(FormRow(theme, "For", self.network, side=True))
        self.rows: dict[Purpose, PurposeRow] = {}
        for purpose in Purpose:
            row = self.rows[purpose] = PurposeRow(theme, purpose)
            row.changed.connect(self._on_row_changed)
            row.reset.connect(self._on_row_reset)
            card.body.addWidget(row)
        self.reset_all = SecondaryButton(theme, "Reset all times", on_click=self._on_reset_all_clicked)
        card.body.addWidget(self.reset_all, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

    @override
    def detach(self) -> None:
        super().detach()
        self._fill_networks(())

    @override
    def show_now(self) -> None:
        if self.session is None:
            return
        self.preload.setChecked(self.session.settings.now.preload)
        self.keep_fresh.setChecked(self.session.settings.now.keep_fresh)
        self._fill_networks([(n.name, n.id) for n in self.session.catalogue.networks()])
        self._show_rows()

    @override
    def on_change(self, change: ChangeSet) -> None:
        if change.catalogue and self.isVisible():
            self.show_now()

    @property
    def _chosen(self) -> NetworkId | None:
        found = self.network.currentData()
        return found if isinstance(found, NetworkId) else None

    def _fill_networks(self, networks: list[tuple[str, NetworkId]] | tuple[()]) -> None:
        chosen = self._chosen
        self.network.blockSignals(True)
        self.network.clear()
        self.network.addItem("All networks", None)
        for name, network in networks:
            self.network.addItem(name, network)
        self.network.setCurrentIndex(next((i for i, (_, n) in enumerate(networks, 1) if n == chosen), 0))
        self.network.blockSignals(False)

    def _show_rows(self) -> None:
        session, chosen = self.session, self._chosen
        if session is None:
            return
        mine, in_force = session.settings.now.ttl_s, session.settings.policy().overrides
        for purpose, row in self.rows.items():
            usual_s = TTL_S[purpose] if chosen is None else mine.get((purpose, None), TTL_S[purpose])
            own_s = mine.get((purpose, chosen))
            shown_s = usual_s if own_s is None else own_s
            row.show_limit(
                shown_s, usual_s, overridden=own_s is not None, note=self._note(purpose, shown_s, mine, in_force)
            )
        self.reset_all.setEnabled(bool(mine))

    def _note(self, purpose: Purpose, shown_s: float, mine: Overrides, in_force: Overrides) -> str:
        session, chosen = self.session, self._chosen
        notes = []
        if in_force.get((purpose, chosen)) != mine.get((purpose, chosen)):
            forced_s = in_force.get((purpose, chosen), shown_s)
            notes.append(f"{TTL_VARIABLE} sets {left_text(forced_s)} for this run.")
        if session is not None and chosen is not None and purpose in _RAISED:
            block_time_s = session.catalogue.network(chosen).block_time_s
            if shown_s < block_time_s:
                notes.append(f"Raised to {left_text(max(block_time_s, 1))}, the time between two blocks.")
        if purpose is Purpose.SPEND and shown_s > TTL_S[purpose]:
            notes.append("Longer than usual: a payment may rest on an older balance.")
        return " ".join(notes)

    def _on_network_changed(self) -> None:
        self._show_rows()

    def _on_preload_clicked(self, on: bool) -> None:
        self.tasks.start(self._keep_preload(on=on))

    def _on_keep_fresh_clicked(self, on: bool) -> None:
        self.tasks.start(self._keep_keeping_fresh(on=on))

    def _on_row_changed(self, purpose: Purpose, seconds: int) -> None:
        self.tasks.start(self._keep(purpose, self._chosen, float(seconds)))

    def _on_row_reset(self, purpose: Purpose) -> None:
        self.tasks.start(self._keep(purpose, self._chosen, None))

    def _on_reset_all_clicked(self) -> None:
        self.tasks.start(self._reset_all(), key="dialog")

    async def _keep_preload(self, *, on: bool) -> None:
        if self.session is None:
            return
        await self.session.settings.change(preload=on)
        self.done("All balances are read after an unlock." if on else "Balances are read when you look at them.")

    async def _keep_keeping_fresh(self, *, on: bool) -> None:
        session = self.session
        if session is None:
            return
        await session.settings.change(keep_fresh=on)
        session.refresher.apply_settings()
        self.done("What you look at is kept fresh." if on else "Balances are read again only when you ask for it.")

    async def _keep(self, purpose: Purpose, network: NetworkId | None, seconds: float | None) -> None:
        session = self.session
        if session is None:
            return
        overrides = dict(session.settings.now.ttl_s)
        overrides.pop((purpose, network), None)
        if seconds is not None:
            overrides[purpose, network] = seconds
        await session.settings.change(ttl_s=overrides)
        session.refresher.apply_settings()
        where = "everywhere" if network is None else f"on {session.catalogue.network(network).name}"
        words = PURPOSE_WORDS[purpose][0]
        said = "as usual again" if seconds is None else left_text(seconds)
        self.done(f"{words}, {where}: {said}.")
        self._show_rows()

    async def _reset_all(self) -> None:
        session = self.session
        if session is None:
            return
        count = count_text(len(session.settings.now.ttl_s), "time")
        text = f"{count} that you changed, for all networks or for one, go back to what the program comes with."
        if await confirm(self, self.theme, "Reset all times?", text, action="Reset"):
            await session.settings.change(ttl_s={})
            session.refresher.apply_settings()
            self.done("All times are as usual again.")
            self._show_rows()
