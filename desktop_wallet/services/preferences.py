"""What must be known before any profile is unlocked: the look of the window, and which profile was last.

Kept in clear in `preferences.json`; so nothing may stand here that tells what a person owns.
"""

from __future__ import annotations

import enum
import json
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.services.folders import write_private

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

_log = logging.getLogger(__name__)


class ThemeChoice(enum.Enum):
    """How the window looks."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class _Kept:
    theme: str = ThemeChoice.SYSTEM.value
    last_profile: str | None = None
    geometry: str = ""


class Preferences:
    """The preferences in force. A file that cannot be read counts as none: they are convenience, not truth."""

    def __init__(self, path: Path) -> None:
        """Read what was kept."""
        self._path = path
        self._kept = _read(path)
        self._writing: asyncio.Lock | None = None

    @property
    def theme(self) -> ThemeChoice:
        """Return the look that was chosen."""
        return ThemeChoice(self._kept.theme)

    @property
    def last_profile(self) -> ProfileId | None:
        """Return the profile that was opened last."""
        return ProfileId(self._kept.last_profile) if self._kept.last_profile else None

    @property
    def geometry(self) -> str:
        """Return the window's place, as the window wrote it."""
        return self._kept.geometry

    async def set_theme(self, theme: ThemeChoice) -> None:
        """Keep the look."""
        await self._keep(replace(self._kept, theme=theme.value))

    async def set_last_profile(self, profile: ProfileId | None) -> None:
        """Keep which profile was opened."""
        await self._keep(replace(self._kept, last_profile=profile))

    async def set_geometry(self, geometry: str) -> None:
        """Keep the window's place."""
        await self._keep(replace(self._kept, geometry=geometry))

    async def _keep(self, kept: _Kept) -> None:
        if kept == self._kept:
            return
        import asyncio  # noqa: PLC0415 - a start shows its window before there is a loop

        self._kept = kept
        if self._writing is None:
            self._writing = asyncio.Lock()
        try:
            async with self._writing:  # one after the other, and each writes the newest
                await asyncio.to_thread(write_private, self._path, json.dumps(asdict(self._kept), indent=1))
        except OSError as error:
            _log.warning("preferences were not saved: %s", error.strerror)


def _read(path: Path) -> _Kept:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        theme, last, geometry = found["theme"], found["last_profile"], found["geometry"]
        return _Kept(
            ThemeChoice(theme).value,
            last if isinstance(last, str) else None,
            geometry if isinstance(geometry, str) else "",
        )
    except FileNotFoundError:
        return _Kept()
    except (OSError, ValueError, KeyError, TypeError):
        _log.warning("preferences were unreadable and count as none")
        return _Kept()
