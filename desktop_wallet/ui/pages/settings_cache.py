"""The cache: where known balances are kept, how large it may grow, and clearing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from typing_extensions import override

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.services.settings import MEGABYTE
from desktop_wallet.ui.dialogs import confirm
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, FormRow, SegmentedControl
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import bytes_text, count_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

_MODES = ((CacheMode.ON, "On"), (CacheMode.MEMORY_ONLY, "Memory only"), (CacheMode.OFF, "Off"))
MODE_SENTENCES = {
    CacheMode.ON: (
        "Known balances are kept in memory and, encrypted, on the disk. After the next unlock the last known numbers "
        "show at once, and servers are asked less."
    ),
    CacheMode.MEMORY_ONLY: (
        "Known balances are kept until the wallet locks. Nothing of them lies on the disk, and what lay there is "
        "removed. After an unlock everything is asked anew."
    ),
    CacheMode.OFF: (
        "Nothing is kept beyond what is on the screen: every look asks the servers. It is slower, and they see more "
        "requests."
    ),
}
LIMITS_MB = (2, 5, 10, 25, 50, 100)


class CacheSection(Section):
    """Mode, size, what is used, and Clear cache."""

    key: ClassVar[str] = "cache"
    title: ClassVar[str] = "Cache"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        theme = self.theme
        card = self.add_card("Where balances are kept")
        self.mode = SegmentedControl(theme, [(mode.value, words) for mode, words in _MODES], "Cache")
        self.mode.changed.connect(self._on_mode_changed)
        self._meaning = Text(theme, "", token=Token.MUTED, wrap=True)
        card.body.addWidget(self.mode)
        card.body.addWidget(self._meaning)
        card = self.add_card("Size")
        self.limit = Choice(theme, "At most on the disk")
        self.limit.activated.connect(self._on_limit_chosen)
        hint = "When it is full, the balances that were looked at least go first."
        card.body.addWidget(FormRow(theme, "At most on the disk", self.limit, hint, side=True))
        self.used = Text(theme)
        self.clear = SecondaryButton(theme, "Clear cache", "trash-2", self._on_clear_clicked)
        card.body.addWidget(FormRow(theme, "Used now", self.used, side=True))
        card.body.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

    @override
    def detach(self) -> None:
        super().detach()
        self.used.set_text("")

    @override
    def show_now(self) -> None:
        if self.session is None:
            return
        now = self.session.settings.now
        self.mode.set_value(now.cache_mode.value)
        self._meaning.set_text(MODE_SENTENCES[now.cache_mode])
        sizes = sorted({*(size * MEGABYTE for size in LIMITS_MB), now.cache_limit_bytes})
        self.limit.clear()
        for size in sizes:
            self.limit.addItem(_size_words(size), size)
        self.limit.setCurrentIndex(sizes.index(now.cache_limit_bytes))
        self.limit.setEnabled(now.cache_mode is CacheMode.ON)
        self.tasks.start(self._show_used(), key="cache-used")

    @override
    def on_change(self, change: ChangeSet) -> None:
        if change.balances and self.isVisible():
            self.tasks.start(self._show_used(), key="cache-used")

    async def _show_used(self) -> None:
        if self.session is None:
            return
        found = await self.session.metrics.snapshot()
        disk = f"{bytes_text(found.bytes_on_disk)} on the disk"
        self.used.set_text(f"{disk}, {count_text(found.memory_entries, 'balance')} in memory")

    def _on_mode_changed(self, mode: str) -> None:
        self.tasks.start(self._keep_mode(CacheMode(mode)), key="cache-mode")

    def _on_limit_chosen(self) -> None:
        self.tasks.start(self._keep_limit(int(self.limit.currentData())), key="cache-limit")

    def _on_clear_clicked(self) -> None:
        self.tasks.start(self._clear(), key="dialog")

    async def _keep_mode(self, mode: CacheMode) -> None:
        session = self.session
        if session is None:
            return
        await session.settings.change(cache_mode=mode)
        await session.apply_cache_settings()
        self.show_now()
        self.done(f"Cache: {dict(_MODES)[mode].lower()}.")

    async def _keep_limit(self, size: int) -> None:
        session = self.session
        if session is None:
            return
        await session.settings.change(cache_limit_bytes=size)
        await session.apply_cache_settings()
        self.done(f"The cache keeps {_size_words(size)} at most.")
        await self._show_used()

    async def _clear(self) -> None:
        session = self.session
        if session is None:
            return
        text = (
            "Every known balance is forgotten and shows as Unavailable until it is read again. Wallets, accounts, "
            "names and settings stay, and no coin moves."
        )
        if await confirm(self, self.theme, "Clear the cache?", text, action="Clear cache", danger=True):
            await session.balances.clear_cache()
            self.done("The cache is empty.")
            await self._show_used()


def _size_words(size: int) -> str:
    return f"{size // MEGABYTE} MB" if size % MEGABYTE == 0 else bytes_text(size)
