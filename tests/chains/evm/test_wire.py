"""What servers say, read strictly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.chains.evm.wire import (
    MAX_AHEAD_S,
    Head,
    block_hash,
    check_time,
    gave_up,
    genesis_of,
    head_of,
    value_of,
)
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.core.errors import (
    ContradictoryReply,
    EndpointRateLimited,
    EndpointRefused,
    MalformedReply,
    WrongChain,
)
from desktop_wallet.net.json_rpc import NO_ANSWER, RpcError, RpcResult
from tests.fakes.clock import FakeClock

HOST = "server.invalid"
HASH = "0x" + "ab" * 32
PARENT = "0x" + "cd" * 32
BLOCK = {"number": "0x10", "hash": HASH, "parentHash": PARENT, "timestamp": "0x6ab13b80"}
GENESIS = {**BLOCK, "number": "0x0"}
NETWORK = replace(PRACTICE.network, chain_hash=None)


def test_a_block_is_read() -> None:
    assert head_of(BLOCK, HOST) == Head(16, HASH, PARENT, 0x6AB13B80)


def test_hashes_are_read_in_lower_case() -> None:
    assert block_hash("0x" + "AB" * 32, HOST) == HASH


@pytest.mark.parametrize("field", list(BLOCK))
@pytest.mark.parametrize("value", [None, 16, "", "0x", "16", "0x-1", "0x0g", "0x" + "1" * 65, ["0x10"], True])
def test_a_block_with_a_wrong_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(MalformedReply) as caught:
        head_of({**BLOCK, field: value}, HOST)
    assert caught.value.host == HOST


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.sampled_from(list(BLOCK)), each),
    )
)
def test_anything_that_is_no_block_is_refused_in_one_way(value: object) -> None:
    with pytest.raises(MalformedReply):
        head_of(value, HOST)


def test_a_time_far_ahead_of_the_clock_is_refused() -> None:
    now = FakeClock().now()
    check_time(int(now.wall_s) + MAX_AHEAD_S, now, HOST)
    with pytest.raises(ContradictoryReply):
        check_time(int(now.wall_s) + MAX_AHEAD_S + 1, now, HOST)


def test_errors_of_a_server_are_told_apart() -> None:
    assert value_of(RpcResult(None), HOST) is None
    with pytest.raises(EndpointRateLimited):
        value_of(RpcError(-32005, "rate limit exceeded"), HOST)
    with pytest.raises(MalformedReply):
        value_of(RpcError(NO_ANSWER, ""), HOST)
    with pytest.raises(EndpointRefused) as caught:
        value_of(RpcError(-32000, "no"), HOST)
    assert caught.value.code == -32000


@pytest.mark.parametrize(
    ("code", "message", "given_up"),
    [
        (3, "execution reverted: no", True),
        (-32000, "execution reverted", True),
        (-32000, "out of gas: gas required exceeds: 50000000", True),
        (-32603, "EVM error OutOfGas", True),
        (-32000, "execution aborted (timeout = 5s)", True),
        (-32000, "header not found", False),
        (-32601, "the method does not exist", False),
    ],
)
def test_a_contract_that_gives_up_is_told_from_a_server_that_refuses(code: int, message: str, given_up: bool) -> None:
    assert gave_up(RpcError(code, message)) is given_up


def test_the_genesis_is_believed_where_nothing_else_is_known() -> None:
    assert genesis_of((RpcResult("0x7a69"), RpcResult(GENESIS)), NETWORK, HOST, expected="31337") == HASH


def test_another_chain_id_is_another_chain() -> None:
    with pytest.raises(WrongChain) as caught:
        genesis_of((RpcResult("0x1"), RpcResult(GENESIS)), NETWORK, HOST, expected="31337")
    assert (caught.value.expected, caught.value.actual) == ("31337", "1")


def test_another_genesis_than_the_known_one_is_another_chain() -> None:
    known = replace(NETWORK, chain_hash=PARENT)
    with pytest.raises(WrongChain):
        genesis_of((RpcResult("0x1"), RpcResult(GENESIS)), known, HOST, expected="1")


def test_a_block_that_is_not_the_first_is_no_genesis() -> None:
    with pytest.raises(ContradictoryReply):
        genesis_of((RpcResult("0x1"), RpcResult(BLOCK)), NETWORK, HOST, expected="1")


@pytest.mark.parametrize("missing", [RpcResult(None), RpcError(4444, "pruned history unavailable")])
def test_a_server_without_old_blocks_is_known_by_its_chain_id(missing: RpcResult | RpcError) -> None:
    known = replace(NETWORK, chain_hash=PARENT)
    assert genesis_of((RpcResult("0x1"), missing), known, HOST, expected="1") == PARENT
    assert genesis_of((RpcResult("0x1"), missing), NETWORK, HOST, expected="1") == ""
