"""A program that uses a vault for all it can do, locks it, and says on stdout what of its secrets is still reachable.

A process of its own, so that nothing but the wallet and its libraries is in it. Prints JSON: the controls that were
planted and found, those found after they were dropped, what was found while unlocked, and what after the lock.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from desktop_wallet.core.accounts import PathScheme, Wallet, WalletId, WalletKind
from desktop_wallet.core.errors import WalletError
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.files import to_text
from desktop_wallet.vault.keyring_store import KeyringStore
from desktop_wallet.vault.phrases import entropy_of, seed_of
from desktop_wallet.vault.signers.evm import child_key
from desktop_wallet.vault.vault import Vault
from tests.fakes.clock import FakeClock
from tests.vault.memory_walk import Needle, find

CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)
ONE, TWO = WalletId("1" * 32), WalletId("2" * 32)
PATH = PathScheme.BIP44.path(0)


@dataclass(slots=True)
class Slotted:
    """Holds a value where no dict shows it."""

    value: object


def suspended(value: object) -> Iterator[object]:
    """Keep a value in the variables of a frame that waits."""
    yield len(str(value))
    yield value


def enclosing(value: object) -> object:
    """Return a function that keeps a value in its closure."""
    return lambda: value


def controls() -> tuple[list[object], list[Needle]]:
    """Return hiding places, each with a random value of its own, and the needles for them."""
    needles: list[Needle] = []

    def planted(name: str) -> str:
        value = os.urandom(24).hex()
        needles.append(Needle.of(name, value))
        return value

    waiting = suspended(planted("suspended frame"))
    next(waiting)
    error = ValueError(planted("error"))
    return [
        {"text in a dict": planted("dict")},
        [planted("list")],
        (planted("tuple").encode(), 1),
        bytearray(planted("bytearray").encode()),
        Slotted(planted("slot").encode()),
        enclosing(planted("closure")),
        {planted("key of a dict"): 1},
        waiting,
        error,
        "around " + planted("inside a longer text") + " around",
    ], needles


async def use(folder: Path) -> tuple[Vault, list[Needle]]:
    """Return an unlocked vault on which everything was done once, and what to look for."""
    store = KeyringStore()
    vault = Vault(folder / "profile", store, FakeClock())
    password = os.urandom(12).hex()
    header = await vault.create("Alice", password, kdf=CHEAP)
    phrase, passphrase, key = await vault.new_phrase(24), os.urandom(12).hex(), os.urandom(32)
    await vault.addresses_of_phrase(phrase, passphrase, [PATH])
    await vault.add_phrase_wallet(ONE, phrase, passphrase)
    await vault.add_key_wallet(TWO, key.hex())
    await vault.derive_addresses(ONE, [PATH])
    assert await vault.reveal_phrase(ONE, password) == phrase
    assert await vault.reveal_passphrase(ONE, password) == passphrase
    assert await vault.reveal_key(TWO, password) == "0x" + key.hex()
    wallets = [(Wallet(ONE, "", WalletKind.PHRASE, 1.0), ()), (Wallet(TWO, "", WalletKind.PRIVATE_KEY, 1.0), ())]
    await vault.write_backup(folder / "backup", password, wallets, kdf=CHEAP)
    await vault.restore_backup(folder / "backup", password)
    await vault.change_password(password, password + "!")
    vault.lock()
    try:
        await vault.unlock(password)
    except WalletError:
        await vault.unlock(password + "!")
    await vault.tidy()
    seed = seed_of(phrase, passphrase)
    entropy = entropy_of(phrase)
    device = store.get(header.device_entry) or ""
    needles = [
        Needle.of("password", password),
        Needle.of("phrase", phrase),
        Needle.of("half a phrase", " ".join(phrase.split()[:12])),
        Needle.of("passphrase", passphrase),
        Needle.of("entropy", entropy),
        Needle.of("entropy in hexadecimal", entropy.hex()),
        Needle.of("seed", seed),
        Needle.of("derived key", child_key(seed, PATH)),
        Needle.of("private key", key),
        Needle.of("private key in hexadecimal", key.hex()),
        Needle.of("private key in base64", to_text(key)),
        Needle.of("view key", vault._box.keys.key("view")),
        Needle.of("spend key", vault._box.keys.key("spend")),
        Needle.of("device secret", device),
    ]
    return vault, needles


async def main(folder: Path) -> dict[str, object]:
    """Return what was found and when."""
    hidden, planted = controls()
    controls_found = {name for name, _ in find(planted)}
    del hidden
    vault, needles = await use(folder)
    unlocked = find(needles)
    vault.lock()
    locked = find(needles)
    await vault.close()
    return {
        "controls planted": sorted(needle.name for needle in planted),
        "controls found": sorted(controls_found),
        "controls found after they were dropped": sorted(find(planted)),
        "found while unlocked": sorted(unlocked),
        "found after the lock": sorted(locked),
        "found after the end": sorted(find(needles)),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
