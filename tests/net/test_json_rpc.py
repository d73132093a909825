from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    MalformedReply,
    OversizedReply,
)
from desktop_wallet.net.json_rpc import (
    NO_ANSWER,
    Call,
    Result,
    RpcError,
    RpcResult,
    clean_message,
    decode,
    decode_batch,
    encode,
    encode_batch,
    hex_data,
    hex_quantity,
)

_HOST = "server.example"
_CALLS = (Call("eth_chainId"), Call("eth_getBalance", ("0x" + "11" * 20, "latest")), Call("eth_call", [{"to": "0x"}]))


def _item(number: object, result: object = "0x1") -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _fault(number: object, code: object = -32000, message: object = "no") -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def _decode(reply: object) -> list[Result]:
    return decode_batch(_CALLS, json.dumps(reply).encode(), _HOST)


def test_a_batch_is_an_array_with_ids_from_one() -> None:
    assert json.loads(encode_batch(_CALLS)) == [
        {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "eth_getBalance", "params": ["0x" + "11" * 20, "latest"]},
        {"jsonrpc": "2.0", "id": 3, "method": "eth_call", "params": [{"to": "0x"}]},
    ]


def test_a_single_call_is_an_object() -> None:
    assert json.loads(encode(_CALLS[0])) == {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}


def test_results_come_in_the_order_of_the_calls_whatever_order_the_server_took() -> None:
    assert _decode([_item(3, "c"), _item(1, "a"), _item(2, None)]) == [RpcResult("a"), RpcResult(None), RpcResult("c")]


def test_a_missing_reply_is_a_failure_of_that_call_only() -> None:
    first, second, third = _decode([_item(1), _item(3)])
    assert (first, third) == (RpcResult("0x1"), RpcResult("0x1"))
    assert second == RpcError(NO_ANSWER, "")
    assert all(isinstance(each, RpcError) for each in _decode([]))


def test_an_error_of_one_call_leaves_the_others_alone() -> None:
    results = _decode([_item(1), _fault(2, 3, "execution reverted"), _item(3)])
    assert results[1] == RpcError(3, "execution reverted")
    assert isinstance(results[2], RpcResult)


def test_the_data_of_an_error_is_kept() -> None:
    reply = {"jsonrpc": "2.0", "id": 1, "error": {"code": 3, "message": "reverted", "data": "0x08c379a0"}}
    assert decode(json.dumps(reply).encode(), _HOST) == RpcError(3, "reverted", "0x08c379a0")


@pytest.mark.parametrize(
    "reply",
    [
        [_item(1), _item(1), _item(2)],
        [_item(1), _item(2), _item(3), _item(4)],
        [_item(0), _item(1)],
        [_item(-1)],
        [_item("1")],
        [_item(True)],
        [_item(1.0)],
        [_item(None)],
        [_item(1), _fault(None)],
        [{"jsonrpc": "2.0", "result": "0x1"}],
        [{"jsonrpc": "2.0", "id": 1}],
        [{"jsonrpc": "2.0", "id": 1, "result": "0x1", "error": {"code": 1, "message": ""}}],
        [{"jsonrpc": "2.0", "id": 1, "error": "no"}],
        [{"jsonrpc": "2.0", "id": 1, "error": {"message": "no"}}],
        [_fault(1, "-32000")],
        [_fault(1, 1.5)],
        [_fault(1, False)],
        [{"jsonrpc": "1.0", "id": 1, "result": "0x1"}],
        [{"jsonrpc": 2.0, "id": 1, "result": "0x1"}],
        [{"id": 1, "result": "0x1"}],
        [_item(1), None],
        [_item(1), [_item(2)]],
        ["0x1"],
        _item(1),
        "0x1",
        7,
        None,
        {},
    ],
)
def test_a_batch_that_is_not_what_was_asked_for_is_malformed(reply: object) -> None:
    with pytest.raises(MalformedReply):
        _decode(reply)


@pytest.mark.parametrize("reply", [_fault(None, -32600), _fault(1, -32600), [_fault(None, -32600)]])
def test_one_error_for_the_whole_batch_is_a_refusal(reply: object) -> None:
    with pytest.raises(EndpointRefused) as caught:
        _decode(reply)
    assert caught.value.data == {"host": _HOST, "code": -32600}


def test_one_error_for_the_whole_batch_may_be_a_rate_limit() -> None:
    with pytest.raises(EndpointRateLimited):
        _decode(_fault(None, -32005, "Too Many Requests, upgrade your plan"))


@pytest.mark.parametrize(
    ("code", "message", "is_rate_limit"),
    [
        (429, "", True),
        (-32005, "daily request limit reached", True),
        (-32016, "over rate limit", True),
        (-32005, "query returned more than 10000 results", False),
        (3, "execution reverted: rate limit", False),  # a contract's own words
    ],
)
def test_rate_limits_are_told_from_other_errors(code: int, message: str, is_rate_limit: bool) -> None:
    assert RpcError(code, message).is_rate_limit is is_rate_limit


@pytest.mark.parametrize("reply", [[_item(1)], _item(2), _item(None), _item("1"), "0x1", {}])
def test_a_single_reply_that_is_not_what_was_asked_for_is_malformed(reply: object) -> None:
    with pytest.raises(MalformedReply):
        decode(json.dumps(reply).encode(), _HOST)


def test_a_single_request_that_the_server_could_not_read_is_a_refusal() -> None:
    with pytest.raises(EndpointRefused):
        decode(json.dumps(_fault(None, -32700)).encode(), _HOST)
    assert decode(json.dumps(_fault(1, -32601)).encode(), _HOST) == RpcError(-32601, "no")


_ITEMS: st.SearchStrategy[object] = st.one_of(
    st.builds(_item, st.integers(-1, 5) | st.none() | st.text(max_size=2), st.none() | st.text() | st.integers()),
    st.builds(_fault, st.integers(0, 4) | st.none(), st.integers() | st.none(), st.text() | st.none()),
    st.dictionaries(st.sampled_from(["jsonrpc", "id", "result", "error"]), st.sampled_from(["2.0", 1, 2, None, {}])),
    st.none() | st.integers(),
)


@given(st.lists(_ITEMS, max_size=5) | _ITEMS)
def test_whatever_comes_back_each_call_gets_its_own_reply_or_none_does(reply: object) -> None:
    try:
        results = _decode(reply)
    except (MalformedReply, EndpointRefused, EndpointRateLimited):
        return
    assert isinstance(reply, list)
    assert len(results) == len(_CALLS)
    for number, result in enumerate(results, start=1):
        own = [item for item in reply if item["id"] == number]
        if isinstance(result, RpcResult):
            assert [item["result"] for item in own] == [result.value]
        elif own:
            assert [item["error"]["code"] for item in own] == [result.code]
        else:
            assert result.code == NO_ANSWER


@given(st.permutations(range(1, 4)), st.lists(st.text(), min_size=3, max_size=3))
def test_any_order_of_replies_is_put_right(order: list[int], values: list[str]) -> None:
    assert _decode([_item(number, values[number - 1]) for number in order]) == [RpcResult(value) for value in values]


# Words of a server


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("two\nlines\tand\x00\x1b[31mred", "two lines and [31mred"),
        ("\u202eevil\u2066", "evil"),
        ("a\u200bb\u2028c\ud800", "a b c"),
        (None, ""),
        (7, ""),
        ({"a": 1}, ""),
    ],
)
def test_a_servers_words_are_cleaned(text: object, cleaned: str) -> None:
    assert clean_message(text) == cleaned


@given(st.text(st.characters(), max_size=2000))
def test_cleaned_words_are_short_printable_and_on_one_line(text: str) -> None:
    cleaned = clean_message(text)
    assert len(cleaned) <= 200
    assert cleaned.isprintable()


# Hex


@pytest.mark.parametrize(("text", "number"), [("0x0", 0), ("0x1b4", 436), ("0xFf", 255), ("0x" + "f" * 64, 2**256 - 1)])
def test_quantities_are_read(text: str, number: int) -> None:
    assert hex_quantity(text, _HOST) == number


@pytest.mark.parametrize(
    "value",
    [
        "0x", "", "0x00", "0x01", "1", "12", "0X1", "x1", "-0x1", "0x-1", "0x1 ", " 0x1", "0x1\n", "0x1_0", "0xg",
        "0x" + "f" * 65, "0x" + "f" * 10_000_000, "0x\u0661", 1, 0, 1.0, True, None, [], {}, ["0x1"],
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_malformed(value: object) -> None:
    with pytest.raises(MalformedReply) as caught:
        hex_quantity(value, _HOST)
    assert caught.value.data == {"host": _HOST, "problem": "quantity"}


@pytest.mark.parametrize(
    ("text", "bits", "fits"), [("0xff", 8, True), ("0x100", 8, False), ("0x1f", 5, True), ("0x3f", 5, False)]
)
def test_a_quantity_has_a_greatest_width(text: str, bits: int, fits: bool) -> None:
    if fits:
        assert hex_quantity(text, _HOST, bits) == int(text, 16)
        return
    with pytest.raises(MalformedReply):
        hex_quantity(text, _HOST, bits)


@given(st.integers(0, 2**256 - 1))
def test_every_quantity_survives_the_way_there_and_back(number: int) -> None:
    assert hex_quantity(hex(number), _HOST) == number


@given(st.binary(max_size=100))
def test_all_data_survives_the_way_there_and_back(data: bytes) -> None:
    assert hex_data("0x" + data.hex(), _HOST, 100) == data


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "00",
        "0x0",
        "0x00 ",
        "0x 00",
        "0x0 0 ",
        "0x00  ",
        "0x  00",
        "0x00\n0",
        "0xzz",
        "0X00",
        "0x" + "00" * 5,
        "0x\u0661\u0661",
        b"0x00",
        0,
        None,
    ],
)
def test_what_is_no_data_or_too_long_is_malformed(value: object) -> None:
    with pytest.raises(MalformedReply):
        hex_data(value, _HOST, 4)


def test_data_may_have_a_least_length() -> None:
    assert hex_data("0x", _HOST, 32) == b""
    with pytest.raises(MalformedReply):
        hex_data("0x", _HOST, 32, min_bytes=1)


@pytest.mark.parametrize("read", [lambda body: decode(body, _HOST), lambda body: decode_batch(_CALLS, body, _HOST)])
def test_the_limits_on_structure_hold_for_replies(read: Callable[[bytes], object]) -> None:
    with pytest.raises(OversizedReply):
        read(b"[" * 100 + b"]" * 100)
