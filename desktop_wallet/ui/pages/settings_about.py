"""About: the version, the licences, where data lies, and what the cache has saved."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QWidget
from typing_extensions import override

from desktop_wallet.resources import read_text
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import IconButton, LinkButton
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import bytes_text, percent_text

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.services.metrics import MetricsSnapshot
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

_DISTRIBUTION = "desktop-wallet"
LICENCES = (
    ("Inter, the typeface", "SIL Open Font License 1.1", ("fonts", "Inter-OFL.txt")),
    ("JetBrains Mono, the typeface of addresses", "SIL Open Font License 1.1", ("fonts", "JetBrainsMono-OFL.txt")),
    ("Lucide, the icons", "ISC and MIT", ("icons", "LUCIDE-LICENSE.txt")),
)
_PROGRAM = "This program is under the MIT licence. The window is Qt, under the LGPL; PySide6 binds it to Python."


def version() -> str:
    """Return the version that is installed, or nothing where the program runs from its sources."""
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return ""


class AboutSection(Section):
    """Facts about the program and this profile."""

    key: ClassVar[str] = "about"
    title: ClassVar[str] = "About"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        card = self.add_card("Wallet", "Every balance says how old it is and where it came from.")
        card.body.addWidget(
            Text(self.theme, f"Version {version()}" if version() else "Runs from its sources", selectable=True)
        )

        card = self.add_card("What the cache has saved", "Counted on this computer, and told to nobody.")
        self._figures: dict[str, Text] = {}
        card.body.addLayout(self._build_figures())

        self._places = self.add_card(
            "Where data lies",
            "Vault and accounts are encrypted; the cache may be deleted any time. The key that is missing in these "
            "folders lies in the keyring of this computer.",
        )
        self._paths: list[QWidget] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(4 * GRID)
        self._grid.setVerticalSpacing(2 * GRID)
        self._grid.setColumnStretch(1, 1)
        self._places.body.addLayout(self._grid)
        self._places.hide()

        card = self.add_card("Licences", _PROGRAM)
        for what, licence, place in LICENCES:
            link = LinkButton(self.theme, f"{what}: {licence}")
            link.clicked.connect(lambda _checked=False, what=what, place=place: self._on_licence_clicked(what, place))
            card.body.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

    def _build_figures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * GRID)
        grid.setVerticalSpacing(2 * GRID)
        grid.setColumnStretch(1, 1)
        for row, words in enumerate(figures(None)):
            value = self._figures[words] = Text(self.theme, "")
            grid.addWidget(Text(self.theme, words, token=Token.MUTED), row, 0)
            grid.addWidget(value, row, 1)
        return grid

    @override
    def detach(self) -> None:
        super().detach()
        for value in self._figures.values():
            value.set_text("")
        self._show_paths([])

    @override
    def show_now(self) -> None:
        session = self.session
        if session is None:
            return
        self._show_paths([("Vault and accounts", session.folder), ("Cache", session.cache_folder)])
        self.tasks.start(self._show_figures(), key="figures")

    @override
    def tick(self) -> None:
        self.tasks.start(self._show_figures(), key="figures")

    async def _show_figures(self) -> None:
        if self.session is None:
            return
        found = await self.session.metrics.snapshot()
        for words, value in figures(found).items():
            self._figures[words].set_text(value)
            self._figures[words].setAccessibleName(f"{words}: {value}")

    def _show_paths(self, paths: list[tuple[str, Path]]) -> None:
        for old in self._paths:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._paths = []
        for row, (words, place) in enumerate(paths):
            label = Text(self.theme, words, token=Token.MUTED)
            # A zero-width space after each separator: a long path breaks there, and not at all without it.
            path = Text(self.theme, str(place).replace("/", "/\u200b"), TextStyle.MONO_SMALL, wrap=True)
            path.setAccessibleName(f"{words}: {place}")
            copy = IconButton(self.theme, "copy", f"Copy the folder of: {words}")
            copy.clicked.connect(lambda _checked=False, place=place: self.shell.copy(str(place), "Folder"))
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(path, row, 1)
            self._grid.addWidget(copy, row, 2)
            self._paths += [label, path, copy]

    def _on_licence_clicked(self, what: str, place: tuple[str, ...]) -> None:
        self.tasks.start(self._show_licence(what, read_text(*place)), key="dialog")

    async def _show_licence(self, what: str, text: str) -> None:
        dialog = Dialog(self, self.theme, what)
        shown = QPlainTextEdit(text)
        shown.setReadOnly(True)
        shown.setAccessibleName(f"Licence of {what}")
        shown.setMinimumHeight(320)
        dialog.setMinimumWidth(600)
        dialog.body.addWidget(shown)
        dialog.buttons("Close", "")
        await dialog.run()


def figures(found: MetricsSnapshot | None) -> dict[str, str]:
    """Return the counters in words, in their order; without a snapshot the words alone."""
    if found is None:
        return dict.fromkeys(
            (
                "Answered from the cache",
                "Calls saved",
                "Calls made",
                "Shown although outdated",
                "Preloads",
                "On the disk",
                "Refused or damaged pages",
            ),
            "",
        )
    asked = found.hits + found.misses
    rate = (
        "no balance was looked up yet"
        if found.hit_rate is None
        else f"{percent_text(found.hit_rate)} ({found.hits:,} of {asked:,} balances)"
    )
    return {
        "Answered from the cache": rate,
        "Calls saved": f"{found.calls_saved:,}",
        "Calls made": f"{found.calls:,}",
        "Shown although outdated": f"{found.stale_answers:,}",
        "Preloads": f"{found.preloads:,}",
        "On the disk": bytes_text(found.bytes_on_disk),
        "Refused or damaged pages": f"{found.seal_failures + found.rows_refused:,}",
    }
