"""Addresses that could be taken for another are found, both ways round; and dust vouches for nobody."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.cautions import Caution, CautionKind, PaidBefore, Weight, differences, is_dust, look_alike
from desktop_wallet.core.networks import Family

DIGITS = "0123456789abcdef"
LENGTH = 40
texts = st.text(DIGITS, min_size=LENGTH, max_size=LENGTH)
addresses = st.builds(lambda text: Address(Family.EVM, f"0x{text}"), texts)


def changed(address: Address, places: set[int]) -> Address:
    """Return the address with other digits at these places, counted from behind the prefix."""
    digits = list(address.text[2:])
    for place in places:
        digits[place] = DIGITS[(DIGITS.index(digits[place]) + 1) % len(DIGITS)]
    return Address(Family.EVM, "0x" + "".join(digits))


@given(addresses, addresses, st.sets(st.integers(0, LENGTH - 1)))
def test_looking_alike_goes_both_ways(one: Address, other: Address, places: set[int]) -> None:
    for another in (other, changed(one, places)):
        found = look_alike(one, [another])
        assert found in (None, another)
        assert (found is None) == (look_alike(another, [one]) is None)


@given(addresses, st.lists(addresses), st.sets(st.integers(0, LENGTH - 1), max_size=4), st.data())
def test_an_address_that_was_paid_is_no_look_alike_of_any_other(
    address: Address, others: list[Address], places: set[int], data: st.DataObject
) -> None:
    paid = data.draw(st.permutations([*others, changed(address, places), address]))
    assert look_alike(address, paid) is None
    assert look_alike(parse_address(Family.EVM, address.text.upper().replace("0X", "0x")), paid) is None


@given(addresses, st.sets(st.integers(0, LENGTH - 1), min_size=1, max_size=4))
def test_a_mistyped_address_is_found_and_its_places_are_told(address: Address, places: set[int]) -> None:
    mistyped = changed(address, places)
    assert look_alike(mistyped, [address]) == address
    assert differences(mistyped, address) == tuple(sorted(place + 2 for place in places))


@given(addresses, st.integers(3, 10), st.integers(3, 10), texts)
def test_an_address_made_to_begin_and_end_alike_is_found(address: Address, head: int, tail: int, middle: str) -> None:
    digits = address.text[2:]
    forged = Address(Family.EVM, "0x" + digits[:head] + middle[head : LENGTH - tail] + digits[LENGTH - tail :])
    assume(forged != address)
    assert look_alike(forged, [address]) == address


@given(addresses, st.integers(6, 30), st.booleans(), texts)
def test_a_long_part_at_one_end_is_enough(address: Address, shared: int, at_its_end: bool, rest: str) -> None:
    digits = address.text[2:]
    text = rest[: LENGTH - shared] + digits[LENGTH - shared :] if at_its_end else digits[:shared] + rest[shared:]
    forged = Address(Family.EVM, f"0x{text}")
    assume(forged != address)
    assert look_alike(forged, [address]) == address


@given(addresses, st.data())
def test_what_differs_early_late_and_often_is_not_taken_for_another(address: Address, data: st.DataObject) -> None:
    early, late = data.draw(st.integers(0, 5)), data.draw(st.integers(LENGTH - 6, LENGTH - 1))
    assume(early < 3 or late > LENGTH - 4)
    more = data.draw(st.sets(st.integers(6, LENGTH - 7), min_size=3))
    assert look_alike(changed(address, {early, late} | more), [address]) is None


@given(addresses, st.sets(st.integers(0, LENGTH - 1), min_size=1, max_size=2), st.data())
def test_of_several_the_nearest_is_shown(address: Address, places: set[int], data: st.DataObject) -> None:
    near = changed(address, places)
    far = changed(address, set(range(5, 5 + len(places) + 1 + data.draw(st.integers(0, 20)))))
    assert look_alike(address, data.draw(st.permutations([near, far]))) == near


def test_addresses_of_other_forms_do_not_compare() -> None:
    address = Address(Family.EVM, "0x" + "ab" * 20)
    assert look_alike(address, []) is None
    assert look_alike(address, [Address(Family.SOLANA, address.text), Address(Family.EVM, address.text + "ab")]) is None


@given(st.integers(0, 36), st.integers(0, 2**128))
def test_dust_is_nothing_or_less_than_a_millionth(decimals: int, amount: int) -> None:
    assert is_dust(0, decimals)
    assert is_dust(amount, decimals) == (amount == 0 or amount * 10**6 < 10**decimals)


@pytest.mark.parametrize("kind", CautionKind)
def test_every_caution_weighs_what_stands_beside_it_unless_it_is_refused(kind: CautionKind) -> None:
    assert Caution(kind).weight is kind.weight
    assert Caution(kind, refused=True).weight is Weight.REFUSED
    assert kind.weight < Weight.REFUSED


def test_words_of_cautions_name_one_each() -> None:
    words = [kind.word for kind in CautionKind]
    assert len(words) == len(set(words)) == len(CautionKind.__members__)
    assert PaidBefore() == PaidBefore(0, None)
