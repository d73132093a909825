"""Writes what a person takes away: into a folder of theirs, and for nobody else to read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_wallet.services.folders import replace_private
from desktop_wallet.vault.files import storage_failure

if TYPE_CHECKING:
    from pathlib import Path


async def write_export(path: Path, text: str) -> None:
    """Replace a file with the text, as a whole and readable by its owner alone (0600); raises StorageFailure."""
    try:
        await asyncio.to_thread(replace_private, path, text)
    except OSError as error:
        raise storage_failure(error, path.name) from None
