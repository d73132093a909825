from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from desktop_wallet.services import preferences
from desktop_wallet.services.folders import write_private
from desktop_wallet.services.preferences import Preferences, ThemeChoice

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_the_newest_preferences_stay_on_the_disk_though_an_older_write_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "preferences.json"
    begun, second, writes = threading.Event(), threading.Event(), []

    def slow_at_first(where: Path, text: str) -> None:
        writes.append(text)
        if len(writes) == 1:
            begun.set()
            second.wait(0.2)  # as long as it takes a later write to overtake
        write_private(where, text)
        second.set()

    monkeypatch.setattr(preferences, "write_private", slow_at_first)
    kept = Preferences(path)
    first = asyncio.ensure_future(kept.set_theme(ThemeChoice.DARK))
    await asyncio.to_thread(begun.wait, 10)
    await kept.set_geometry("somewhere")
    await first
    found = Preferences(path)
    assert (found.theme, found.geometry) == (ThemeChoice.DARK, "somewhere")
