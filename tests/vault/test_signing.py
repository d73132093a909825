"""What the vault signs, with whose key, and that nothing of it gets out but the signed bytes."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import traceback
from dataclasses import replace

import pytest
from eth_account import Account
from hexbytes import HexBytes

from desktop_wallet.core.accounts import DerivationPath, PathScheme
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import KeyringEntryVanished, NotAllowed, VaultLocked
from desktop_wallet.core.networks import Family
from desktop_wallet.core.signing import LegacyPrice, SignedTransaction, SignTransaction
from desktop_wallet.vault.phrases import entropy_of, seed_of
from desktop_wallet.vault.signers.evm import child_key
from desktop_wallet.vault.vault import Vault
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, THREE, TRANSFER, TWO

KEY = bytes([0x11]) * 32
FIRST_KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""The key of the phrase's first address, as every development chain prints it."""


def signer_of(signed: SignedTransaction) -> str:
    """Return whose signature it is, as eth-account recovers it."""
    sender: str = Account.recover_transaction(HexBytes(signed.raw))
    return sender.lower()


@pytest.mark.parametrize("path", [scheme.path(number) for scheme in PathScheme for number in (0, 1, 7)], ids=str)
async def test_a_phrase_signs_with_the_key_at_the_path(vault: Vault, path: DerivationPath) -> None:
    sender = (await vault.derive_addresses(ONE, [path]))[0]
    signed = await vault.sign(replace(TRANSFER, path=path, sender=sender))
    assert signer_of(signed) == sender.text


async def test_the_passphrase_belongs_to_the_key(vault: Vault) -> None:
    await vault.add_phrase_wallet(TWO, PHRASE, "p\u00e4ss")
    sender = (await vault.derive_addresses(TWO, PATHS))[0]
    assert sender.text != FIRST
    assert signer_of(await vault.sign(replace(TRANSFER, wallet=TWO, sender=sender))) == sender.text
    with pytest.raises(NotAllowed):
        await vault.sign(replace(TRANSFER, wallet=TWO))


async def test_a_single_key_signs_without_a_path(vault: Vault) -> None:
    sender = await vault.add_key_wallet(TWO, KEY.hex())
    request = SignTransaction(TWO, None, sender, TRANSFER.transaction)
    assert signer_of(await vault.sign(request)) == sender.text
    with pytest.raises(NotAllowed) as caught:
        await vault.sign(replace(request, path=PATHS[0]))
    assert caught.value.data == {"why": "key-has-no-paths"}


async def test_old_and_new_transactions_are_what_eth_account_signs_with_that_key(vault: Vault) -> None:
    fields = {
        "chainId": 31337,
        "nonce": 7,
        "to": "0x" + "12" * 20,
        "value": 10**15,
        "gas": 21_000,
    }
    new = Account.sign_transaction(
        {**fields, "maxFeePerGas": 2_000_000_000, "maxPriorityFeePerGas": 1_000_000_000}, FIRST_KEY
    )
    old = Account.sign_transaction({**fields, "gasPrice": 3}, FIRST_KEY)
    legacy = replace(TRANSFER, transaction=replace(TRANSFER.transaction, price=LegacyPrice(3)))
    for request, expected in ((TRANSFER, new), (legacy, old)):
        signed = await vault.sign(request)
        assert (signed.raw, signed.id) == (bytes(expected.raw_transaction), expected.hash.to_0x_hex())


@pytest.mark.parametrize("path", [PathScheme.BIP44.path(1), DerivationPath(())], ids=["next", "master"])
async def test_the_key_of_another_sender_signs_nothing(vault: Vault, path: DerivationPath) -> None:
    with pytest.raises(NotAllowed) as caught:
        await vault.sign(replace(TRANSFER, path=path))
    assert caught.value.data == {"why": "other-key"}
    with pytest.raises(NotAllowed) as caught:
        await vault.sign(replace(TRANSFER, sender=Address(Family.EVM, "0x" + "12" * 20)))
    assert caught.value.data == {"why": "other-key"}


async def test_a_phrase_signs_nothing_without_a_path(vault: Vault) -> None:
    with pytest.raises(NotAllowed) as caught:
        await vault.sign(replace(TRANSFER, path=None))
    assert caught.value.data == {"why": "phrase-needs-a-path"}


async def test_a_wallet_whose_secret_is_not_here_signs_nothing(vault: Vault) -> None:
    with pytest.raises(NotAllowed) as caught:
        await vault.sign(replace(TRANSFER, wallet=THREE))
    assert caught.value.data == {"why": "no-secret"}


async def test_a_locked_vault_signs_nothing(vault: Vault) -> None:
    vault.lock()
    for password in (None, PASSWORD):
        with pytest.raises(VaultLocked):
            await vault.sign(TRANSFER, password)


async def test_without_the_keyring_nothing_is_signed_and_the_reason_is_told(
    vault: Vault, make_vault: MakeVault, store: DiskStore
) -> None:
    store.entries = {}
    again = make_vault()
    await again.unlock(PASSWORD)
    with pytest.raises(KeyringEntryVanished):
        await again.sign(TRANSFER)


async def test_the_same_request_gives_the_same_bytes_however_often_and_at_once(vault: Vault) -> None:
    """RFC 6979: a signature made twice is one transaction."""
    signed = await asyncio.gather(*(vault.sign(TRANSFER) for _ in range(5)))
    assert len({(each.raw, each.id) for each in signed}) == 1


async def test_a_cancelled_caller_leaves_the_vault_able_to_sign(vault: Vault) -> None:
    signing = asyncio.ensure_future(vault.sign(TRANSFER))
    await asyncio.sleep(0)
    signing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing
    assert signer_of(await vault.sign(TRANSFER)) == FIRST


def secrets_in(text: str) -> list[str]:
    """Return which secrets of the sample phrase stand in a text, in any of the forms Python prints bytes in."""
    seed = bytes(seed_of(PHRASE, ""))
    key = child_key(seed, PATHS[0])
    forms = {"phrase": PHRASE, "half a phrase": "test test test", "password": PASSWORD, "key as a number": ""}
    forms["key as a number"] = str(int.from_bytes(key, "big"))
    for name, secret in {"key": key, "seed": seed, "entropy": bytes(entropy_of(PHRASE))}.items():
        forms[f"{name} in hexadecimal"] = secret.hex()
        forms[f"{name} as bytes"] = repr(secret)[2:-1]
        forms[f"{name} as a list"] = str(list(secret))[1:-1]
    return [name for name, form in forms.items() if form in text]


def test_the_search_for_secrets_finds_them() -> None:
    key = bytes.fromhex(FIRST_KEY)
    assert secrets_in(f"around {PHRASE} around") == ["phrase", "half a phrase"]
    assert secrets_in(f"{key!r} {int(FIRST_KEY, 16)} {bytearray(key)!r}") == ["key as a number", "key as bytes"]
    assert secrets_in(f"HexBytes('0x{FIRST_KEY}')") == ["key in hexadecimal"]


async def test_neither_secrets_nor_signed_bytes_are_logged(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().debug("control %s", FIRST_KEY)
        assert secrets_in(caplog.text) == ["key in hexadecimal"]
        caplog.clear()
        signed = await vault.sign(TRANSFER)
        with pytest.raises(NotAllowed):
            await vault.sign(replace(TRANSFER, path=PathScheme.BIP44.path(1)))
    assert secrets_in(caplog.text) == []
    assert signed.raw.hex() not in caplog.text


async def test_signed_bytes_stand_in_no_representation(vault: Vault) -> None:
    signed = await vault.sign(TRANSFER)
    assert repr(signed) == f"SignedTransaction(id='{signed.id}')"
    assert secrets_in(repr(TRANSFER)) == []


IMPOSSIBLE = replace(TRANSFER.transaction, value_wei=-1)
NOT_EVEN_BYTES = replace(TRANSFER.transaction, data=object())  # type: ignore[arg-type]
TIMELESS = replace(TRANSFER.transaction, nonce=1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "request_",
    [
        replace(TRANSFER, path=PathScheme.BIP44.path(1)),
        replace(TRANSFER, transaction=IMPOSSIBLE),
        replace(TRANSFER, transaction=NOT_EVEN_BYTES),
        replace(TRANSFER, transaction=TIMELESS),
    ],
    ids=["another key", "negative value", "no bytes", "half a nonce"],
)
async def test_no_error_of_the_signer_carries_a_secret(vault: Vault, request_: SignTransaction) -> None:
    """Not in its words, and not in the variables of any frame that it passed, which crash reports show."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the library raises
        await vault.sign(request_)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(shown.format())
    assert "shelf.py" in text, "it passed where keys are"
    # The password stands in the test's own module; frames of the tests are no part of the vault.
    assert [name for name in secrets_in(text) if "phrase" not in name and name != "password"] == []
    assert secrets_in(f"{caught.value!r} {caught.value}") == []
    assert signer_of(await vault.sign(TRANSFER)) == FIRST


def test_nothing_that_signs_is_loaded_before_the_first_signature() -> None:
    """Together they take 0.2 s to load, which no start has to spare."""
    code = (
        "import sys, desktop_wallet.vault.vault, desktop_wallet.chains.evm.transactions\n"
        "print(sorted({'eth_account', 'rlp', 'coincurve', 'Crypto'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
