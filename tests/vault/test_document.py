from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.accounts import ProfileId, WalletId
from desktop_wallet.core.errors import StorageFailure, VaultDamaged, VaultMissing, VaultTooNew
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import (
    DeviceMode,
    StoredSecret,
    VaultDocument,
    VaultHeader,
    decode_document,
    exists,
    read_document,
)
from desktop_wallet.vault.files import decode_file, encode_file
from tests.conftest import ProofSize

HEADER = VaultHeader(
    profile=ProfileId("ab" * 16),
    name="Alice \u2013 main",
    created_at_s=1_790_000_000.25,
    practice=False,
    device=DeviceMode.KEYRING,
    device_entry="cd" * 16,
    device_fingerprint="ef" * 16,
    kdf=KdfParameters(256 << 20, 3),
    salt=bytes(range(16)),
)
DOCUMENT = VaultDocument(
    HEADER, bytes(72), bytes(range(72)), {WalletId("1"): StoredSecret("e", b"sealed")}, stale_entries=("gone",)
)
WHOLE = DOCUMENT.encode()


def body_with(**changes: object) -> bytes:
    """Return a file with other fields and a right digest, as a stranger could write it."""
    return encode_file({**decode_file(WHOLE), **changes})


def test_a_document_reads_as_it_was_written() -> None:
    assert decode_document(WHOLE) == DOCUMENT


def test_every_single_byte_counts(proof_size: ProofSize) -> None:
    """Each byte of the file once, and as many random bit flips as the proof's size says."""
    chance = random.Random(20)
    flips = [(at, 1 << chance.randrange(8)) for at in range(len(WHOLE))]
    flips += [(chance.randrange(len(WHOLE)), 1 << chance.randrange(8)) for _ in range(proof_size.corruptions)]
    for at, bit in flips:
        damaged = bytearray(WHOLE)
        damaged[at] ^= bit
        with pytest.raises(VaultDamaged):
            decode_document(bytes(damaged))


@pytest.mark.parametrize("length", [0, 1, 2, len(WHOLE) // 2, len(WHOLE) - 1])
def test_a_torn_file_is_damaged(length: int) -> None:
    with pytest.raises(VaultDamaged):
        decode_document(WHOLE[:length])


@pytest.mark.parametrize("added", [b"\n", b" ", b"\x00", b"{}"])
def test_a_file_with_something_behind_it_is_damaged(added: bytes) -> None:
    with pytest.raises(VaultDamaged):
        decode_document(WHOLE + added)


@pytest.mark.parametrize("data", [b"null", b"[]", b"7", b'"vault"', b"[" * 100_000, b"\xff\xfe", b'{"sha256":"x"}'])
def test_what_is_no_vault_at_all_is_damaged(data: bytes) -> None:
    with pytest.raises(VaultDamaged):
        decode_document(data)


def test_the_same_content_in_another_spelling_is_damaged() -> None:
    with pytest.raises(VaultDamaged):
        decode_document(json.dumps(json.loads(WHOLE)).encode())


def test_a_newer_version_is_told_from_damage() -> None:
    with pytest.raises(VaultTooNew) as caught:
        decode_document(body_with(version=2, new_field={"deep": [1, 2]}))
    assert (caught.value.found, caught.value.known) == (2, 1)


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None, [2]])
def test_a_version_that_never_was_is_damage(version: object) -> None:
    with pytest.raises(VaultDamaged):
        decode_document(body_with(version=version))


PLANTED: list[dict[str, Any]] = [
    {"kdf": {"algorithm": "argon2id", "memory_bytes": 1 << 40, "passes": 3, "salt": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    {"kdf": {"algorithm": "argon2id", "memory_bytes": 1024, "passes": 3, "salt": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    {"kdf": {"algorithm": "argon2id", "memory_bytes": 256 << 20, "passes": 10**9, "salt": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    {"kdf": {"algorithm": "md5", "memory_bytes": 256 << 20, "passes": 3, "salt": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    {"kdf": {"algorithm": "argon2id", "memory_bytes": 256 << 20, "passes": 3, "salt": "AAAA"}},
    {"kdf": {"algorithm": "argon2id", "memory_bytes": True, "passes": True, "salt": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    {"kdf": []},
    {"device": "both"},
    {"practice": 1},
    {"name": None},
    {"created_at_s": "yesterday"},
    {"view_wrap": 7},
    {"secrets": []},
    {"secrets": {"1": {"entry": "e"}}},
    {"secrets": {"1": {"entry": "e", "sealed": "c2VhbGVk", "more": 1}}},
    {"stale_entries": [1]},
    {"unknown": 1},
    {"format": "another"},
]


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_fields_are_refused_before_they_are_used(planted: dict[str, Any]) -> None:
    with pytest.raises(VaultDamaged):
        decode_document(body_with(**planted))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), st.data())
def test_any_planted_value_anywhere_is_read_or_refused(value: object, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(decode_file(WHOLE))))
    planted = body_with(**{field: value})
    with contextlib.suppress(VaultDamaged, VaultTooNew):
        assert decode_document(planted).encode() == planted


def test_the_associated_data_of_each_wrap_is_its_own_and_covers_the_header() -> None:
    from dataclasses import replace

    changed = [
        replace(HEADER, profile=ProfileId("x")),
        replace(HEADER, name="x"),
        replace(HEADER, created_at_s=0.0),
        replace(HEADER, practice=True),
        replace(HEADER, device=DeviceMode.NONE),
        replace(HEADER, device_entry="x"),
        replace(HEADER, device_fingerprint="x"),
        replace(HEADER, kdf=KdfParameters(256 << 20, 4)),
        replace(HEADER, salt=bytes(16)),
    ]
    distinct = {header.associated(what) for header in [HEADER, *changed] for what in ("view", "spend")}
    assert len(distinct) == 2 * (1 + len(changed))


def test_a_missing_file_is_missing_and_not_damaged(tmp_path: Path) -> None:
    assert not exists(tmp_path)
    with pytest.raises(VaultMissing):
        read_document(tmp_path)


def test_a_folder_in_the_files_place_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "vault.json").mkdir()
    with pytest.raises(StorageFailure):
        read_document(tmp_path)
