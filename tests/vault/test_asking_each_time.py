from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from desktop_wallet.core.accounts import Account, Wallet, WalletKind
from desktop_wallet.core.errors import (
    KeyringDenied,
    KeyringEntryVanished,
    KeyringFailure,
    KeyringMissing,
    NotAllowed,
    PasswordNeeded,
    VaultLocked,
    WrongPassword,
)
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import DeviceMode, read_document
from desktop_wallet.vault.keyring_store import KeyringStore
from desktop_wallet.vault.stores import MemorySecretStore
from desktop_wallet.vault.strongbox import SPEND, SPEND_HALF
from desktop_wallet.vault.vault import Vault
from tests.fixtures.keyring_daemon import PrivateKeyring
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, TRANSFER, TWO

BACKED_UP = [(Wallet(ONE, "Main", WalletKind.PHRASE, 1.0, backed_up=True), list[Account]())]


@pytest.fixture
async def asking(vault: Vault) -> Vault:
    """Return a vault as it is some time after an unlock of a profile that asks for the password at each send."""
    vault.lock()
    assert (await vault.unlock(PASSWORD)).spend_problem is None
    await vault.tidy(keep=False)
    return vault


def holds_a_spend_key(vault: Vault) -> bool:
    return vault._box.keys.holds(SPEND) or vault._box.keys.holds(SPEND_HALF)


async def test_the_spend_key_goes_after_the_tidying_and_secrets_count_as_openable(
    vault: Vault, store: DiskStore, tmp_path: Path
) -> None:
    device = read_document(tmp_path / "profile").header.device_entry
    store.entries = {device: store.entries[device]}
    vault.lock()
    await vault.unlock(PASSWORD)
    assert holds_a_spend_key(vault)
    assert (await vault.tidy(keep=False)).mended == 1
    assert not holds_a_spend_key(vault)
    assert vault.can_spend
    vault.lock()
    assert not vault.can_spend


async def test_a_tidying_that_meets_a_keyring_in_the_way_forgets_the_key_all_the_same(
    vault: Vault, store: DiskStore
) -> None:
    store.failures = [KeyringDenied()]
    assert isinstance((await vault.tidy(keep=False)).problem, KeyringDenied)
    assert not holds_a_spend_key(vault)


async def test_a_right_password_gives_one_signature_and_leaves_no_key(asking: Vault) -> None:
    signed = await asking.sign(TRANSFER, PASSWORD)
    assert signed.raw.startswith(b"\x02")
    assert not holds_a_spend_key(asking)
    assert await asking.sign(TRANSFER, PASSWORD) == signed, "RFC 6979: the same again, and openable again"
    await asking.keep_spend_key(PASSWORD)
    assert await asking.sign(TRANSFER) == signed


async def test_without_the_password_nothing_is_signed_and_with_a_wrong_one_neither(asking: Vault) -> None:
    with pytest.raises(PasswordNeeded):
        await asking.sign(TRANSFER)
    with pytest.raises(WrongPassword):
        await asking.sign(TRANSFER, "wrong horse")
    assert not holds_a_spend_key(asking)
    assert asking.can_spend


async def test_a_signature_that_fails_leaves_no_key(asking: Vault) -> None:
    for request in (replace(TRANSFER, wallet=TWO), replace(TRANSFER, sender=TRANSFER.transaction.to)):
        with pytest.raises(NotAllowed):
            await asking.sign(request, PASSWORD)
        assert not holds_a_spend_key(asking)


async def test_two_signatures_at_once_are_both_made(asking: Vault) -> None:
    other = replace(TRANSFER, transaction=replace(TRANSFER.transaction, nonce=8))
    one, two = await asyncio.gather(asking.sign(TRANSFER, PASSWORD), asking.sign(other, PASSWORD))
    assert one.id != two.id
    assert not holds_a_spend_key(asking)


async def test_of_two_at_once_a_wrong_password_spoils_only_its_own(asking: Vault) -> None:
    one, two = await asyncio.gather(
        asking.sign(TRANSFER, PASSWORD), asking.sign(TRANSFER, "wrong horse"), return_exceptions=True
    )
    assert not isinstance(one, BaseException)
    assert isinstance(two, WrongPassword)
    assert not holds_a_spend_key(asking)


async def test_where_the_key_is_kept_a_password_that_is_given_has_to_be_right(vault: Vault) -> None:
    with pytest.raises(WrongPassword):
        await vault.sign(TRANSFER, "wrong horse")
    assert await vault.sign(TRANSFER, PASSWORD) == await vault.sign(TRANSFER)
    assert holds_a_spend_key(vault)


class LocksWhenRead(DiskStore):
    """Locks its vault when the device secret is asked for: after the key derivation, before the spend key opens."""

    vault: Vault | None = None

    @override
    def get(self, entry: str, *, patience_s: float | None = None) -> str | None:
        if self.vault is not None:
            self.vault.lock()
        return super().get(entry, patience_s=patience_s)


@pytest.fixture
async def locking(vault: Vault, make_vault: MakeVault, tmp_path: Path) -> Vault:
    """Return a vault that asks each time, and is locked in the middle of the next opening of its spend key."""
    store = LocksWhenRead(tmp_path / "keyring.json")
    again = make_vault(store=store)
    await again.unlock(PASSWORD)
    await again.forget_spend_key()
    store.vault = again
    return again


async def test_a_lock_in_the_middle_of_a_signature_wins(locking: Vault) -> None:
    with pytest.raises(VaultLocked):
        await locking.sign(TRANSFER, PASSWORD)
    assert not holds_a_spend_key(locking)
    assert not locking.can_spend


async def test_a_lock_in_the_middle_of_lending_or_keeping_wins(locking: Vault) -> None:
    with pytest.raises(VaultLocked):
        async with locking.spending(PASSWORD):
            pytest.fail("lent by a locked vault")
    with pytest.raises(VaultLocked):
        await locking.keep_spend_key(PASSWORD)
    assert not holds_a_spend_key(locking)


async def test_a_locked_vault_neither_lends_nor_keeps_nor_signs(asking: Vault) -> None:
    asking.lock()
    with pytest.raises(VaultLocked):
        async with asking.spending(PASSWORD):
            pytest.fail("lent by a locked vault")
    for refused in (
        asking.keep_spend_key(PASSWORD),
        asking.forget_spend_key(),
        asking.sign(TRANSFER, PASSWORD),
        asking.sign(TRANSFER),
        asking.reveal_phrase(ONE, PASSWORD),
        asking.tidy(),
    ):
        with pytest.raises(VaultLocked):
            await refused


async def test_what_opens_secrets_asks_first_and_works_while_the_key_is_lent(
    asking: Vault, store: DiskStore, tmp_path: Path, cheap_kdf: KdfParameters
) -> None:
    file = tmp_path / "backup"
    before, entries = read_document(tmp_path / "profile"), store.entries
    for refused in (
        asking.derive_addresses(ONE, PATHS),
        asking.add_phrase_wallet(TWO, PHRASE, "another"),
        asking.add_key_wallet(TWO, "11" * 32),
        asking.write_backup(file, PASSWORD, BACKED_UP, kdf=cheap_kdf),
        asking.tidy(),
    ):
        with pytest.raises(PasswordNeeded):
            await refused
    assert (read_document(tmp_path / "profile"), store.entries) == (before, entries)
    assert not file.exists()
    async with asking.spending(PASSWORD):
        assert (await asking.derive_addresses(ONE, PATHS))[0].text == FIRST
        await asking.add_phrase_wallet(TWO, PHRASE, "another")
        await asking.write_backup(file, PASSWORD, BACKED_UP, kdf=cheap_kdf)
        assert (await asking.tidy()).problem is None
    assert not holds_a_spend_key(asking)
    with pytest.raises(PasswordNeeded):
        await asking.restore_backup(file, PASSWORD)
    async with asking.spending(PASSWORD):
        assert await asking.restore_backup(file, PASSWORD) == BACKED_UP
    assert not holds_a_spend_key(asking)


async def test_a_lent_key_signs_nothing(asking: Vault) -> None:
    async with asking.spending(PASSWORD):
        with pytest.raises(PasswordNeeded):
            await asking.sign(TRANSFER)


async def test_a_wrong_password_lends_nothing(asking: Vault) -> None:
    with pytest.raises(WrongPassword):
        async with asking.spending("wrong horse"):
            pytest.fail("lent for a wrong password")
    assert not holds_a_spend_key(asking)


async def test_a_lent_key_goes_when_its_block_fails(asking: Vault) -> None:
    with pytest.raises(ZeroDivisionError):
        async with asking.spending(PASSWORD):
            raise ZeroDivisionError
    assert not holds_a_spend_key(asking)


async def test_each_of_two_loans_ends_for_itself(asking: Vault) -> None:
    async with asking.spending(PASSWORD):
        async with asking.spending(PASSWORD):
            assert holds_a_spend_key(asking)
        assert (await asking.derive_addresses(ONE, PATHS))[0].text == FIRST
        assert await asking.reveal_phrase(ONE, PASSWORD) == PHRASE
        assert (await asking.derive_addresses(ONE, PATHS))[0].text == FIRST, "the other's end took nothing from this"
    assert not holds_a_spend_key(asking)


async def test_a_lock_takes_a_lent_key_at_once_and_the_next_unlock_knows_nothing_of_the_loan(asking: Vault) -> None:
    async with asking.spending(PASSWORD):
        asking.lock()
        assert not holds_a_spend_key(asking)
        with pytest.raises(VaultLocked):
            await asking.derive_addresses(ONE, PATHS)
        await asking.unlock(PASSWORD)
    assert holds_a_spend_key(asking), "kept by the unlock, not by the loan"
    assert await asking.sign(TRANSFER), "nobody has said yet that this unlock asks"
    await asking.forget_spend_key()
    assert not holds_a_spend_key(asking)


class WaitsWhenRead(DiskStore):
    """Says when the device secret is asked for, and answers when it may."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    @override
    def get(self, entry: str, *, patience_s: float | None = None) -> str | None:
        self.asked.set()
        assert self.may_answer.wait(20)
        return super().get(entry, patience_s=patience_s)


async def test_who_is_cancelled_while_the_key_opens_leaves_none(
    vault: Vault, make_vault: MakeVault, tmp_path: Path
) -> None:
    store = WaitsWhenRead(tmp_path / "keyring.json")
    lender = make_vault(store=store)

    async def borrow() -> None:
        async with lender.spending(PASSWORD):
            pytest.fail("cancelled before")

    await lender.unlock(PASSWORD)
    await lender.forget_spend_key()
    store.asked.clear()
    store.may_answer.clear()
    async with asyncio.TaskGroup() as group:
        borrowing = group.create_task(borrow())
        await asyncio.to_thread(store.asked.wait, 20)
        borrowing.cancel()
    assert borrowing.cancelled()
    store.may_answer.set()
    assert await lender.wallet_ids() == {ONE}, "the worker is through with what came before"
    assert not holds_a_spend_key(lender)


async def test_a_key_that_is_to_be_forgotten_is_forgotten_though_the_caller_is_cancelled(vault: Vault) -> None:
    async with asyncio.TaskGroup() as group:
        busy = group.create_task(vault.check_password(PASSWORD))
        forgetting = group.create_task(vault.forget_spend_key())
        await asyncio.sleep(0)
        forgetting.cancel()
    assert busy.done()
    assert await vault.wallet_ids() == {ONE}
    assert not holds_a_spend_key(vault)


async def test_revealing_and_a_new_password_take_the_password_and_keep_no_key(asking: Vault) -> None:
    await asking.change_password(PASSWORD, "battery staple")
    assert await asking.reveal_phrase(ONE, "battery staple") == PHRASE
    for refused in (asking.reveal_phrase(ONE, PASSWORD), asking.sign(TRANSFER, PASSWORD)):
        with pytest.raises(WrongPassword):
            await refused
    assert await asking.sign(TRANSFER, "battery staple")
    assert not holds_a_spend_key(asking)


async def test_the_key_is_kept_again_only_for_the_password(asking: Vault) -> None:
    with pytest.raises(WrongPassword):
        await asking.keep_spend_key("wrong horse")
    assert not holds_a_spend_key(asking)
    with pytest.raises(PasswordNeeded):
        await asking.derive_addresses(ONE, PATHS)
    await asking.keep_spend_key(PASSWORD)
    assert (await asking.derive_addresses(ONE, PATHS))[0].text == FIRST


@pytest.mark.parametrize("failure", [KeyringMissing, KeyringDenied])
async def test_a_keyring_in_the_way_of_a_signature_is_told_and_the_next_one_works(
    asking: Vault, store: DiskStore, failure: type[KeyringFailure]
) -> None:
    for refused in (lambda: asking.sign(TRANSFER, PASSWORD), lambda: asking.keep_spend_key(PASSWORD)):
        store.failures = [failure()]
        with pytest.raises(failure):
            await refused()
        assert not holds_a_spend_key(asking)
    assert asking.can_spend
    assert await asking.sign(TRANSFER, PASSWORD)


async def test_a_keyring_that_was_in_the_way_of_the_unlock_is_tried_without_the_password(
    vault: Vault, make_vault: MakeVault, store: DiskStore
) -> None:
    again = make_vault()
    store.failures = [KeyringMissing()]
    await again.unlock(PASSWORD)
    await again.forget_spend_key()
    refused = again.can_spend
    with pytest.raises(KeyringMissing):
        await again.derive_addresses(ONE, PATHS)
    entries, store.entries = store.entries, {}
    assert isinstance((await again.retry_keyring()).spend_problem, KeyringEntryVanished)
    store.entries = entries
    assert (await again.retry_keyring()).spend_problem is None
    assert (refused, again.can_spend) == (False, True)
    assert not holds_a_spend_key(again)
    with pytest.raises(PasswordNeeded):
        await again.derive_addresses(ONE, PATHS)
    assert await again.sign(TRANSFER, PASSWORD)


async def test_a_new_device_secret_ends_every_loan_of_the_key_that_was(asking: Vault) -> None:
    """What is sealed with the old key would be lost."""
    async with asking.spending(PASSWORD):
        await asking.renew_device(PASSWORD)
        with pytest.raises(PasswordNeeded):
            await asking.add_phrase_wallet(ONE, PHRASE)
    async with asking.spending(PASSWORD):
        await asking.add_phrase_wallet(ONE, PHRASE)
    assert await asking.sign(TRANSFER, PASSWORD)


async def test_a_practice_profile_in_memory_asks_as_well(
    make_vault: MakeVault, memory_store: MemorySecretStore, cheap_kdf: KdfParameters
) -> None:
    practice = make_vault("practice", store=memory_store)
    await practice.create("Play", PASSWORD, kdf=cheap_kdf, device=DeviceMode.NONE, practice=True)
    await practice.add_phrase_wallet(ONE, PHRASE)
    await practice.forget_spend_key()
    with pytest.raises(PasswordNeeded):
        await practice.sign(TRANSFER)
    assert await practice.sign(TRANSFER, PASSWORD)
    assert not holds_a_spend_key(practice)


@pytest.mark.keyring_daemon
async def test_with_the_real_keyring_each_signature_reads_the_device_secret_anew(
    keyring_home: PrivateKeyring, make_vault: MakeVault, cheap_kdf: KdfParameters
) -> None:
    keyring_home.start_daemon()
    vault = make_vault(store=KeyringStore())
    await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    await vault.add_phrase_wallet(ONE, PHRASE)
    await vault.tidy(keep=False)
    signed = await vault.sign(TRANSFER, PASSWORD)
    keyring_home.stop_daemon()
    with pytest.raises(KeyringFailure):
        await vault.sign(TRANSFER, PASSWORD)
    keyring_home.start_daemon()
    assert await vault.sign(TRANSFER, PASSWORD) == signed
    assert not holds_a_spend_key(vault)


@pytest.mark.keyring_daemon
def test_between_two_signatures_no_spend_key_is_reachable(keyring_home: PrivateKeyring, tmp_path: Path) -> None:
    """Every object the process can reach is searched, with the real keyring behind the vault."""
    keyring_home.start_daemon()
    done = subprocess.run(
        [sys.executable, "-m", "tests.vault.asking_program", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env=keyring_home.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    report: dict[str, list[list[str]]] = json.loads(done.stdout)
    assert report.pop("kept") == [["spend key", "bytearray"], ["view key", "bytearray"]], "the search finds it"
    assert {name for name, _ in report.pop("lent")} == {"spend key", "view key"}
    assert set(report) == {"forgotten", "signed", "refused", "lent back", "cancelled", "asked for again"}
    for moment, found in report.items():
        assert found == [["view key", "bytearray"]], moment
