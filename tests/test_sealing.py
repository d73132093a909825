from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.sealing import (
    DEFAULT_KDF,
    OVERHEAD_BYTES,
    KdfParameters,
    SealBroken,
    keyed_name,
    open_sealed,
    random_key,
    random_salt,
    seal,
    stretch,
    subkey,
    wipe,
)

KEYS = st.binary(min_size=32, max_size=32)
CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)


@given(KEYS, st.binary(max_size=300), st.binary(max_size=60))
def test_what_was_sealed_opens_again(key: bytes, plain: bytes, associated: bytes) -> None:
    sealed = seal(key, plain, associated)
    assert len(sealed) == len(plain) + OVERHEAD_BYTES
    assert open_sealed(bytearray(key), sealed, associated) == plain


@given(KEYS, st.binary(max_size=60), st.binary(max_size=30), st.data())
def test_one_changed_bit_is_refused(key: bytes, plain: bytes, associated: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(key, plain, associated))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        open_sealed(key, bytes(sealed), associated)


@given(KEYS, KEYS, st.binary(max_size=30), st.binary(max_size=30))
def test_another_key_or_other_associated_data_opens_nothing(
    key: bytes, other: bytes, associated: bytes, foreign: bytes
) -> None:
    sealed = seal(key, b"secret", associated)
    if other != key:
        with pytest.raises(SealBroken):
            open_sealed(other, sealed, associated)
    if foreign != associated:
        with pytest.raises(SealBroken):
            open_sealed(key, sealed, foreign)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 39])
def test_less_than_nonce_and_tag_is_refused(length: int) -> None:
    with pytest.raises(SealBroken):
        open_sealed(bytes(32), bytes(length), b"")


def test_the_same_plaintext_never_seals_twice_alike() -> None:
    key = random_key()
    assert len({seal(key, b"same", b"") for _ in range(100)}) == 100


def test_a_published_message_opens() -> None:
    """draft-irtf-cfrg-xchacha-03, appendix A.3.1."""
    sealed = bytes.fromhex(
        "404142434445464748494a4b4c4d4e4f5051525354555657"
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216"
        "cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13"
        "b52ec0875924c1c7987947deafd8780acf49"
    )
    plain = open_sealed(bytes(range(0x80, 0xA0)), sealed, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    assert plain.startswith(b"Ladies and Gentlemen of the class of '99:")


def test_stretch_is_argon2id_with_one_lane() -> None:
    salt = bytes(range(16))
    outside = Argon2id(salt=salt, length=32, iterations=1, lanes=1, memory_cost=64 << 10)
    assert bytes(stretch("correct horse", salt, CHEAP)) == outside.derive(b"correct horse")


def test_a_password_is_the_same_however_its_accents_are_composed() -> None:
    salt = random_salt()
    assert stretch("p\u00e4ss", salt, CHEAP) == stretch("pa\u0308ss", salt, CHEAP)


@pytest.mark.parametrize(
    ("memory_bytes", "passes"),
    [(64 << 20, 0), (64 << 20, 17), ((64 << 20) - 1024, 1), ((1 << 30) + 1024, 1), ((64 << 20) + 1, 1), (-1, 1)],
)
def test_a_cost_out_of_bounds_is_refused_before_it_is_paid(memory_bytes: int, passes: int) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        KdfParameters(memory_bytes, passes)


def test_the_default_cost_is_256_mib_and_three_passes() -> None:
    assert (DEFAULT_KDF.memory_bytes, DEFAULT_KDF.passes) == (256 << 20, 3)


@given(KEYS, st.text(max_size=20), st.binary(max_size=40))
def test_a_subkey_is_keyed_blake2b_of_label_and_context(key: bytes, label: str, context: bytes) -> None:
    name = label.encode()
    outside = hashlib.blake2b(
        len(name).to_bytes(2, "big") + name + context, digest_size=32, key=key, person=b"desktop-wallet"
    )
    assert subkey(key, label, context) == outside.digest()


def test_label_and_context_cannot_run_into_each_other() -> None:
    key = random_key()
    assert subkey(key, "ab", b"c") != subkey(key, "a", b"bc")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        subkey(b"short", "label")


def test_a_keyed_name_tells_nothing_and_is_stable() -> None:
    key = random_key()
    assert keyed_name(key, "0xabc") == keyed_name(bytes(key), "0xabc")
    assert keyed_name(key, "0xabc") != keyed_name(random_key(), "0xabc")
    assert len(keyed_name(key, "0xabc")) == 64


def test_wipe_leaves_zeros_in_the_same_buffer() -> None:
    buffer = bytearray(b"secret")
    view = memoryview(buffer)
    wipe(buffer)
    assert bytes(view) == bytes(6)
