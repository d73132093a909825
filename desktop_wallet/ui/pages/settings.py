"""The Settings page: sections, one at a time. What is changed is kept at once; what cannot be undone asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.pages.accounts_scroll import GUTTER
from desktop_wallet.ui.pages.page import Page, Shell
from desktop_wallet.ui.pages.settings_about import AboutSection
from desktop_wallet.ui.pages.settings_appearance import AppearanceSection
from desktop_wallet.ui.pages.settings_cache import CacheSection
from desktop_wallet.ui.pages.settings_discovery import DiscoverySection
from desktop_wallet.ui.pages.settings_freshness import FreshnessSection
from desktop_wallet.ui.pages.settings_networks import NetworksSection
from desktop_wallet.ui.pages.settings_prices import PricesSection
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.pages.settings_security import SecuritySection
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN, TextStyle, Token
from desktop_wallet.ui.widgets.fields import SegmentedControl
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.session import Session


_S = TypeVar("_S", bound=Section)

SECTIONS: tuple[type[Section], ...] = (
    NetworksSection,
    SecuritySection,
    AppearanceSection,
    CacheSection,
    FreshnessSection,
    PricesSection,
    DiscoverySection,
    AboutSection,
)


class SettingsPage(Page):
    """Shows one section."""

    name: ClassVar[str] = "settings"
    title: ClassVar[str] = "Settings"
    icon: ClassVar[str] = "settings"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._made: dict[type[Section], Section] = {}
        self.part = SegmentedControl(self.theme, [(kind.key, kind.title) for kind in SECTIONS], "Section")
        self.part.changed.connect(self.open_section)
        self._stack = QStackedWidget()
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(Text(self.theme, self.title, TextStyle.BODY, Token.MUTED))
        self._heading = Text(self.theme, SECTIONS[0].title, TextStyle.TITLE)
        words.addWidget(self._heading)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE_MARGIN, PAGE_MARGIN, PAGE_MARGIN - GUTTER, 0)
        column.setSpacing(3 * GRID)
        column.addLayout(words)
        column.addWidget(self.part)
        column.addWidget(self._stack, 1)

    @property
    def section(self) -> Section:
        """Return the section that is chosen."""
        return self.section_of(next(kind for kind in SECTIONS if kind.key == self.part.value))

    def section_of(self, kind: type[_S]) -> _S:
        """Return the section of that kind; it is built when it is first asked for, so that a start does not wait."""
        made = self._made.get(kind)
        if isinstance(made, kind):
            return made
        new = kind(self.shell, self.tasks)
        if self.session is not None:
            new.attach(self.session)
        self._made[kind] = new
        self._stack.addWidget(new)
        return new

    def open_section(self, key: str) -> None:
        """Show the section of that key."""
        self.part.set_value(key)
        self._heading.set_text(self.section.title)
        self._stack.setCurrentWidget(self.section)
        self.section.show_now()

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self.listen(session.subscribe(self._on_session_changed))
        for section in self._made.values():
            section.attach(session)

    @override
    def shown(self) -> None:
        super().shown()
        self.open_section(self.part.value)

    @override
    def detach(self) -> None:
        super().detach()
        for section in self._made.values():
            section.detach()

    @override
    def tick(self) -> None:
        self.section.tick()

    @override
    def refresh(self) -> None:
        self.section.show_now()

    def _on_session_changed(self, change: ChangeSet) -> None:
        # Out of sight nothing is built or brought up to date; `shown` catches up.
        if self.opened is not None:
            self.section.on_change(change)
