from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.compose import PRACTICE_PASSWORD, Application, Surrounds
from desktop_wallet.core.errors import WrongPassword
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.accounts import Accounts
from desktop_wallet.services.folders import Folders
from tests.vault.disk_store import DiskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.services.session import Session

PASSWORD = "correct horse battery"


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    outside = Surrounds(
        folders=Folders.under(tmp_path / "home"),
        store=lambda: DiskStore(tmp_path / "keyring.json"),
        networks=tuple,
        tokens=dict,
        kdf=KdfParameters(64 << 20, 1),
    )
    application = Application(outside)
    yield application
    await application.close()


async def test_an_unlock_that_is_cancelled_leaves_no_half_open_session(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = (await application.open_practice()).profile.id
    await application.lock()
    reached = asyncio.Event()

    async def never(_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(application.preferences, "set_last_profile", never)
        unlock = asyncio.ensure_future(application.unlock(profile, PRACTICE_PASSWORD))
        await reached.wait()
        unlock.cancel()
        with pytest.raises(asyncio.CancelledError):
            await unlock
    assert application.session is None
    assert await application.unlock(profile, PRACTICE_PASSWORD)


async def test_views_hear_that_the_open_profile_was_locked_when_another_one_does_not_open(
    application: Application,
) -> None:
    told: list[Session | None] = []
    application.on_session_changed(told.append)
    session = await application.open_practice()
    with pytest.raises(WrongPassword):
        await application.unlock(session.profile.id, "not this one")
    assert told == [session, None]
    assert application.session is None


async def test_a_restore_that_is_cancelled_leaves_no_profile(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def never(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Accounts, "restore_backup", never)
    restore = asyncio.ensure_future(application.restore("Main", PASSWORD, tmp_path / "backup.json", PASSWORD))
    await reached.wait()
    restore.cancel()
    with pytest.raises(asyncio.CancelledError):
        await restore
    assert await application.profiles.list() == ()
