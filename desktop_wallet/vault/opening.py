"""Creating and unlocking a vault, changing its password, giving it a new device secret. Blocking."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.errors import (
    AlreadyThere,
    KeyringFailure,
    StorageFailure,
    VaultDamaged,
    WeakPassword,
)
from desktop_wallet.sealing import KdfParameters, random_key, random_salt, wipe
from desktop_wallet.vault import wraps
from desktop_wallet.vault.document import (
    VAULT_FILE,
    DeviceMode,
    VaultDocument,
    VaultHeader,
    decode_document,
    exists,
)
from desktop_wallet.vault.files import make_private_folder, to_text, write_private
from desktop_wallet.vault.held_keys import KEPT
from desktop_wallet.vault.strongbox import SPEND, SPEND_HALF, VIEW, SpendProblem, Strongbox, bare, new_entry

PASSWORD_MINIMUM: Final = 8
"""Characters."""
UNLOCK_PATIENCE_S: Final = 5.0
"""How long an unlock waits for somebody to answer the keyring's prompt: the balances need no keyring."""
RETRY_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class UnlockOutcome:
    """Balances can be seen. `spend_problem` says why secrets cannot be opened; None: they can."""

    spend_problem: SpendProblem | None


def check_new_password(password: str) -> None:
    """Raise WeakPassword for a password that is too short to be one."""
    if len(password) < PASSWORD_MINIMUM:
        raise WeakPassword(minimum=PASSWORD_MINIMUM)


@dataclass(frozen=True, slots=True)
class NewVault:
    """What a person chose when creating a profile."""

    name: str
    kdf: KdfParameters
    device: DeviceMode
    practice: bool


def create(box: Strongbox, chosen: NewVault, password: str, ticket: int) -> VaultHeader:
    """Make the vault and unlock it. AlreadyThere, WeakPassword, NotAllowed, KeyringFailure or StorageFailure."""
    check_new_password(password)
    if exists(box.folder):
        raise AlreadyThere(what="profile", name=chosen.name)
    box.refuse_memory(practice=chosen.practice)
    device, entry = _new_device(box, chosen.device)
    header = VaultHeader(
        profile=ProfileId(box.folder.name),
        name=chosen.name,
        created_at_s=box.clock.now().wall_s,
        practice=chosen.practice,
        device=chosen.device,
        device_entry=entry,
        device_fingerprint=wraps.fingerprint(device) if entry else "",
        kdf=chosen.kdf,
        salt=random_salt(),
    )
    view = random_key()
    keys = wraps.password_keys(password, header)
    try:
        make_private_folder(box.folder)
        _write_with_new_spend_key(box, header, keys, device=device, view=view, ticket=ticket)
    finally:
        keys.wipe()
        wipe(device)
        wipe(view)
    return header


def unlock(box: Strongbox, password: str, ticket: int) -> UnlockOutcome:
    """Open the view key, and the spend key if the keyring lets us.

    WrongPassword, VaultMissing, VaultDamaged, VaultTooNew, NotAllowed or StorageFailure: nothing is open then.
    """
    document = box.read()
    box.refuse_memory(practice=document.header.practice)
    if document.header.has_device_secret:
        box.store.prepare()
    keys = wraps.password_keys(password, document.header)
    try:
        box.keys.hold(VIEW, wraps.open_view(document, keys), ticket)
        box.keys.hold(SPEND_HALF, keys.spend_half, ticket)
    finally:
        keys.wipe()
    box.asks = False
    return _open_spend(box, document, ticket, UNLOCK_PATIENCE_S)


def retry_keyring(box: Strongbox, ticket: int) -> UnlockOutcome:
    """Try again to open the spend key, waiting up to a minute for an answer to the keyring's prompt.

    Where the password is asked for each time, there is nothing to open it with: then the keyring alone is tried.
    """
    box.keys.key(VIEW)
    if box.asks:
        return _try_keyring(box)
    if box.keys.holds(SPEND):
        return UnlockOutcome(None)
    return _open_spend(box, box.read(), ticket, RETRY_PATIENCE_S)


def forget_spend_key(box: Strongbox) -> None:
    """Wipe what is kept of the spend key, or would open it, and ask for the password from now on. VaultLocked."""
    box.keys.key(VIEW)
    box.asks = True
    box.keys.forget(SPEND)
    box.keys.forget(SPEND_HALF)


def keep_spend_key(box: Strongbox, password: str, ticket: int) -> None:
    """Open the spend key and keep it until the lock. VaultLocked, WrongPassword, VaultDamaged or KeyringFailure."""
    lend_spend_key(box, password, ticket, KEPT)
    box.asks = False


def lend_spend_key(box: Strongbox, password: str, ticket: int, loan: int) -> None:
    """Open the spend key and hold it for a loan. VaultLocked, WrongPassword, VaultDamaged or KeyringFailure."""
    box.keys.key(VIEW)
    document = box.read()
    keys = wraps.password_keys(password, document.header)
    try:
        wraps.open_view(document, keys)
        device = box.device_secret(document.header, RETRY_PATIENCE_S)
        box.keys.hold(SPEND, wraps.open_spend(document, keys.spend_half, device), ticket, loan=loan)
    finally:
        keys.wipe()
    box.problem = None


@contextlib.contextmanager
def confirmed(box: Strongbox, password: str, ticket: int) -> Iterator[None]:
    """Within it the password was right, and the spend key can be had; afterwards nothing is left that was not before.

    WrongPassword; where the password is asked for each time, what `lend_spend_key` raises.
    """
    if not box.asks:
        check_password(box, password)
        yield
        return
    loan = box.keys.new_loan()
    try:
        lend_spend_key(box, password, ticket, loan)
        yield
    finally:
        box.keys.forget(SPEND, loan=loan)


def check_password(box: Strongbox, password: str) -> None:
    """Raise WrongPassword unless this password opens the vault."""
    document = box.read()
    keys = wraps.password_keys(password, document.header)
    try:
        wraps.open_view(document, keys)
    finally:
        keys.wipe()


def change_password(box: Strongbox, old: str, new: str, kdf: KdfParameters | None) -> None:
    """Wrap both keys anew. Needs the device secret: KeyringFailure without it, which changes nothing."""
    check_new_password(new)
    document = box.read()
    header = replace(document.header, salt=random_salt(), kdf=kdf or document.header.kdf)
    old_keys = wraps.password_keys(old, document.header)
    new_keys = None
    try:
        view = wraps.open_view(document, old_keys)
        device = box.device_secret(document.header, RETRY_PATIENCE_S)
        spend = wraps.open_spend(document, old_keys.spend_half, device)
        new_keys = wraps.password_keys(new, header)
        changed = wraps.wrap(header, new_keys, device, view=view, spend=spend)
        changed = replace(changed, secrets=document.secrets, stale_entries=document.stale_entries)
        _write_checked(box, changed, new_keys, device, view=view, spend=spend)
    finally:
        old_keys.wipe()
        if new_keys is not None:
            new_keys.wipe()


def renew_device(box: Strongbox, password: str, mode: DeviceMode, ticket: int) -> None:
    """Make a new spend key after the device secret was lost; the wallets' secrets must then be given anew.

    The old file stays beside the new one as `vault.json.<n>.old`, should the lost keyring come back.
    """
    document = box.read()
    keys = wraps.password_keys(password, document.header)
    device = bytearray()
    view = bytearray()
    try:
        view = bytearray(wraps.open_view(document, keys))
        device, entry = _new_device(box, mode)
        header = replace(
            document.header,
            device=mode,
            device_entry=entry,
            device_fingerprint=wraps.fingerprint(device) if entry else "",
        )
        _keep_old(box, document)
        _write_with_new_spend_key(box, header, keys, device=device, view=view, ticket=ticket)
    finally:
        keys.wipe()
        wipe(device)
        wipe(view)


def _new_device(box: Strongbox, mode: DeviceMode) -> tuple[bytearray, str]:
    if mode is DeviceMode.NONE:
        return bytearray(), ""
    box.store.check()
    return wraps.new_device_secret(), new_entry()


def _write_with_new_spend_key(
    box: Strongbox,
    header: VaultHeader,
    keys: wraps.PasswordKeys,
    *,
    device: bytearray,
    view: bytearray,
    ticket: int,
) -> None:
    spend = random_key()
    try:
        document = wraps.wrap(header, keys, device, view=view, spend=spend)
        with box.undoing(header.device_entry):
            if header.device_entry:
                box.write_entry(header.device_entry, to_text(device))
            _write_checked(box, document, keys, device, view=view, spend=spend)
        box.problem = None
        box.keys.forget_loans(SPEND)  # of the key that was: it opens nothing of the new file
        box.keys.hold(VIEW, view, ticket)
        if not box.asks:
            box.keys.hold(SPEND, spend, ticket)
    finally:
        wipe(spend)


def _write_checked(
    box: Strongbox,
    document: VaultDocument,
    keys: wraps.PasswordKeys,
    device: bytes | bytearray,
    *,
    view: bytes | bytearray,
    spend: bytes | bytearray,
) -> None:
    def verify(written: bytes) -> None:
        read_back = decode_document(written)
        if (
            wraps.open_view(read_back, keys) != view
            or wraps.open_spend(read_back, keys.spend_half, device) != spend
            or read_back != document
        ):
            raise StorageFailure(name=VAULT_FILE, problem="read-back")

    box.write(document, verify)


def _keep_old(box: Strongbox, document: VaultDocument) -> None:
    number = 1
    while (path := box.folder / f"{VAULT_FILE}.{number}.old").exists():
        number += 1
    write_private(path, document.encode(), box.steps)


def _try_keyring(box: Strongbox) -> UnlockOutcome:
    if isinstance(box.problem, KeyringFailure):
        try:
            box.device_secret(box.read().header, RETRY_PATIENCE_S)
        except KeyringFailure as problem:
            box.problem = bare(problem)
        else:
            box.problem = None
    return UnlockOutcome(None if box.problem is None else bare(box.problem))


def _open_spend(box: Strongbox, document: VaultDocument, ticket: int, patience_s: float) -> UnlockOutcome:
    try:
        device = box.device_secret(document.header, patience_s)
        spend = wraps.open_spend(document, box.keys.key(SPEND_HALF), device)
    except (KeyringFailure, VaultDamaged) as problem:
        box.problem = bare(problem)
        return UnlockOutcome(bare(problem))
    box.problem = None
    box.keys.hold(SPEND, spend, ticket)
    box.keys.forget(SPEND_HALF)
    return UnlockOutcome(None)
