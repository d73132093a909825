"""A program that asks for the password at each signature, and says on stdout which keys are reachable in between.

A process of its own, so that nothing but the wallet and its libraries is in it. Prints JSON: what was found, by moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

from desktop_wallet.core.errors import PasswordNeeded, WrongPassword
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.files import to_text
from desktop_wallet.vault.keyring_store import KeyringStore
from desktop_wallet.vault.phrases import entropy_of, seed_of
from desktop_wallet.vault.signers.evm import child_key
from desktop_wallet.vault.vault import Vault
from tests.fakes.clock import FakeClock
from tests.vault.memory_walk import Needle, find
from tests.vault.samples import ONE, PATHS, PHRASE, TRANSFER


def needles_of(vault: Vault, password: str, device: str) -> list[Needle]:
    """Return what to look for while the spend key is held."""
    seed = seed_of(PHRASE, "")
    return [
        Needle.of("password", password),
        Needle.of("device secret", device),
        Needle.of("entropy", entropy_of(PHRASE)),
        Needle.of("seed", seed),
        Needle.of("derived key", child_key(seed, PATHS[0])),
        Needle.of("derived key in hexadecimal", child_key(seed, PATHS[0]).hex()),
        Needle.of("view key", vault._box.keys.key("view")),
        Needle.of("spend key", vault._box.keys.key("spend")),
        Needle.of("spend key in base64", to_text(vault._box.keys.key("spend"))),
    ]


class Person:
    """Types the password, and has it in mind backwards, so that the search finds only the program's copies."""

    def __init__(self) -> None:
        self._in_mind = os.urandom(12).hex()

    def password(self) -> str:
        return self._in_mind[::-1]


async def main(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Return what was found at each moment."""
    person, store, found = Person(), KeyringStore(), {}
    vault = Vault(folder / "profile", store, FakeClock())
    header = await vault.create("Alice", person.password(), kdf=KdfParameters(memory_bytes=64 << 20, passes=1))
    await vault.add_phrase_wallet(ONE, PHRASE)
    vault.lock()
    await vault.unlock(person.password())
    needles = needles_of(vault, person.password(), store.get(header.device_entry) or "")
    found["kept"] = find(needles)
    await vault.tidy(keep=False)
    found["forgotten"] = find(needles)
    await asyncio.gather(vault.sign(TRANSFER, person.password()), vault.sign(TRANSFER, person.password()))
    found["signed"] = find(needles)
    with contextlib.suppress(WrongPassword):
        await vault.sign(TRANSFER, "wrong horse")
    with contextlib.suppress(PasswordNeeded):
        await vault.sign(TRANSFER)
    found["refused"] = find(needles)
    async with vault.spending(person.password()):
        await vault.derive_addresses(ONE, PATHS)
        found["lent"] = find(needles)
    found["lent back"] = find(needles)
    async with asyncio.TaskGroup() as group:
        signing = group.create_task(vault.sign(TRANSFER, person.password()))
        await asyncio.sleep(0)
        signing.cancel()
    del signing
    await vault.wallet_ids()
    found["cancelled"] = find(needles)
    await vault.keep_spend_key(person.password())
    await vault.forget_spend_key()
    found["asked for again"] = find(needles)
    await vault.close()
    return {moment: sorted(held) for moment, held in found.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
