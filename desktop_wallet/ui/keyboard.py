"""The window's keys: pages by number, search, refresh, details, lock, quit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.ui.wallet_scene import WalletScene


class Commanded(Protocol):
    """What the keys command: the window. `wallet_scene` is None while no wallet is on screen."""

    @property
    def wallet_scene(self) -> WalletScene | None:
        """The scene of the open wallet, while it is shown."""
        ...

    def lock(self) -> None:
        """Lock the wallet."""
        ...

    def close(self) -> bool:
        """Close the window."""
        ...


def install_keys(window: QWidget, commanded: Commanded) -> None:
    """Give the window its keys."""
    keys: dict[str, Callable[[], object]] = {
        "Ctrl+F": partial(_search, commanded),
        "F5": partial(_refresh, commanded),
        "Ctrl+R": partial(_refresh, commanded),
        "Ctrl+D": partial(_turn_details, commanded),
        "Ctrl+L": commanded.lock,
        "Ctrl+Q": commanded.close,
        **{f"Ctrl+{number}": partial(_open_page, commanded, number) for number in range(1, 10)},
    }
    for text, run in keys.items():
        QShortcut(QKeySequence(text), window).activated.connect(run)


def _open_page(commanded: Commanded, number: int) -> None:
    scene = commanded.wallet_scene
    if scene is not None and number <= len(scene.sidebar.names):
        scene.open_page(scene.sidebar.names[number - 1])


def _search(commanded: Commanded) -> None:
    scene = commanded.wallet_scene
    if scene is not None and scene.current is not None and scene.current.search_field is not None:
        scene.current.search_field.setFocus()
        scene.current.search_field.selectAll()


def _refresh(commanded: Commanded) -> None:
    scene = commanded.wallet_scene
    if scene is not None and scene.current is not None:
        scene.current.refresh()


def _turn_details(commanded: Commanded) -> None:
    scene = commanded.wallet_scene
    if scene is None:
        return
    if scene.details_visible:
        scene.hide_details()
    else:
        scene.show_details()
