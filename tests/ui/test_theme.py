from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QFontInfo, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication

from desktop_wallet.ui.theme import (
    DARK,
    LIGHT,
    MONO_FAMILY,
    TEXT_FAMILY,
    TEXT_PAIRS,
    TextStyle,
    Theme,
    ThemeMode,
    Token,
)
from desktop_wallet.ui.widgets.badge import TOKENS

_AA = 4.5
"""WCAG 2.2, 1.4.3: contrast of text."""
_FOCUS = 3.0
"""WCAG 2.2, 1.4.11: contrast of what marks a control."""


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids=lambda pair: f"{pair[0].value} on {pair[1].value}")
def test_text_can_be_read_on_its_ground(colors: dict[Token, str], pair: tuple[Token, Token]) -> None:
    front, ground = pair
    assert contrast(colors[front], colors[ground]) >= _AA


def test_every_badge_is_among_the_pairs_that_are_held() -> None:
    assert set(TOKENS.values()) <= set(TEXT_PAIRS)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", [Token.WINDOW, Token.SIDEBAR, Token.SURFACE, Token.LINE])
def test_the_focus_ring_is_seen(colors: dict[Token, str], ground: Token) -> None:
    assert contrast(colors[Token.ACCENT], colors[ground]) >= _FOCUS
    assert contrast(colors[Token.TEXT], colors[ground]) >= _FOCUS


def test_both_looks_know_every_token() -> None:
    assert set(LIGHT) == set(DARK) == set(Token)


def test_the_bundled_fonts_are_used_with_their_weights(theme: Theme) -> None:
    for style in TextStyle:
        font = theme.font(style)
        info = QFontInfo(font)
        assert info.family() == (MONO_FAMILY if style.mono else TEXT_FAMILY)
        assert info.pixelSize() == style.pixels
    styles = QFontDatabase.styles(TEXT_FAMILY)
    assert {"Regular", "Medium", "SemiBold"} <= {style.replace("Semi Bold", "SemiBold") for style in styles}


def test_digits_stand_under_digits(theme: Theme) -> None:
    for style in TextStyle:
        metrics = QFontMetrics(theme.font(style))
        widths = {metrics.horizontalAdvance(digit * 20) for digit in "0123456789"}
        assert len(widths) == 1, style


def test_a_change_of_mode_is_told_once_and_after_the_colours(theme: Theme) -> None:
    seen: list[str] = []
    theme.changed.connect(lambda: seen.append(theme.color(Token.WINDOW).name()))
    theme.set_mode(ThemeMode.DARK)
    theme.set_mode(ThemeMode.DARK)
    assert seen == [DARK[Token.WINDOW]]
    assert theme.is_dark


def test_palette_and_style_sheet_follow(theme: Theme, qapp: QApplication) -> None:
    theme.set_mode(ThemeMode.DARK)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK[Token.WINDOW]
    assert DARK[Token.ACCENT] in qapp.styleSheet()
    assert LIGHT[Token.ACCENT] not in qapp.styleSheet()


def test_in_system_mode_the_system_decides(theme: Theme, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    # The off-screen platform has no scheme of its own to change.
    says = [Qt.ColorScheme.Light]
    monkeypatch.setattr(theme, "_system_scheme", lambda: says[0])
    theme.set_mode(ThemeMode.SYSTEM)
    dark = [theme.is_dark]
    says[0] = Qt.ColorScheme.Dark
    qapp.styleHints().colorSchemeChanged.emit(says[0])
    dark.append(theme.is_dark)
    theme.set_mode(ThemeMode.LIGHT)
    qapp.styleHints().colorSchemeChanged.emit(says[0])
    dark.append(theme.is_dark)
    assert dark == [False, True, False]
