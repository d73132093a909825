from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QAccessible, QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from desktop_wallet.core.freshness import Badge, BadgeKind, StaleReason
from desktop_wallet.ui.theme import BADGE_HEIGHT, Theme, ThemeMode
from desktop_wallet.ui.widgets.badge import FIRST_READ, TOKENS, BadgeLabel, Ring, badge_width, paint_badge, paint_shape

_SCALE = 4


def badge(kind: BadgeKind, *, updating: bool = False) -> Badge:
    reasons = (StaleReason.EXPIRED,) if kind is BadgeKind.STALE else ()
    age_s = None if kind is BadgeKind.UNAVAILABLE else 3.0
    return Badge(kind, age_s, 27.0, reasons, updating=updating)


def shape(kind: BadgeKind) -> QImage:
    """The shape alone, all in one colour: so that only its form can tell it from another."""
    image = QImage(9 * _SCALE, 9 * _SCALE, QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.scale(_SCALE, _SCALE)
    paint_shape(painter, QRect(0, 0, 9, 9).toRectF(), kind, QColor("black"))
    painter.end()
    return image


def differing(one: QImage, other: QImage) -> float:
    pixels = [(x, y) for x in range(one.width()) for y in range(one.height())]
    return sum(one.pixelColor(x, y) != other.pixelColor(x, y) for x, y in pixels) / len(pixels)


@pytest.mark.parametrize(("one", "other"), [*combinations(BadgeKind, 2)])
def test_shapes_differ_without_their_colours(theme: Theme, one: BadgeKind, other: BadgeKind) -> None:
    assert differing(shape(one), shape(other)) > 0.08


def painted(theme: Theme, what: Badge, phase: float = 0.0, width: int = 160) -> QImage:
    image = QImage(width, 38, QImage.Format.Format_ARGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    paint_badge(painter, QRect(0, 0, width, 38), what, theme, phase=phase)
    painter.end()
    return image


@pytest.mark.parametrize("mode", [ThemeMode.LIGHT, ThemeMode.DARK])
@pytest.mark.parametrize("kind", BadgeKind)
def test_a_badge_stands_at_the_left_in_the_middle_on_its_ground(theme: Theme, kind: BadgeKind, mode: ThemeMode) -> None:
    theme.set_mode(mode)
    image = painted(theme, badge(kind))
    ground = theme.color(TOKENS[kind][1])
    width = badge_width(badge(kind), theme)
    top = (38 - BADGE_HEIGHT) // 2
    assert image.pixelColor(width - 12, top + 1) == ground
    assert image.pixelColor(12, top + BADGE_HEIGHT - 2) == ground
    assert image.pixelColor(width + 2, 19) == QColor("black")
    assert image.pixelColor(40, top - 1) == QColor("black")


def test_updating_turns_the_shape_and_leaves_the_words(theme: Theme) -> None:
    at_rest, turning = badge(BadgeKind.FRESH), badge(BadgeKind.FRESH, updating=True)
    one, two = painted(theme, turning, 0.0), painted(theme, turning, 0.5)
    words = QRect(24, 0, 136, 38)
    assert one.copy(0, 0, 22, 38) != two.copy(0, 0, 22, 38)
    assert one.copy(0, 0, 22, 38) != painted(theme, at_rest).copy(0, 0, 22, 38)
    assert one.copy(words) == two.copy(words) == painted(theme, at_rest).copy(words)


def test_in_a_narrow_cell_it_stays_inside(theme: Theme) -> None:
    image = painted(theme, badge(BadgeKind.UNAVAILABLE), width=60)
    assert image.pixelColor(30, 10) == theme.color(TOKENS[BadgeKind.UNAVAILABLE][1])


def test_a_first_read_is_not_painted_as_a_failure(theme: Theme) -> None:
    first, failed = (painted(theme, badge(BadgeKind.UNAVAILABLE, updating=updating)) for updating in (True, False))
    assert first.pixelColor(30, 10) == theme.color(FIRST_READ[1])
    assert failed.pixelColor(30, 10) == theme.color(TOKENS[BadgeKind.UNAVAILABLE][1])


def test_a_badge_is_a_label_that_a_screen_reader_does_not_pass_over(theme: Theme, qtbot: QtBot) -> None:
    label = BadgeLabel(theme)
    qtbot.addWidget(label)
    assert QAccessible.queryAccessibleInterface(label).role() is QAccessible.Role.StaticText


def test_a_screen_reader_hears_what_it_shows(theme: Theme, qtbot: QtBot) -> None:
    label = BadgeLabel(theme)
    qtbot.addWidget(label)
    label.set_badge(badge(BadgeKind.CACHED, updating=True))
    interface = QAccessible.queryAccessibleInterface(label)
    assert interface.text(QAccessible.Text.Name) == "Cached · 3 s, updating"
    assert "27 s left" in interface.text(QAccessible.Text.Description)


def test_no_badge_is_no_widget(theme: Theme, qtbot: QtBot) -> None:
    label = BadgeLabel(theme)
    qtbot.addWidget(label)
    label.set_badge(None)
    assert label.isHidden()


def test_the_ring_rests_when_nothing_is_read(theme: Theme, qtbot: QtBot) -> None:
    ring = Ring()
    turned: list[float] = []
    ring.turned.connect(turned.append)
    ring.set_running(True)
    qtbot.waitUntil(lambda: len(turned) >= 2)
    assert ring._timer.isActive()
    ring.set_running(False)
    assert not ring._timer.isActive()
    assert 0 < turned[0] < turned[1] < 1
