from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.errors import MalformedReply, OversizedReply, UntrustedReply
from desktop_wallet.net.json_text import JsonDecimal, check_structure, parse_json
from desktop_wallet.net.limits import ReplyLimits

_HOST = "server.example"
_LIMITS = ReplyLimits()

_SIMPLE = st.none() | st.booleans() | st.integers(-(2**256), 2**256) | st.text()
_JSON = st.recursive(
    _SIMPLE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=40
)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(each) for each in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(each) for each in value), default=0)
    return 0


@given(_JSON, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_json_can_say_without_fractions_is_read_as_it_was_written(
    value: object, in_ascii: bool, indent: int | None
) -> None:
    body = json.dumps(value, ensure_ascii=in_ascii, indent=indent).encode("utf-8", "surrogatepass")
    assert parse_json(body, _HOST, _LIMITS) == value


@given(_JSON, st.booleans(), st.integers(1, 6))
def test_depth_is_counted_exactly_and_brackets_inside_strings_do_not_count(
    value: object, in_ascii: bool, allowed: int
) -> None:
    body = json.dumps(value, ensure_ascii=in_ascii).encode()
    limits = ReplyLimits(max_depth=allowed)
    if _depth(value) <= allowed:
        check_structure(body, _HOST, limits)
        return
    with pytest.raises(OversizedReply) as caught:
        check_structure(body, _HOST, limits)
    assert caught.value.data["limit"] == "depth"


@given(st.binary(max_size=200) | st.text('[]{}",:\\ 01eE.-+tfnu', max_size=200).map(str.encode))
def test_no_bytes_make_anything_but_a_value_or_an_untrusted_reply(body: bytes) -> None:
    try:
        value = parse_json(body, _HOST, _LIMITS)
    except UntrustedReply:
        return
    assert value == json.loads(body, parse_float=JsonDecimal)


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (b"[" * 65 + b"]" * 65, "depth"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "depth"),
        (b"[" * 90_000 + b"]" * 90_000, "depth"),
        (b"[" * 5_000_000 + b"]" * 5_000_000, "items"),
        (b"[" + b"0," * 500_001 + b"0]", "items"),
        (b"[" + b"[]," * 400_000 + b"0]", "items"),
        (b"[" + b'""' * 400_000 + b"]", "items"),
    ],
)
def test_too_much_structure_is_refused_before_it_is_parsed(body: bytes, limit: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(OversizedReply) as caught:
            parse_json(body, _HOST, _LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.data["limit"] == limit
    assert peak < 4 * len(body) + 100_000


def test_the_deepest_allowed_text_is_read() -> None:
    assert _depth(parse_json(b"[" * 64 + b"]" * 64, _HOST, _LIMITS)) == 64


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[" * 100_000,
        b"]" * 100_000,
        b"[}",
        b'{"a":1]',
        b'["unended',
        b'"' + rb"\"" * 190_000,  # quadratic for a scan that starts again at each mark
        b"[1,]",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1" * 81,
        b"[" + b"9" * 1_000_000 + b"]",
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'["\xff"]',
        b"<html>sorry</html>",
        b'"a" "b"',
        b"{1:2}",
        b"'a'",
        b'["\x00"]',
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedReply) as caught:
        parse_json(body, _HOST, _LIMITS)
    assert caught.value.data == {"host": _HOST, "problem": "json"}
    assert caught.value.__context__ is None  # the parser's error would carry the reply


@pytest.mark.parametrize("text", ["1.0", "1e3", "-0.5", "1E400", "0.1e-999999999"])
def test_numbers_with_fraction_or_exponent_are_never_floats_or_ints(text: str) -> None:
    assert parse_json(f"[{text}]".encode(), _HOST, _LIMITS) == [JsonDecimal(text)]


def test_the_largest_256_bit_integer_is_read() -> None:
    assert parse_json(str(2**256 - 1).encode(), _HOST, _LIMITS) == 2**256 - 1
