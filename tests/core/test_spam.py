"""Spam: what imitates a known asset is seen through whatever letters it is written in; what is known never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.spam import SuspicionKind, payment_suspicion, skeleton, token_suspicions

NET = NetworkId("eip155", "1")
K = SuspicionKind


def token(symbol: str, name: str = "", decimals: int = 18, digit: str = "f") -> Asset:
    return Asset(AssetId(NET, "erc20", "0x" + digit * 40), symbol, name or symbol, decimals, AssetOrigin.DISCOVERED)


COIN = Asset(AssetId(NET, "slip44", "60"), "ETH", "Ether", 18, AssetOrigin.NATIVE)
USDC = Asset(AssetId(NET, "erc20", "0x" + "a" * 40), "USDC", "USD Coin", 6, AssetOrigin.LIST)
USDT = Asset(AssetId(NET, "erc20", "0x" + "b" * 40), "USDT", "Tether USD", 6, AssetOrigin.LIST)
KNOWN = (COIN, USDC, USDT)
# What each Latin letter is imitated by: Cyrillic, Greek, full width, small capitals, with marks (UTS 39).
IMITATIONS = {
    "U": ["U", "u", "\u054d", "\uff35", "\u1d1c", "\u00dc"],
    "S": ["S", "s", "\u0405", "5", "$", "\uff33"],
    "D": ["D", "d", "\u0500", "\uff24", "\u1d05"],
    "C": ["C", "c", "\u0421", "\u0441", "\u03f9", "\uff23", "\u010a"],
}
NOISE = ["", "\u200b", "\u2060", "\u00ad", " ", ".", "-", "_", "\ufe0f"]


def kinds(asset: Asset) -> list[SuspicionKind]:
    return [suspicion.kind for suspicion in token_suspicions(asset, KNOWN)]


@given(st.data())
def test_every_spelling_of_a_known_symbol_is_seen_through(data: st.DataObject) -> None:
    letters = [data.draw(st.sampled_from(IMITATIONS[letter])) + data.draw(st.sampled_from(NOISE)) for letter in "USDC"]
    found = token_suspicions(token("".join(letters), "x"), KNOWN)
    assert found
    assert found[0].kind in (K.SAME_SYMBOL, K.LOOK_ALIKE)
    assert found[0].other == USDC


@given(st.sampled_from(KNOWN))
def test_what_is_known_is_never_taken_for_an_imitation_of_itself(asset: Asset) -> None:
    assert K.SAME_SYMBOL not in kinds(asset)
    assert K.LOOK_ALIKE not in kinds(asset)


@given(st.text(max_size=40))
def test_a_skeleton_has_one_form_and_is_made_of_letters_and_digits(text: str) -> None:
    assert all(sign.isalnum() for sign in skeleton(text))
    assert skeleton(text) == skeleton(f"\u200b{text}\u2060") == skeleton(f" {text}.")


@given(st.text(max_size=24), st.text(max_size=48), st.integers(0, 36))
def test_any_words_can_be_judged(symbol: str, name: str, decimals: int) -> None:
    found = token_suspicions(token(symbol, name, decimals), KNOWN)
    assert len({each.kind for each in found}) == len(found)


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        (token("PEPPER", "Pepper"), []),
        (token("USDC", "anything"), [K.SAME_SYMBOL]),
        (token("usdc", "anything"), [K.LOOK_ALIKE]),
        (token("XYZ", "USD Coin"), [K.LOOK_ALIKE]),
        (token("ETH", "Ether"), [K.SAME_SYMBOL]),
        (token("\u0395\u03a4\u0397", "x"), [K.LOOK_ALIKE]),
        (token("USDC.e", "Bridged Coin"), []),
        (token("$ 5,000", "Visit usdc-gift.example"), [K.WEB_ADDRESS]),
        (token("GIFT", "claim on https://x"), [K.WEB_ADDRESS]),
        (token("t.me/x", "x"), [K.WEB_ADDRESS]),
        (token("FOO", "getrich.xyz"), [K.WEB_ADDRESS]),
        (token("P\u0435PE", "Pepe"), [K.MIXED_LETTERS]),
        (token("\u041c\u0418\u0420", "\u041c\u0438\u0440"), []),
        (token("0xffff…ffff", "x"), [K.UNREADABLE]),
        (token("FOO", "Foo", 0), [K.ODD_DECIMALS]),
        (token("FOO", "Foo", 19), [K.ODD_DECIMALS]),
        (token("FOO", "Foo", 2), []),
    ],
    ids=lambda case: case.symbol if isinstance(case, Asset) else "",
)
def test_each_rule(asset: Asset, expected: list[SuspicionKind]) -> None:
    assert kinds(asset) == expected


def test_a_token_of_that_name_where_none_is_known_is_no_imitation() -> None:
    assert token_suspicions(USDC, (COIN, USDT)) == ()


def test_poisoned_lists_are_seen_by_amount_and_by_whom_they_imitate() -> None:
    paid = Address(Family.EVM, "0xabc" + "1" * 34 + "def")
    alike = Address(Family.EVM, "0xabc" + "2" * 34 + "def")
    stranger = Address(Family.EVM, "0x" + "7" * 40)

    def why(amount: int, sender: Address | None) -> SuspicionKind | None:
        found = payment_suspicion(amount, 18, sender, lambda: [paid])
        return None if found is None else found.kind

    assert why(0, stranger) is K.ZERO_VALUE
    assert why(10**9, alike) is K.POISON
    assert why(10**18, alike) is None  # nobody pays a whole coin for that
    assert why(10**9, stranger) is None
    assert why(10**9, paid) is None
    assert why(1, None) is None
