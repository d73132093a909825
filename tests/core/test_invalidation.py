from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, RegistryId
from desktop_wallet.core.invalidation import Invalidations, Scope
from desktop_wallet.core.networks import Family, NetworkId
from tests.fakes.readings import KEY, REGISTRY, reading

NETWORKS = [NetworkId("eip155", "1"), NetworkId("eip155", "10")]
ADDRESSES = [Address(Family.EVM, "0x" + digit * 40) for digit in "12"]
keys = st.builds(
    lambda network, address, reference: BalanceKey(network, address, AssetId(network, "erc20", reference)),
    st.sampled_from(NETWORKS),
    st.sampled_from(ADDRESSES),
    st.sampled_from(["0xaa", "0xbb"]),
)
scopes = st.builds(
    lambda key, network, address, asset: Scope(
        key.network if network else None, key.address if address else None, key.asset if asset else None
    ),
    keys,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def test_without_invalidations_every_reading_of_this_registry_counts() -> None:
    assert Invalidations(REGISTRY).covers(reading(1))


def test_a_reading_counts_again_once_it_began_after_the_invalidation() -> None:
    invalidations = Invalidations(REGISTRY)
    invalidations.record(1, [Scope(address=KEY.address)])
    assert not invalidations.covers(reading(1, seq=0))
    assert invalidations.covers(reading(1, seq=1))


def test_a_page_of_another_registry_or_of_a_future_does_not_count() -> None:
    invalidations = Invalidations(REGISTRY, counter=3)
    assert not invalidations.covers(reading(1, registry=RegistryId("other")))
    assert not invalidations.covers(reading(1, seq=4))


def test_the_counter_only_rises() -> None:
    invalidations = Invalidations(REGISTRY, counter=3)
    with pytest.raises(ValueError, match="not above"):
        invalidations.record(3, [Scope()])
    with pytest.raises(ValueError, match="above the counter"):
        Invalidations(REGISTRY, counter=1, recorded={Scope(): 2})


@given(st.lists(st.lists(scopes, min_size=1, max_size=3), max_size=8), keys)
def test_a_balance_needs_the_largest_seq_of_the_scopes_that_match_it(
    history: list[list[Scope]], key: BalanceKey
) -> None:
    invalidations = Invalidations(REGISTRY)
    for seq, touched in enumerate(history, start=1):
        assert invalidations.required(key) <= seq - 1
        invalidations.record(seq, touched)
    expected = max(
        (seq for seq, touched in enumerate(history, start=1) for scope in touched if scope.matches(key)), default=0
    )
    assert invalidations.required(key) == expected
