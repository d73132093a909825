"""A program whose lives end at a given step: each line on stdin is one life, in a process of its own.

A line is JSON: {"folder", "work", "die_at"}. The answer is "died" (at step `die_at`, by `os._exit`, as a power cut
would) or "lived" (fewer steps than that). Forked from one parent, so that a life costs milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import DeviceMode
from desktop_wallet.vault.vault import Vault
from tests.fakes.clock import FakeClock
from tests.vault.disk_store import DiskStore
from tests.vault.samples import ONE, PASSWORD, PHRASE, TWO

NEW_PASSWORD = "battery staple"
BACKUP_PASSWORD = "another password"
CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)
_DIED = 9


async def _create(vault: Vault, _folder: Path) -> None:
    await vault.create("Alice", PASSWORD, kdf=CHEAP)


async def _create_without_keyring(vault: Vault, _folder: Path) -> None:
    await vault.create("Alice", PASSWORD, kdf=CHEAP, device=DeviceMode.NONE)


async def _add(vault: Vault, _folder: Path) -> None:
    await vault.add_phrase_wallet(TWO, PHRASE, "other")


async def _remove(vault: Vault, _folder: Path) -> None:
    await vault.remove_wallet(ONE)


async def _change_password(vault: Vault, _folder: Path) -> None:
    await vault.change_password(PASSWORD, NEW_PASSWORD)


async def _renew_device(vault: Vault, _folder: Path) -> None:
    await vault.renew_device(PASSWORD)


async def _restore(vault: Vault, folder: Path) -> None:
    await vault.restore_backup(folder / "backup", BACKUP_PASSWORD)


async def _tidy(vault: Vault, _folder: Path) -> None:
    await vault.tidy()


WORKS: dict[str, Callable[[Vault, Path], Awaitable[None]]] = {
    "create": _create,
    "create without keyring": _create_without_keyring,
    "add": _add,
    "remove": _remove,
    "change password": _change_password,
    "renew device": _renew_device,
    "restore": _restore,
    "tidy": _tidy,
}


async def live(folder: Path, work: str, die_at: int) -> None:
    """Do one work on the vault in a folder; do not survive step `die_at`."""
    steps = 0

    def step(_name: str) -> None:
        nonlocal steps
        if steps == die_at:
            os._exit(_DIED)
        steps += 1

    vault = Vault(folder / "profile", DiskStore(folder / "keyring.json"), FakeClock(), steps=step)
    if not work.startswith("create"):
        await vault.unlock(PASSWORD)
    await WORKS[work](vault, folder)
    await vault.close()


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            asyncio.run(live(Path(order["folder"]), order["work"], order["die_at"]))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write({0: "lived", _DIED: "died"}.get(os.waitstatus_to_exitcode(status), "failed") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
