"""Appearance: light, dark, or as the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import ThemeMode
from desktop_wallet.ui.widgets.fields import FormRow, SegmentedControl

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

_MODES = ((ThemeMode.SYSTEM, "As the system"), (ThemeMode.LIGHT, "Light"), (ThemeMode.DARK, "Dark"))


class AppearanceSection(Section):
    """The look of the window, changed at once; the window keeps it."""

    key: ClassVar[str] = "appearance"
    title: ClassVar[str] = "Appearance"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        card = self.add_card("Colours", "It holds for every profile, and before the wallet is unlocked too.")
        self.mode = SegmentedControl(self.theme, [(mode.value, words) for mode, words in _MODES], "Colours")
        self.mode.changed.connect(self._on_mode_changed)
        card.body.addWidget(FormRow(self.theme, "Light or dark", self.mode, side=True))
        self.body.addStretch(1)

    @override
    def show_now(self) -> None:
        self.mode.set_value(self.theme.mode.value)

    def _on_mode_changed(self, mode: str) -> None:
        self.theme.set_mode(ThemeMode(mode))
