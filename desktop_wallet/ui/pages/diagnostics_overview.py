"""The first part of the Diagnostics page: what is out of the ordinary, and every figure of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.ui.models.diagnostics_words import MODE_WORDS, figures, since_text, warnings
from desktop_wallet.ui.pages.accounts_scroll import PageScroll
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.card import Card
from desktop_wallet.ui.widgets.text import ElidedText, Text, tooltip
from desktop_wallet.ui.words import bytes_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.services.diagnostics import Diagnosis
    from desktop_wallet.ui.models.diagnostics_words import Figure, Warned
    from desktop_wallet.ui.theme import Theme

_GROUPS_ACROSS = 2


class WarningCard(QFrame):
    """One thing that is out of the ordinary."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("notice", "warning")
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * GRID, 3 * GRID, 4 * GRID, 3 * GRID)
        column.setSpacing(GRID // 2)
        self._title = Text(theme, "", TextStyle.STRONG, Token.STALE, wrap=True)
        self._measured = Text(theme, "", wrap=True)
        self._cure = Text(theme, "", wrap=True)
        for text in (self._title, self._measured, self._cure):
            column.addWidget(text)

    def show_warning(self, warned: Warned | None) -> None:
        """Show this one, or none."""
        self.setVisible(warned is not None)
        self._title.set_text(warned.title if warned else "")
        self._measured.set_text(warned.measured if warned else "")
        self._cure.set_text(warned.what_to_do if warned else "")
        self._cure.setVisible(bool(warned and warned.what_to_do))
        self.setAccessibleName(f"Warning: {warned.spoken}" if warned else "")


class FigureGroup(Card):
    """A heading and some figures under it, one a line. Hidden while there are none."""

    def __init__(self, theme: Theme, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._theme = theme
        self._lines: list[_FigureLine] = []
        self.setAccessibleName(heading)
        self.body.addWidget(Text(theme, heading, TextStyle.HEADING))

    def show_figures(self, shown: tuple[Figure, ...]) -> None:
        """Show these figures."""
        while len(self._lines) < len(shown):
            line = _FigureLine(self._theme)
            self.body.addWidget(line)
            self._lines.append(line)
        for place, line in enumerate(self._lines):
            line.show_figure(shown[place] if place < len(shown) else None)
        self.setVisible(bool(shown))

    @property
    def spoken(self) -> list[str]:
        """Return what a screen reader says of each figure."""
        return [line.value.accessibleName() for line in self._lines if not line.isHidden()]


class _FigureLine(QWidget):
    """What is counted at the left, how much at the right, and a note beside that."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.name = ElidedText(theme, "", token=Token.MUTED)
        self.note = Text(theme, "", TextStyle.SMALL, Token.MUTED)
        self.value = Text(theme, "", TextStyle.MEDIUM)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.name, 1)
        row.addWidget(self.note)
        row.addWidget(self.value)

    def show_figure(self, figure: Figure | None) -> None:
        """Show this figure, or none."""
        self.setVisible(figure is not None)
        self.name.set_text(figure.name if figure else "")
        self.note.set_text(figure.note if figure else "")
        self.value.set_text(figure.value if figure else "")
        self.value.setAccessibleName(figure.spoken if figure else "")
        self.setToolTip(tooltip(figure.means) if figure else "")


class Overview(PageScroll):
    """Shows a Diagnosis. The cards of its figures are made with the first one."""

    def __init__(
        self,
        theme: Theme,
        preload: Callable[[], None],
        clear: Callable[[], None],
        reset: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName("Overview")
        self._warnings: list[WarningCard] = []
        self._groups: list[FigureGroup] = []
        # A widget of its own, made first: a screen reader reads in the order of making.
        self._room = QWidget()
        self._warned = QVBoxLayout(self._room)
        self._warned.setContentsMargins(0, 0, 0, 0)
        self._warned.setSpacing(2 * GRID)
        self._grid = QGridLayout()
        self._grid.setSpacing(3 * GRID)
        for column in range(_GROUPS_ACROSS):
            self._grid.setColumnStretch(column, 1)
        self.body.addWidget(self._room)
        self.body.addWidget(self._cache_card(preload, clear, reset))
        self.body.addLayout(self._grid)
        self.body.addStretch(1)

    def _cache_card(self, preload: Callable[[], None], clear: Callable[[], None], reset: Callable[[], None]) -> QWidget:
        theme = self._theme
        card = Card(theme)
        card.setAccessibleName("Balances cache")
        self.mode = Text(theme, "", token=Token.MUTED, wrap=True)
        self.since = Text(theme, "", TextStyle.SMALL, Token.MUTED)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1_000)
        self.used = Text(theme, "", TextStyle.SMALL, Token.MUTED)
        self.preload = SecondaryButton(theme, "Preload", "database-zap", preload)
        self.preload.setToolTip("Read every balance that is not within its time")
        self.clear = SecondaryButton(theme, "Clear cache", "trash-2", clear)
        self.reset = SecondaryButton(theme, "Reset figures", "x", reset)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(Text(theme, "Balances cache", TextStyle.HEADING))
        head.addStretch(1)
        for button in (self.preload, self.clear, self.reset):
            head.addWidget(button)
        foot = QHBoxLayout()
        foot.addWidget(self.used)
        foot.addStretch(1)
        foot.addWidget(self.since)
        card.body.addLayout(head)
        card.body.addWidget(self.mode)
        card.body.addWidget(self.bar)
        card.body.addLayout(foot)
        return card

    def show_diagnosis(self, found: Diagnosis | None) -> None:
        """Show everything as it is at that moment, or nothing."""
        self._show_warnings(() if found is None else warnings(found))
        if found is None:
            for group in self._groups:
                group.show_figures(())
            for text in (self.mode, self.used, self.since):
                text.set_text("")
            self.bar.setValue(0)
            self.bar.setAccessibleName("")
            return
        groups = figures(found)
        if not self._groups:
            self._make_groups(groups)
        for group, (_, shown) in zip(self._groups, groups, strict=True):
            group.show_figures(shown)
        self.mode.set_text(MODE_WORDS[found.mode])
        self.since.set_text(since_text(found.metrics, found.at))
        self.preload.setEnabled(found.preload is None)
        self._show_size(found)

    def _show_size(self, found: Diagnosis) -> None:
        on = found.mode is CacheMode.ON
        self.bar.setVisible(on)
        self.used.setVisible(on)
        used = f"{bytes_text(found.metrics.bytes_on_disk)} of {bytes_text(found.limit_bytes)} on the disk"
        self.bar.setValue(min(1_000 * found.metrics.bytes_on_disk // max(found.limit_bytes, 1), 1_000))
        self.bar.setAccessibleName(used)
        self.used.set_text(f"{used}, not in use now" if found.cache_suffers else used)
        self.used.set_token(Token.STALE if found.cache_suffers else Token.MUTED)

    def _show_warnings(self, told: tuple[Warned, ...]) -> None:
        while len(self._warnings) < len(told):
            card = WarningCard(self._theme)
            self._warned.addWidget(card)
            self._warnings.append(card)
        for place, card in enumerate(self._warnings):
            card.show_warning(told[place] if place < len(told) else None)
        self._room.setVisible(bool(told))

    def _make_groups(self, groups: tuple[tuple[str, tuple[Figure, ...]], ...]) -> None:
        for place, (heading, _) in enumerate(groups):
            group = FigureGroup(self._theme, heading)
            self._groups.append(group)
            top = Qt.AlignmentFlag.AlignTop
            self._grid.addWidget(group, place // _GROUPS_ACROSS, place % _GROUPS_ACROSS, top)
