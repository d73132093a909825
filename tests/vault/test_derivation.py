from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from bip32 import BIP32
from bip32.base58 import b58decode_check

from desktop_wallet.core.accounts import DerivationPath
from desktop_wallet.core.errors import InvalidKey, NotAllowed
from desktop_wallet.vault.signers.evm import address_of_key, child_key, parse_key
from desktop_wallet.vault.wallet_secrets import KeySecret, PhraseSecret, decode_secret

_TESTS = Path(__file__).parents[1]
_BIP32 = json.loads((_TESTS / "vectors" / "bip32.json").read_text())
_WHOLE_HDNODE = _TESTS.parent / "build/npm/node_modules/@ethersproject/testcases/testcases/hdnode.json.gz"


def _hdnode_cases() -> list[dict[str, Any]]:
    """Return all English cases of the npm package where it is installed, else the part of it that is kept here."""
    if _WHOLE_HDNODE.exists():
        cases: list[dict[str, Any]] = json.loads(gzip.decompress(_WHOLE_HDNODE.read_bytes()))
        return [case for case in cases if case["locale"] == "en" and case["hdnodes"]]
    kept: list[dict[str, Any]] = json.loads((_TESTS / "vectors" / "hdnode.json").read_text())["cases"]
    return kept


@pytest.mark.parametrize("vector", _BIP32["chains"], ids=lambda vector: f"{vector['vector']}:{vector['path']}")
def test_bip32_vectors(vector: dict[str, str]) -> None:
    """Source: see the head of the vectors file. The last 32 bytes of an extended private key are the key."""
    path = DerivationPath(()) if vector["path"] == "m" else DerivationPath.parse(vector["path"])
    assert child_key(bytes.fromhex(vector["seed"]), path) == b58decode_check(vector["xprv"])[-32:]
    master = BIP32.from_seed(bytes.fromhex(vector["seed"]))
    assert master.get_xpub_from_path(vector["path"]) == vector["xpub"]


@pytest.mark.parametrize("extended", _BIP32["refused"])
def test_bip32_vector_5_is_refused(extended: str) -> None:
    readers = {"xpub": [BIP32.from_xpub], "xprv": [BIP32.from_xpriv]}
    for read in readers.get(extended[:4], [BIP32.from_xpub, BIP32.from_xpriv]):
        with pytest.raises(ValueError):  # noqa: PT011 - the library has a kind for each defect, and words for none
            read(extended)


def test_addresses_agree_with_ethers() -> None:
    compared = 0
    for case in _hdnode_cases():
        secret = PhraseSecret.parse(case["mnemonic"], case.get("password") or "")
        nodes = [node for node in case["hdnodes"] if node["path"] != "m"]
        addresses = secret.addresses([DerivationPath.parse(node["path"]) for node in nodes])
        assert [address.text for address in addresses] == [node["address"] for node in nodes], case["name"]
        compared += len(nodes)
    assert compared >= 200


def test_a_key_is_typed_with_or_without_its_prefix() -> None:
    digits = "AC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80"
    assert parse_key(f" 0x{digits} ") == parse_key(digits) == parse_key("0X" + digits.lower())
    assert address_of_key(parse_key(digits)).text == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "length"),
        ("0x", "length"),
        ("ab" * 31, "length"),
        ("ab" * 33, "length"),
        ("xy" * 32, "digits"),
        ("\uff11" * 64, "digits"),
        ("00" * 32, "range"),
        ("ff" * 32, "range"),
        ("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", "range"),
    ],
)
def test_a_wrong_key_is_told_by_what_is_wrong(typed: str, problem: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        parse_key(typed)
    assert caught.value.data == {"problem": problem}


def test_the_largest_key_of_the_curve_is_one() -> None:
    assert parse_key("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140")


def test_a_single_key_has_one_address_and_no_paths() -> None:
    secret = KeySecret(parse_key("11" * 32))
    assert len(secret.addresses(())) == 1
    with pytest.raises(NotAllowed):
        secret.addresses([DerivationPath.parse("m/0")])


def test_secrets_survive_their_compact_form() -> None:
    phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    read = decode_secret(PhraseSecret.parse(phrase, "p\u00e4ss").encode())
    assert isinstance(read, PhraseSecret)
    assert (read.phrase(), read.passphrase.decode()) == (phrase, "pa\u0308ss")
    key = decode_secret(KeySecret(parse_key("11" * 32)).encode())
    assert isinstance(key, KeySecret)
    assert key.key == b"\x11" * 32


@pytest.mark.parametrize("plain", [b"", b"\x01", b"\x01\x10short", b"\x02short", b"\x03" + bytes(32)])
def test_what_is_no_secret_is_refused(plain: bytes) -> None:
    with pytest.raises(ValueError, match="no secret"):
        decode_secret(plain)


@pytest.mark.parametrize("passphrase", ["\u00e4" * 200, "\ud800"])
def test_a_passphrase_that_no_keyring_can_hold_is_refused(passphrase: str) -> None:
    with pytest.raises(NotAllowed):
        PhraseSecret.parse("legal winner thank year wave sausage worth useful legal winner thank yellow", passphrase)


def test_no_secret_shows_in_its_representation() -> None:
    assert "11" not in repr(KeySecret(parse_key("11" * 32)))
    assert "bytearray" not in repr(PhraseSecret(bytearray(16), bytearray(b"hidden")))
