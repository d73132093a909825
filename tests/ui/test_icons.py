from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from desktop_wallet.resources import MissingResource, resource_path
from desktop_wallet.ui.theme import Theme, ThemeMode, Token

_UI = Path(__file__).parents[2] / "desktop_wallet" / "ui"


def colours(image: QImage) -> set[str]:
    return {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }


def test_an_icon_takes_the_colour_of_its_token(theme: Theme) -> None:
    image = theme.icons.pixmap("lock", Token.ACCENT, 32).toImage()
    assert colours(image) == {theme.color(Token.ACCENT).name()}


def test_an_icon_that_was_made_before_is_recoloured(theme: Theme) -> None:
    icon = theme.icons.icon("lock", Token.TEXT, 32)
    before = colours(icon.pixmap(32, 32).toImage())
    theme.set_mode(ThemeMode.DARK)
    after = colours(icon.pixmap(32, 32).toImage())
    assert before != after == {theme.color(Token.TEXT).name()}


def test_a_dense_screen_gets_more_pixels_for_the_same_size(theme: Theme) -> None:
    pixmap = theme.icons.pixmap("lock", Token.TEXT, 16, 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (32, 2.0)


def test_a_button_on_a_dense_screen_gets_them_too(theme: Theme) -> None:
    pixmap = theme.icons.icon("lock", Token.TEXT, 16).pixmap(QSize(16, 16), 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (32, 2.0)


def test_a_drawing_is_kept(theme: Theme) -> None:
    first = theme.icons.pixmap("lock", Token.TEXT, 16)
    assert theme.icons.pixmap("lock", Token.TEXT, 16).cacheKey() == first.cacheKey()


def test_an_icon_that_does_not_ship_is_an_error(theme: Theme) -> None:
    with pytest.raises(MissingResource):
        theme.icons.pixmap("no-such-icon", Token.TEXT, 16)


def test_every_icon_that_code_names_ships() -> None:
    shipped = {path.stem for path in resource_path("icons").glob("*.svg")}
    named = set()
    for source in _UI.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        named |= set(
            re.findall(r"(?:Button|Picture|Notice|Banner|pixmap|icon)\([^()\n]*\"([a-z0-9]+(?:-[a-z0-9]+)+)\"", text)
        )
        named |= set(re.findall(r"^    icon = \"([a-z0-9-]+)\"", text, re.MULTILINE))
    assert {"wallet", "refresh-cw"} & named
    assert named - shipped <= {"no-such-icon"}
