from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop_wallet.core.accounts import Account, Wallet, WalletId, WalletKind
from desktop_wallet.core.errors import WrongPassword
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import DeviceMode, exists, read_document
from desktop_wallet.vault.vault import Vault
from tests.fakes.clock import FakeClock
from tests.vault.crash_lives import BACKUP_PASSWORD, NEW_PASSWORD, WORKS
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, TWO

_ROOT = Path(__file__).parents[2]
_STEPS_AT_MOST = 60

Life = Callable[[Path, str, int], str]


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """Yield what lets one life of the program run and returns how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.vault.crash_lives"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(folder: Path, work: str, die_at: int) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"folder": str(folder), "work": work, "die_at": die_at}) + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    yield run
    process.communicate(timeout=20)


@pytest.fixture
async def before(tmp_path: Path, cheap_kdf: KdfParameters) -> Path:
    """Return a folder with a profile of one wallet, its keyring, and a backup of this and another wallet."""
    home, other = tmp_path / "before", tmp_path / "other"
    for folder in (home, other):
        folder.mkdir()
        vault = open_vault(folder)
        await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
        await vault.add_phrase_wallet(ONE, PHRASE)
        if folder is other:
            await vault.add_phrase_wallet(TWO, PHRASE, "other")
            wallets: list[tuple[Wallet, list[Account]]] = [
                (Wallet(each, "", WalletKind.PHRASE, 1.0), []) for each in (ONE, TWO)
            ]
            await vault.write_backup(home / "backup", BACKUP_PASSWORD, wallets, kdf=cheap_kdf)
        await vault.close()
    return home


def open_vault(folder: Path) -> Vault:
    return Vault(folder / "profile", DiskStore(folder / "keyring.json"), FakeClock())


def afterlives(life: Life, before: Path, work: str) -> Iterator[Path]:
    """Yield the folder that each life left behind, which died one step later than the one before it."""
    for die_at in range(_STEPS_AT_MOST):
        folder = before.with_name(f"died at {die_at}")
        shutil.copytree(before, folder)
        ended = life(folder, work, die_at)
        assert ended in {"died", "lived"}
        yield folder
        if ended == "lived":
            assert die_at >= 3, "the steps are really told"
            return
    raise AssertionError("more steps than expected")


async def nothing_is_left_over(folder: Path, vault: Vault) -> None:
    """Check that after tidying the keyring holds the device secret, each wallet's copy, and no more."""
    await vault.tidy()
    document = read_document(folder / "profile")
    assert document.stale_entries == ()
    named = {document.header.device_entry, *(secret.entry for secret in document.secrets.values())} - {""}
    kept = DiskStore(folder / "keyring.json").entries
    assert set(kept) == named
    assert [path.name for path in (folder / "profile").iterdir() if path.suffix == ".new"] == []


async def addresses_of(vault: Vault, wallet: WalletId) -> str:
    return (await vault.derive_addresses(wallet, PATHS))[0].text


@pytest.mark.parametrize("work", ["add", "remove", "restore", "tidy"])
async def test_a_crash_between_any_two_steps_loses_no_secret(life: Life, before: Path, work: str) -> None:
    if work == "tidy":
        store = DiskStore(before / "keyring.json")
        device = read_document(before / "profile").header.device_entry
        store.entries = {device: store.entries[device]}
    seen = set()
    for folder in afterlives(life, before, work):
        vault = open_vault(folder)
        assert (await vault.unlock(PASSWORD)).spend_problem is None
        wallets = await vault.wallet_ids()
        seen.add(wallets)
        if work != "remove":
            assert ONE in wallets
        if ONE in wallets:
            assert await addresses_of(vault, ONE) == FIRST
        if TWO in wallets:
            assert await addresses_of(vault, TWO) != FIRST
        await nothing_is_left_over(folder, vault)
        if work in {"add", "restore"}:
            await WORKS[work](vault, folder)
            assert await vault.wallet_ids() == {ONE, TWO}, "told again, it ends well"
        await vault.close()
    assert len(seen) == (1 if work == "tidy" else 2), "both the old state and the new one were met"


async def test_a_crash_while_changing_the_password_leaves_the_old_or_the_new(life: Life, before: Path) -> None:
    met = []
    for folder in afterlives(life, before, "change password"):
        vault = open_vault(folder)
        try:
            outcome = await vault.unlock(PASSWORD)
            met.append(PASSWORD)
        except WrongPassword:
            outcome = await vault.unlock(NEW_PASSWORD)
            met.append(NEW_PASSWORD)
        assert outcome.spend_problem is None
        assert await addresses_of(vault, ONE) == FIRST
        await nothing_is_left_over(folder, vault)
        await vault.close()
    assert met == sorted(met, key=[PASSWORD, NEW_PASSWORD].index), "once new, never old again"
    assert set(met) == {PASSWORD, NEW_PASSWORD}


@pytest.mark.parametrize(
    ("work", "device"), [("create", DeviceMode.KEYRING), ("create without keyring", DeviceMode.NONE)]
)
async def test_a_crash_while_creating_leaves_no_vault_or_a_whole_one(
    life: Life, tmp_path: Path, cheap_kdf: KdfParameters, work: str, device: DeviceMode
) -> None:
    (tmp_path / "before").mkdir()
    met = set()
    for folder in afterlives(life, tmp_path / "before", work):
        vault = open_vault(folder)
        met.add(exists(folder / "profile"))
        if exists(folder / "profile"):
            assert (await vault.unlock(PASSWORD)).spend_problem is None
        else:
            await vault.create("Alice", PASSWORD, kdf=cheap_kdf, device=device)
        await vault.add_phrase_wallet(ONE, PHRASE)
        assert await addresses_of(vault, ONE) == FIRST
        await vault.close()
    assert met == {True, False}


async def test_a_crash_while_renewing_the_device_secret_keeps_the_old_file_until_the_new_one_stands(
    life: Life, before: Path
) -> None:
    met = set()
    for folder in afterlives(life, before, "renew device"):
        vault = open_vault(folder)
        assert (await vault.unlock(PASSWORD)).spend_problem is None
        renewed = await vault.wallet_ids() == frozenset()
        met.add(renewed)
        if renewed:
            assert (folder / "profile" / "vault.json.1.old").is_file()
            await vault.add_phrase_wallet(ONE, PHRASE)
        assert await addresses_of(vault, ONE) == FIRST
        await vault.close()
    assert met == {True, False}
