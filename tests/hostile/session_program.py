"""A program that lives a whole session, locks, and says on stdout what of its secrets the process can still reach.

Its arguments: a folder and the URL of a node. A process of its own, so that nothing but the wallet and its libraries is
in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_wallet.core.accounts import PathScheme
from desktop_wallet.core.errors import WrongPassword
from desktop_wallet.vault.files import to_text
from desktop_wallet.vault.phrases import entropy_of, seed_of
from desktop_wallet.vault.signers.evm import child_key
from tests.end_to_end.house import amounts, at_rest, local_network, surrounds, wallet
from tests.vault.memory_program import controls
from tests.vault.memory_walk import Needle, find

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.core.networks import Network

PATHS = tuple(PathScheme.BIP44.path(number) for number in range(3))


async def live(application: Application, network: Network, folder: Path) -> list[Needle]:
    """Do everything that touches a secret, and return what to look for; the session stays open."""
    password, passphrase, key = os.urandom(12).hex(), os.urandom(12).hex(), os.urandom(32)
    session = await application.create_profile("Main", password)
    phrase = await session.accounts.new_phrase(24)
    made = await session.accounts.add_phrase("Savings", phrase, passphrase=passphrase, created=True)
    await session.accounts.add_account(made.id)
    await session.accounts.add_account(made.id)
    await session.accounts.add_key("A key", key.hex())
    await session.catalogue.choose_networks([network.id])
    await at_rest(session)
    await session.accounts.discover(made.id)
    assert await session.accounts.reveal_phrase(made.id, password) == phrase
    await session.accounts.write_backup(folder / "backup.json", password)
    await session.accounts.change_password(password, password + "!")
    profile = session.profile.id
    await application.lock()
    try:
        session = await application.unlock(profile, password)
    except WrongPassword:
        session = await application.unlock(profile, password + "!")
    await at_rest(session)
    await session.balances.refresh(session.balances.keys())
    assert len(amounts(session)) == 4
    assert None not in amounts(session).values()
    box = session._vault._box
    seed, entropy, held = seed_of(phrase, passphrase), entropy_of(phrase), box.keys
    device = box.store.get(box.read().header.device_entry) or ""
    return [
        Needle.of("password", password),
        Needle.of("phrase", phrase),
        Needle.of("half a phrase", " ".join(phrase.split()[:12])),
        Needle.of("passphrase", passphrase),
        Needle.of("entropy", entropy),
        Needle.of("entropy in hexadecimal", entropy.hex()),
        Needle.of("seed", seed),
        *(Needle.of(f"key {number}", child_key(seed, path)) for number, path in enumerate(PATHS)),
        *(Needle.of(f"key {number} in hexadecimal", child_key(seed, path).hex()) for number, path in enumerate(PATHS)),
        Needle.of("private key", key),
        Needle.of("private key in hexadecimal", key.hex()),
        Needle.of("private key in base64", to_text(key)),
        Needle.of("view key", held.key("view")),
        Needle.of("spend key", held.key("spend")),
        Needle.of("device secret", device),
    ]


async def main(folder: Path, url: str) -> dict[str, object]:
    """Return what was found and when."""
    hidden, planted = controls()
    controls_found = {name for name, _ in find(planted)}
    del hidden
    network = local_network(url)
    async with wallet(surrounds(folder / "home", network)) as application:
        needles = await live(application, network, folder)
        unlocked = find(needles)
        held = application.session  # as a page might hold it by mistake: it must be of no use after the lock
        await application.lock()
        locked = find(needles)
        del held
    return {
        "controls planted": sorted(needle.name for needle in planted),
        "controls found": sorted(controls_found),
        "controls found after they were dropped": sorted(find(planted)),
        "looked for": len(needles),
        "found while unlocked": sorted(unlocked),
        "found after the lock": sorted(locked),
        "found after the end": sorted(find(needles)),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))))
