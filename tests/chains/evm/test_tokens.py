"""What a token contract says of itself, however hostile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.chains.evm.tokens import MAX_DECIMALS, understand_token
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.core.errors import EndpointRefused, InvalidToken, MalformedReply
from desktop_wallet.net.json_rpc import Result, RpcError, RpcResult
from tests.chains.stages import ACCOUNTS

HOST = "server.invalid"
CODE = RpcResult("0xfe")


def text_of(data: bytes) -> str:
    body = (32).to_bytes(32, "big") + len(data).to_bytes(32, "big") + data + b"\0" * (-len(data) % 32)
    return "0x" + body.hex()


def answers(*, symbol: Result, name: Result, decimals: Result, code: Result = CODE) -> list[Result]:
    return [code, symbol, name, decimals]


def number(value: int) -> RpcResult:
    return RpcResult(f"0x{value:064x}")


def words_of(symbol: bytes, name: bytes) -> tuple[str, str]:
    found = understand_token(
        answers(symbol=RpcResult(text_of(symbol)), name=RpcResult(text_of(name)), decimals=number(18)), HOST
    )
    asset = found.asset(PRACTICE.network.id, ACCOUNTS[0])
    return asset.symbol, asset.name


def test_words_are_made_fit_to_show() -> None:
    symbol, name = words_of("US\u202eDC\n\x00".encode(), "<b>Bank</b>\u200b of\tall\u2066".encode())
    assert symbol == "USDC"
    assert name == "<b>Bank</b> ofall"


def test_endless_words_are_cut() -> None:
    symbol, name = words_of(b"S" * 10_000, b"N" * 10_000)
    assert (len(symbol), len(name)) == (16, 64)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_make_words_of_one_line(symbol: bytes, name: bytes) -> None:
    for words in words_of(symbol, name):
        assert words
        assert words.isprintable()


def test_a_token_without_words_is_called_by_its_address() -> None:
    reverted = RpcError(3, "execution reverted")
    found = understand_token(answers(symbol=reverted, name=reverted, decimals=number(8)), HOST)
    asset = found.asset(PRACTICE.network.id, ACCOUNTS[0])
    assert asset.symbol == asset.name == "0xaaaa…aaaa"
    assert asset.decimals == 8


@pytest.mark.parametrize("decimals", [number(MAX_DECIMALS + 1), number(2**256 - 1), RpcResult("0x"), RpcResult("0x12")])
def test_a_number_of_decimals_that_cannot_be_is_no_token(decimals: Result) -> None:
    words = RpcResult(text_of(b"X"))
    with pytest.raises(InvalidToken) as caught:
        understand_token(answers(symbol=words, name=words, decimals=decimals), HOST).asset(
            PRACTICE.network.id, ACCOUNTS[0]
        )
    assert caught.value.problem == "no-decimals"


@pytest.mark.parametrize("value", [None, 7, "12", "0xzz", "0x1", ["0x"], "0x" + "00" * 70_000])
def test_a_reply_that_is_no_data_is_the_servers_fault(value: object) -> None:
    with pytest.raises(MalformedReply):
        understand_token(answers(symbol=RpcResult(value), name=number(0), decimals=number(6)), HOST)


def test_a_server_that_refuses_says_nothing_about_the_token() -> None:
    with pytest.raises(EndpointRefused):
        understand_token(answers(symbol=number(0), name=number(0), decimals=RpcError(-32603, "internal error")), HOST)
