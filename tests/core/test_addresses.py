from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.accounts import DerivationPath, PathScheme
from desktop_wallet.core.addresses import Address, display_address, grouped, parse_address, shorten
from desktop_wallet.core.errors import InvalidAddress, InvalidPath
from desktop_wallet.core.networks import Endpoint, Family

# ERC-55, "Test Cases".
ERC55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("text", ERC55)
def test_erc55_vectors_are_read_and_written(text: str) -> None:
    address = parse_address(Family.EVM, f"  {text}\n")
    assert address.text == text.lower()
    assert display_address(address) == text


@pytest.mark.parametrize("text", ERC55[4:])
def test_one_wrong_letter_case_is_a_wrong_checksum(text: str) -> None:
    at = next(i for i, c in enumerate(text) if i > 2 and c.isalpha())
    wrong = text[:at] + text[at].swapcase() + text[at + 1 :]
    with pytest.raises(InvalidAddress) as caught:
        parse_address(Family.EVM, wrong)
    assert caught.value.data["problem"] == "checksum"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "prefix"),
        ("52908400098527886E0F7030069857D2E4169EE7", "prefix"),
        ("0x123", "length"),
        ("0x" + "g" * 40, "digits"),
        ("0x" + "\u0661" * 40, "digits"),
        ("vitalik.eth", "prefix"),
    ],
)
def test_bad_addresses_say_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(Family.EVM, text)
    assert caught.value.data["problem"] == problem


@given(st.binary(min_size=20, max_size=20))
def test_every_address_survives_its_display_form(raw: bytes) -> None:
    address = Address(Family.EVM, "0x" + raw.hex())
    assert parse_address(Family.EVM, display_address(address)) == address
    assert grouped(display_address(address)).replace(" ", "") == display_address(address)


def test_logs_show_addresses_shortened() -> None:
    address = parse_address(Family.EVM, ERC55[0])
    assert address.text not in repr(address)
    assert shorten(address.text) == "0x5290…9ee7"


def test_an_endpoint_shows_no_credentials() -> None:
    endpoint = Endpoint("https://user:secret@node.example:8545/v3/key-123?token=abc")
    assert endpoint.host == "node.example:8545"
    assert "secret" not in repr(endpoint)
    assert "key-123" not in repr(endpoint)


@pytest.mark.parametrize("text", ["m/44'/60'/0'/0/0", "m/0", "m/2147483647'/1"])
def test_paths_survive_their_text(text: str) -> None:
    assert str(DerivationPath.parse(text)) == text


@pytest.mark.parametrize("text", ["", "44'/60'", "m", "m//1", "m/2147483648", "m/-1", "m/1x", "m/0''"])
def test_bad_paths_are_refused(text: str) -> None:
    with pytest.raises(InvalidPath):
        DerivationPath.parse(text)


def test_the_schemes_name_the_paths_of_known_wallets() -> None:
    assert str(PathScheme.BIP44.path(3)) == "m/44'/60'/0'/0/3"
    assert str(PathScheme.LEDGER_LIVE.path(3)) == "m/44'/60'/3'/0/0"
    assert str(PathScheme.LEDGER_LEGACY.path(3)) == "m/44'/60'/0'/3"
