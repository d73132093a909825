"""The Diagnostics page: how the wallet itself does, in live figures; it asks no server."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.dialogs import confirm
from desktop_wallet.ui.models.diagnostics_report import Report, report_json, report_text
from desktop_wallet.ui.models.diagnostics_words import headline
from desktop_wallet.ui.pages.accounts_scroll import GUTTER
from desktop_wallet.ui.pages.diagnostics_overview import Overview
from desktop_wallet.ui.pages.diagnostics_parts import EventsPart, KeptPart, ServersPart
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.pages.settings_about import version
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import SegmentedControl
from desktop_wallet.ui.widgets.notice import NoticeKind
from desktop_wallet.ui.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.diagnostics import Diagnosis
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.diagnostics_kept import KeptView
    from desktop_wallet.ui.pages.page import Shell

_Part = TypeVar("_Part", bound=QWidget)
OVERVIEW, SERVERS, KEPT, EVENTS = "overview", "servers", "kept", "events"
PARTS = ((OVERVIEW, "Overview"), (SERVERS, "Servers"), (KEPT, "Kept balances"), (EVENTS, "Events"))
_KEY = "diagnostics"
_RESET = "Every figure begins at 0 again, for later runs too. Balances that are kept stay, and so does everything else."
_CLEAR = (
    "Every known balance is forgotten and shows as Unavailable until it is read again. Wallets, accounts, names and "
    "settings stay, and no coin moves."
)


class DiagnosticsPage(Page):
    """Shows one part; what it shows is looked at once a second, and dropped at the lock."""

    name: ClassVar[str] = "diagnostics"
    title: ClassVar[str] = "Diagnostics"
    icon: ClassVar[str] = "gauge"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        theme = self.theme
        self.found: Diagnosis | None = None
        self.headline = ElidedText(theme, self.title, TextStyle.TITLE)
        self.sentence = ElidedText(theme, "", token=Token.MUTED)
        self.copy_text = SecondaryButton(theme, "Copy report", "copy", self._on_copy_text)
        self.copy_json = SecondaryButton(theme, "Copy as JSON", "copy", self._on_copy_json)
        self.part = SegmentedControl(theme, PARTS, "Part")
        self.part.changed.connect(self.open_part)
        self._made: dict[str, QWidget] = {}
        self._names: dict[str, str] = {}
        """Of networks, by their ids; empty until one is asked for."""
        self._stack = QStackedWidget()
        self._relisted = True
        """Whether the kept balances have changed since they were listed."""
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE_MARGIN, PAGE_MARGIN, PAGE_MARGIN - GUTTER, 0)
        column.setSpacing(3 * GRID)
        column.addLayout(self._head())
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, GUTTER, 0)
        below.addWidget(self.sentence)
        column.addLayout(below)
        column.addWidget(self.part)
        column.addWidget(self._stack, 1)

    def _head(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(Text(self.theme, self.title, TextStyle.BODY, Token.MUTED))
        words.addWidget(self.headline)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * GRID)
        buttons.addWidget(self.copy_text)
        buttons.addWidget(self.copy_json)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, GUTTER, 0)
        head.setSpacing(4 * GRID)
        head.addLayout(words, 1)
        head.addLayout(buttons)
        return head

    # The parts: each is built when it is first asked for, so that a start does not wait

    @property
    def overview(self) -> Overview:
        """Return the part with the figures."""
        made = self._made.get(OVERVIEW)
        if isinstance(made, Overview):
            return made
        return self._add(OVERVIEW, Overview(self.theme, self._on_preload, self._on_clear, self._on_reset))

    @property
    def servers(self) -> ServersPart:
        """Return the part with the servers."""
        made = self._made.get(SERVERS)
        return made if isinstance(made, ServersPart) else self._add(SERVERS, ServersPart(self.shell))

    @property
    def kept(self) -> KeptPart:
        """Return the part with the kept balances."""
        made = self._made.get(KEPT)
        if isinstance(made, KeptPart):
            return made
        new = self._add(KEPT, KeptPart(self.shell))
        new.model.attach(self.session)
        new.model.opened = self.opened
        new.view_wanted.connect(self._on_view_wanted)
        return new

    @property
    def events(self) -> EventsPart:
        """Return the part with the events."""
        made = self._made.get(EVENTS)
        if isinstance(made, EventsPart):
            return made
        new = self._add(EVENTS, EventsPart(self.shell))
        new.model.name_networks(self._network_name)
        return new

    def _add(self, key: str, part: _Part) -> _Part:
        self._made[key] = part
        self._stack.addWidget(part)
        return part

    # From the window

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        if KEPT in self._made:
            self.kept.model.attach(session)
        self.listen(session.subscribe(self._on_change))

    @override
    def detach(self) -> None:
        super().detach()
        self.found = None
        self._names = {}
        self.headline.set_text(self.title)
        self.sentence.set_text("")
        for part in self._made.values():
            if isinstance(part, Overview):
                part.show_diagnosis(None)
            elif isinstance(part, ServersPart | KeptPart | EventsPart):
                part.forget()
        self.part.set_value(OVERVIEW)

    @override
    def shown(self) -> None:
        super().shown()
        if KEPT in self._made:
            self.kept.model.opened = self.opened
        self._relisted = True
        self.open_part(self.part.value)

    @override
    def hidden(self) -> None:
        super().hidden()
        if KEPT in self._made:
            self.kept.model.opened = None

    @override
    def tick(self) -> None:
        self.refresh()

    @override
    def refresh(self) -> None:
        """Look again at what is shown."""
        session = self.session
        if session is None or self.opened is None:
            return
        self.tasks.start(self._look(session), key="look")
        if self.part.value == KEPT:
            self.kept.tick()
            if self._relisted:
                self._list_kept()
        elif self.part.value == EVENTS:
            self.events.show_events(session.events.all())

    def open_part(self, key: str) -> None:
        """Show that part."""
        self.part.set_value(key)
        shown: QWidget
        if key == SERVERS:
            shown = self.servers
        elif key == KEPT:
            shown = self.kept
        else:
            shown = self.events if key == EVENTS else self.overview
        self._stack.setCurrentWidget(shown)
        self.search_field = shown.search if isinstance(shown, KeptPart | EventsPart) else None
        self.refresh()

    # Within

    async def _look(self, session: Session) -> None:
        found = await session.diagnostics.diagnose()
        if session is not self.session:
            return
        self.found = found
        title, sentence, well = headline(found)
        self.headline.set_text(title)
        self.headline.set_token(Token.TEXT if well else Token.STALE)
        self.sentence.set_text(sentence)
        if self.part.value == OVERVIEW:
            self.overview.show_diagnosis(found)
        elif self.part.value == SERVERS:
            self.servers.show_servers(found.servers)

    def _list_kept(self) -> None:
        session = self.session
        if session is not None and self.tasks.start(self._relist(session), key="kept"):
            self._relisted = False

    async def _relist(self, session: Session) -> None:
        await self.kept.model.relist(session.diagnostics.slicer)
        self.kept.show_counts()

    def _on_view_wanted(self, view: KeptView) -> None:
        self.kept.model.view = view
        # What is being listed is the view before.
        self.tasks.cancel("kept")
        self._relisted = True
        self.tasks.start(self._relist_anew())

    async def _relist_anew(self) -> None:
        if self.session is not None:
            await self._relist(self.session)

    def _on_change(self, change: ChangeSet) -> None:
        if change.catalogue:
            self._names = {}
        if (change.accounts or change.catalogue) and KEPT in self._made:
            self.kept.model.forget_names()
        self._relisted = self._relisted or bool(change.balances or change.accounts or change.catalogue)
        if change.alerts:
            self.refresh()

    def _network_name(self, network: str) -> str:
        if not self._names and self.session is not None:
            self._names = {str(each.id): each.name for each in self.session.catalogue.networks(enabled_only=False)}
        return self._names.get(network, network)

    def _report(self) -> Report | None:
        session = self.session
        if session is None or self.found is None:
            return None
        return Report(self.found, session.events.all(), version(), self._network_name)

    def _on_copy_text(self) -> None:
        report = self._report()
        if report is not None:
            self.shell.copy(report_text(report), "Report")

    def _on_copy_json(self) -> None:
        report = self._report()
        if report is not None:
            self.shell.copy(report_json(report), "Report")

    def _on_preload(self) -> None:
        self.tasks.start(self._preload(), key="preload")

    def _on_clear(self) -> None:
        self.tasks.start(self._clear(), key="dialog")

    def _on_reset(self) -> None:
        self.tasks.start(self._reset(), key="dialog")

    async def _preload(self) -> None:
        session = self.session
        if session is None:
            return
        report = await session.preload.run()
        if not report.cancelled:
            failed = f", {len(report.failed):,} failed" if report.failed else ""
            text = f"Preload: {report.answered:,} balances read, {report.skipped:,} were within their time{failed}."
            self.shell.notify(text, kind=NoticeKind.DONE, key=_KEY)

    async def _clear(self) -> None:
        session = self.session
        if session is None:
            return
        if await confirm(self, self.theme, "Clear the cache?", _CLEAR, action="Clear cache", danger=True):
            await session.balances.clear_cache()
            self.shell.notify("The cache is empty.", kind=NoticeKind.DONE, key=_KEY)
            self.refresh()

    async def _reset(self) -> None:
        session = self.session
        if session is None:
            return
        if await confirm(self, self.theme, "Reset the figures?", _RESET, action="Reset figures"):
            await session.metrics.reset()
            self.shell.notify("The figures begin anew.", kind=NoticeKind.DONE, key=_KEY)
            self.refresh()
