"""A program in which Qt cannot be imported: imports everything but the window, and reads balances from a node.

Its arguments: a folder, and the URL of a node. Prints JSON: what it imported, and the balances.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.abc
import json
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

BLOCKED = ("PySide6", "shiboken6", "qasync")
WITH_QT = ("app", "ui", "__main__")


class Blocker(importlib.abc.MetaPathFinder):
    """Stands before every other finder and refuses Qt."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in BLOCKED:
            raise ImportError(f"{fullname} is blocked")
        return None


def blocked() -> list[str]:
    """Return which of the blocked libraries really cannot be imported."""
    refused = []
    for name in BLOCKED:
        try:
            importlib.import_module(name)
        except ImportError:
            refused.append(name)
    return refused


def import_everything() -> list[str]:
    """Import every module of the program but the window's; return their names."""
    import desktop_wallet

    names = []
    for found in pkgutil.walk_packages(desktop_wallet.__path__, "desktop_wallet.", onerror=_ignore):
        if found.name.split(".")[1] not in WITH_QT:
            importlib.import_module(found.name)
            names.append(found.name)
    return names


def _ignore(name: str) -> None:
    """Walk on: a package of the window's may not be imported here."""


async def read(folder: Path, url: str, address: str) -> list[int]:
    """Return what the address holds of every asset, as a wallet without a window reads it."""
    from tests.end_to_end.house import amounts, local_network, watching

    async with watching(folder, local_network(url), address) as (_, session):
        report = await session.balances.refresh(session.balances.keys())
        assert not report.failed
        return [amount for amount in amounts(session).values() if amount is not None]


def main(folder: Path, url: str, address: str) -> dict[str, object]:
    """Return what happened."""
    sys.meta_path.insert(0, Blocker())
    refused = blocked()
    imported = import_everything()
    balances = asyncio.run(read(folder, url, address))
    return {
        "blocked": refused,
        "imported": imported,
        "balances": balances,
        "loaded": sorted(name for name in sys.modules if name.partition(".")[0] in BLOCKED),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
