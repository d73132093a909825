"""The visual system: colours, type, spacing, and the theme that follows the system's light and dark.

One place for every token. Widgets name a token or a text style and never a colour or a size; what they look like is
generated in `ui/stylesheet.py`, and changes for all of them at once.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

from desktop_wallet.resources import resource_path
from desktop_wallet.ui.icons import Icons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QApplication

GRID = 4
"""Every distance is a multiple of this many pixels."""
ROW_HEIGHT = 38
CONTROL_HEIGHT = 32
BADGE_HEIGHT = 22
RADIUS_CONTROL = 6
RADIUS_CARD = 10
SIDEBAR_WIDTH = 208
DETAILS_WIDTH = 324
FOLD_WIDTH = 1100
"""Pixels of window width under which the details no longer stand beside the page."""
SMALLEST_WINDOW = (880, 560)
PAGE_MARGIN = 24

TEXT_FAMILY = "Inter"
MONO_FAMILY = "JetBrains Mono"
_FONT_FILES = ("Inter-Regular.ttf", "Inter-Medium.ttf", "Inter-SemiBold.ttf", "JetBrainsMono-Regular.ttf")


class Token(enum.Enum):
    """What a colour is for."""

    WINDOW = "window"
    SIDEBAR = "sidebar"
    SURFACE = "surface"
    LINE = "line"
    GROUP_ROW = "group-row"
    TEXT = "text"
    MUTED = "muted"
    ACCENT = "accent"
    ACCENT_SOFT = "accent-soft"
    ON_ACCENT = "on-accent"
    FRESH = "fresh"
    FRESH_GROUND = "fresh-ground"
    CACHED = "cached"
    CACHED_GROUND = "cached-ground"
    STALE = "stale"
    STALE_GROUND = "stale-ground"
    PENDING = "pending"
    PENDING_GROUND = "pending-ground"
    UNAVAILABLE = "unavailable"
    UNAVAILABLE_GROUND = "unavailable-ground"


LIGHT: Mapping[Token, str] = {
    Token.WINDOW: "#f5f6f8",
    Token.SIDEBAR: "#eceef2",
    Token.SURFACE: "#ffffff",
    Token.LINE: "#dfe3ea",
    Token.GROUP_ROW: "#f9fafc",
    Token.TEXT: "#10151f",
    Token.MUTED: "#586374",
    Token.ACCENT: "#3b4fe0",
    Token.ACCENT_SOFT: "#e9ecfd",
    Token.ON_ACCENT: "#ffffff",
    Token.FRESH: "#11693f",
    Token.FRESH_GROUND: "#e2f4ea",
    Token.CACHED: "#235a9c",
    Token.CACHED_GROUND: "#e5effb",
    Token.STALE: "#7d5200",
    Token.STALE_GROUND: "#fcf0d6",
    Token.PENDING: "#643b97",
    Token.PENDING_GROUND: "#f1e8fb",
    Token.UNAVAILABLE: "#9a2a2a",
    Token.UNAVAILABLE_GROUND: "#fbe8e8",
}
DARK: Mapping[Token, str] = {
    Token.WINDOW: "#0e1116",
    Token.SIDEBAR: "#11151b",
    Token.SURFACE: "#161b22",
    Token.LINE: "#262d38",
    Token.GROUP_ROW: "#1a2028",
    Token.TEXT: "#e8ecf2",
    Token.MUTED: "#9aa5b5",
    Token.ACCENT: "#93a2ff",
    Token.ACCENT_SOFT: "#232a4a",
    Token.ON_ACCENT: "#0e1116",
    Token.FRESH: "#7ee2ae",
    Token.FRESH_GROUND: "#10301f",
    Token.CACHED: "#93c0f5",
    Token.CACHED_GROUND: "#14283f",
    Token.STALE: "#f0c36b",
    Token.STALE_GROUND: "#352708",
    Token.PENDING: "#cdaef5",
    Token.PENDING_GROUND: "#2a1c40",
    Token.UNAVAILABLE: "#f3a0a0",
    Token.UNAVAILABLE_GROUND: "#3a1717",
}

_PLAIN_GROUNDS = (Token.WINDOW, Token.SIDEBAR, Token.SURFACE, Token.GROUP_ROW, Token.ACCENT_SOFT)
TEXT_PAIRS: tuple[tuple[Token, Token], ...] = (
    *((Token.TEXT, ground) for ground in _PLAIN_GROUNDS),
    *((Token.MUTED, ground) for ground in _PLAIN_GROUNDS),
    *((Token.ACCENT, ground) for ground in _PLAIN_GROUNDS),
    *((Token.UNAVAILABLE, ground) for ground in (Token.WINDOW, Token.SURFACE)),
    *((Token.STALE, ground) for ground in (Token.WINDOW, Token.SURFACE, Token.SIDEBAR)),
    *((Token.FRESH, ground) for ground in (Token.WINDOW, Token.SURFACE, Token.SIDEBAR)),
    (Token.ON_ACCENT, Token.ACCENT),
    (Token.SURFACE, Token.UNAVAILABLE),
    (Token.FRESH, Token.FRESH_GROUND),
    (Token.CACHED, Token.CACHED_GROUND),
    (Token.STALE, Token.STALE_GROUND),
    (Token.PENDING, Token.PENDING_GROUND),
    (Token.UNAVAILABLE, Token.UNAVAILABLE_GROUND),
    *(
        (front, ground)
        for front in (Token.TEXT, Token.ACCENT)
        for ground in (Token.FRESH_GROUND, Token.CACHED_GROUND, Token.STALE_GROUND, Token.UNAVAILABLE_GROUND)
    ),
)
"""Every text colour on every ground it stands on; a test holds each pair at 4.5 to 1 (WCAG 2.2, 1.4.3 AA)."""


class TextStyle(enum.Enum):
    """A size in pixels and a weight; the value is (pixels, weight, mono)."""

    SMALL = (12, QFont.Weight.Normal, False)
    SMALL_STRONG = (12, QFont.Weight.DemiBold, False)
    BODY = (13, QFont.Weight.Normal, False)
    MEDIUM = (13, QFont.Weight.Medium, False)
    STRONG = (13, QFont.Weight.DemiBold, False)
    HEADING = (15, QFont.Weight.DemiBold, False)
    TITLE = (22, QFont.Weight.DemiBold, False)
    AMOUNT = TITLE
    DISPLAY = (30, QFont.Weight.DemiBold, False)
    MONO = (13, QFont.Weight.Normal, True)
    MONO_SMALL = (12, QFont.Weight.Normal, True)

    @property
    def pixels(self) -> int:
        """Return the size in pixels."""
        return int(self.value[0])

    @property
    def weight(self) -> QFont.Weight:
        """Return the weight."""
        return self.value[1]

    @property
    def mono(self) -> bool:
        """Return whether every character is equally wide."""
        return bool(self.value[2])


class ThemeMode(enum.Enum):
    """What the person asked for."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The theme in force. `changed` is emitted after style sheet and palette have changed."""

    changed = Signal()

    def __init__(self, app: QApplication, mode: ThemeMode = ThemeMode.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._mode = mode
        self._fonts: dict[TextStyle, QFont] = {}
        self._colors: dict[Token, QColor] = {}
        self._dark: bool | None = None
        self._system_scheme = app.styleHints().colorScheme
        self.icons = Icons(self.color)
        load_fonts()
        app.setStyle("Fusion")
        app.setFont(self.font(TextStyle.BODY))
        app.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)
        self._tell_system()
        self._apply()

    @property
    def mode(self) -> ThemeMode:
        """Return what the person asked for."""
        return self._mode

    @property
    def is_dark(self) -> bool:
        """Return whether dark colours are in force."""
        return bool(self._dark)

    def set_mode(self, mode: ThemeMode) -> None:
        """Follow the system, or keep to light or dark."""
        if mode is self._mode:
            return
        self._mode = mode
        self._tell_system()
        if not self._apply():
            self.changed.emit()

    def color(self, token: Token) -> QColor:
        """Return the colour a token has now."""
        return self._colors[token]

    def font(self, style: TextStyle) -> QFont:
        """Return the font of a text style, with tabular figures."""
        font = self._fonts.get(style)
        if font is None:
            font = QFont(MONO_FAMILY if style.mono else TEXT_FAMILY)
            font.setPixelSize(style.pixels)
            font.setWeight(style.weight)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            if style.mono:
                # A ligature would draw two digits of an address as one sign.
                font.setFeature(QFont.Tag("calt"), 0)
            else:
                font.setFeature(QFont.Tag("tnum"), 1)
            self._fonts[style] = font
        return QFont(font)

    def _tell_system(self) -> None:
        # So that window frames and the system's file dialogs go along.
        hints = self._app.styleHints()
        if self._mode is ThemeMode.SYSTEM:
            hints.unsetColorScheme()
        else:
            dark = self._mode is ThemeMode.DARK
            hints.setColorScheme(Qt.ColorScheme.Dark if dark else Qt.ColorScheme.Light)

    def _wants_dark(self) -> bool:
        if self._mode is ThemeMode.SYSTEM:
            return self._system_scheme() is Qt.ColorScheme.Dark
        return self._mode is ThemeMode.DARK

    def _on_system_scheme_changed(self) -> None:
        self._apply()

    def _apply(self) -> bool:
        """Put the colours into force; return whether they changed."""
        dark = self._wants_dark()
        if dark is self._dark:
            return False
        from desktop_wallet.ui.stylesheet import stylesheet  # noqa: PLC0415 - it needs the tokens of this module

        self._dark = dark
        self._colors = {token: QColor(text) for token, text in (DARK if dark else LIGHT).items()}
        self.icons.forget()
        self._app.setPalette(_palette(self._colors))
        self._app.setStyleSheet(stylesheet(self._colors))
        self.changed.emit()
        return True


def load_fonts() -> None:
    """Register the bundled fonts once; a bare machine has none."""
    if TEXT_FAMILY in QFontDatabase.families() and MONO_FAMILY in QFontDatabase.families():
        return
    for name in _FONT_FILES:
        QFontDatabase.addApplicationFont(str(resource_path("fonts", name)))


def _palette(colors: Mapping[Token, QColor]) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for where, token in (
        (role.Window, Token.WINDOW),
        (role.WindowText, Token.TEXT),
        (role.Base, Token.SURFACE),
        (role.AlternateBase, Token.GROUP_ROW),
        (role.Text, Token.TEXT),
        (role.Button, Token.SURFACE),
        (role.ButtonText, Token.TEXT),
        (role.BrightText, Token.UNAVAILABLE),
        (role.Highlight, Token.ACCENT),
        (role.HighlightedText, Token.ON_ACCENT),
        (role.ToolTipBase, Token.SURFACE),
        (role.ToolTipText, Token.TEXT),
        (role.PlaceholderText, Token.MUTED),
        (role.Link, Token.ACCENT),
        (role.LinkVisited, Token.ACCENT),
        (role.Mid, Token.LINE),
        (role.Dark, Token.LINE),
        (role.Accent, Token.ACCENT),
    ):
        palette.setColor(where, colors[token])
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, colors[Token.MUTED])
    return palette
