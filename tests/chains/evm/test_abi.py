"""Contract calls by hand: what is written, and what is read however damaged it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.chains.evm import abi
from desktop_wallet.core.errors import MalformedReply

TARGET = "0x" + "11" * 20
ACCOUNT = "0x" + "22" * 20


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def encoded(results: list[bytes | None]) -> bytes:
    """Return what Solidity returns for these results; None is a failed call."""
    heads, bodies, place = [], [], 32 * len(results)
    for result in results:
        data = result or b""
        body = word(result is not None) + word(64) + word(len(data)) + data + b"\0" * (-len(data) % 32)
        heads.append(word(place))
        bodies.append(body)
        place += len(body)
    return b"".join([word(32), word(len(results)), *heads, *bodies])


def test_a_call_is_encoded_as_solidity_does_it() -> None:
    calls = [
        abi.sub_call(TARGET, abi.GET_BLOCK_NUMBER),
        abi.sub_call_head(TARGET, abi.BALANCE_OF) + abi.sub_call_tail(ACCOUNT),
    ]
    # As viem 2.38.0 writes it: encodeFunctionData of multicall3Abi's aggregate3 with these two calls.
    assert abi.encode_aggregate3(calls) == (
        "0x82ad56cb"
        "0000000000000000000000000000000000000000000000000000000000000020"
        "0000000000000000000000000000000000000000000000000000000000000002"
        "0000000000000000000000000000000000000000000000000000000000000040"
        "00000000000000000000000000000000000000000000000000000000000000e0"
        "0000000000000000000000001111111111111111111111111111111111111111"
        "0000000000000000000000000000000000000000000000000000000000000001"
        "0000000000000000000000000000000000000000000000000000000000000060"
        "0000000000000000000000000000000000000000000000000000000000000004"
        "42cbb15c00000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000001111111111111111111111111111111111111111"
        "0000000000000000000000000000000000000000000000000000000000000001"
        "0000000000000000000000000000000000000000000000000000000000000060"
        "0000000000000000000000000000000000000000000000000000000000000024"
        "70a0823100000000000000000000000022222222222222222222222222222222"
        "2222222200000000000000000000000000000000000000000000000000000000"
    )


@given(st.lists(st.none() | st.binary(max_size=100)))
def test_results_are_read_as_they_were_written(results: list[bytes | None]) -> None:
    assert abi.decode_aggregate3(encoded(results), len(results)) == results


@given(st.lists(st.integers(0, 2**256 - 1), max_size=30), st.data())
def test_words_only_are_read_the_short_way_and_damage_to_them_is_seen(numbers: list[int], draw: st.DataObject) -> None:
    words: list[bytes | None] = [word(number) for number in numbers]
    assert abi.decode_aggregate3(encoded(words), len(words)) == words
    if words:
        place = draw.draw(st.integers(0, len(words) - 1))
        words[place] = draw.draw(st.none() | st.binary(max_size=64))
        assert abi.decode_aggregate3(encoded(words), len(words)) == words


@given(st.binary(max_size=2_000), st.integers(0, 20))
def test_random_bytes_are_refused_in_one_way_only(data: bytes, count: int) -> None:
    try:
        results = abi.decode_aggregate3(data, count)
    except MalformedReply:
        return
    assert encoded(results) == data


@given(st.lists(st.none() | st.binary(max_size=70), min_size=1, max_size=6), st.data())
def test_damage_is_seen_or_changes_nothing_but_what_was_damaged(
    results: list[bytes | None], draw: st.DataObject
) -> None:
    good = encoded(results)
    place = draw.draw(st.integers(0, len(good) - 1))
    damaged = bytearray(good)
    damaged[place] ^= draw.draw(st.integers(1, 255))
    try:
        read = abi.decode_aggregate3(bytes(damaged), len(results))
    except MalformedReply:
        return
    assert len(read) == len(results)
    assert sum(a != b for a, b in zip(read, results, strict=True)) <= 1


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_results_than_of_calls_is_refused(count: int) -> None:
    with pytest.raises(MalformedReply):
        abi.decode_aggregate3(encoded([word(1)]), count)


@given(st.binary(max_size=31))
def test_an_empty_or_short_reply_is_no_number(data: bytes) -> None:
    assert abi.decode_uint(data) is None
    assert abi.decode_uint(None) is None


@given(st.integers(0, 2**256 - 1))
def test_every_number_of_256_bits_is_read(number: int) -> None:
    assert abi.decode_uint(word(number)) == number


@given(st.text())
def test_a_string_is_read(text: str) -> None:
    data = text.encode("utf-8", errors="replace")
    assert abi.decode_text(word(32) + word(len(data)) + data + b"\0" * (-len(data) % 32)) == data.decode()


def test_a_name_of_32_bytes_is_read() -> None:
    assert abi.decode_text(b"MKR".ljust(32, b"\0")) == "MKR"


@given(st.binary(max_size=200))
def test_any_bytes_make_some_text(data: bytes) -> None:
    assert len(abi.decode_text(data)) <= len(data)


def test_a_length_that_lies_reads_no_further_than_the_reply() -> None:
    assert abi.decode_text(word(32) + word(2**255) + b"USD") == "USD"
