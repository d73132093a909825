"""A whole life of the wallet, logged at its loudest: what happened stands in the log, and nothing that is secret."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop_wallet.compose import PRACTICE_PASSWORD, Application, Surrounds
from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.errors import WrongPassword
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.transfers import Draft
from desktop_wallet.logs import LogLevel, set_up
from desktop_wallet.services.folders import Folders
from tests.fakes.engine import until


@dataclass
class Life:
    """What must not be found afterwards, and what may be, each with its name."""

    secrets: dict[str, str] = field(default_factory=dict)


async def live(application: Application) -> Life:
    """Create, fill, lock, fail to unlock, unlock, send, be told of a change, lock."""
    life = Life({"the password": "hunter2 hunter2", "another password": "not the password"})
    session = await application.open_practice()
    profile = session.profile.id
    words = await session.accounts.new_phrase(24)
    await session.accounts.add_phrase("Inheritance of Aunt May", words, created=True, passphrase="hunter2 hunter2")
    life.secrets |= {"a phrase": words, "a label": "Aunt May"}
    imported = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
    await session.accounts.add_key("Imported", imported)
    life.secrets |= {"a key": imported}
    for each in session.accounts.wallets():
        if each.kind is WalletKind.PHRASE:
            life.secrets[f"the phrase of {each.label}"] = await session.accounts.reveal_phrase(
                each.id, PRACTICE_PASSWORD
            )
    await application.lock()
    with pytest.raises(WrongPassword):
        await application.unlock(profile, "not the password")
    session = await application.unlock(profile, PRACTICE_PASSWORD)
    await until(lambda: session.preload.progress is None and session._preload_wanted is None)
    accounts = session.accounts.accounts()
    life.secrets |= {f"address {n}": account.address.text[2:] for n, account in enumerate(accounts)}
    life.secrets |= {
        f"address {n} as shown": display_address(account.address)[2:] for n, account in enumerate(accounts)
    }
    network = session.catalogue.networks()[0]
    recipient = accounts[1].address
    draft = Draft(network.id, accounts[0].address, recipient, native_asset(network).id, 123_456_789_012_345_678)
    sent = await session.sending.send(await session.sending.review(draft))
    life.secrets |= {"an amount": "123456789012345678", "a transaction": sent.transaction[2:], "bytes": sent.raw.hex()}
    await until(lambda: session.transfers.get(sent.id).state.is_mined)
    await session.balances.invalidate([Scope(address=recipient)], cause="notified")
    await session.balances.read(session.balances.keys())
    await session.balances.refresh(session.balances.keys())
    await application.lock()
    return life


async def test_of_a_whole_life_the_log_tells_the_steps_and_no_secret_and_no_whole_address(tmp_path: Path) -> None:
    application = Application(Surrounds(folders=Folders.under(tmp_path / "home")))
    end = set_up(application.folders.log, LogLevel.DEBUG, None)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        async with asyncio.timeout(60):
            life = await live(application)
    finally:
        await application.close()
        end()
    [file] = application.folders.log.iterdir()
    text = file.read_text(encoding="utf-8")
    assert len(life.secrets) > 10
    for name, secret in life.secrets.items():
        assert secret.lower() not in text.lower(), name
        for start in range(0, len(secret) - 20, 10):
            assert secret[start : start + 20].lower() not in text.lower(), f"a part of {name}"
    assert not re.findall(r"0x[0-9a-fA-F]{8,}", text)
    events = re.findall(r" event=(\"[^\"]+\"|\S+)", text)
    assert [event for event in events if event in ('"not unlocked"', "created", "unlocked", "locked")] == [
        "created", "locked", '"not unlocked"', "unlocked", "locked"
    ]  # fmt: skip
    assert {"read", '"looked up"', "refreshed", "preloaded", "invalidated", "transfer"} <= set(events)
    states = re.findall(r" event=transfer transfer=[0-9a-f]{8} network=eip155:\d+ state=([\w-]+)", text)
    assert states[:2] == ["signed", "broadcast"]
    assert "confirmed" in states
    assert re.search(r"event=invalidated cause=notified scopes=1 networks=all took_ms=\d+", text)
    assert re.search(r'event="not unlocked" profile=[0-9a-f]{8} why=WrongPassword', text)
    assert re.search(r"event=read hits=\d+ misses=\d+( networks=\S+ took_ms=\d+)?", text)
