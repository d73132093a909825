from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.services.grouping import by_network, keys_by_page, places_of


def key(network: int, address: int, asset: int) -> BalanceKey:
    """Return a key whose parts are objects of their own, equal to those of others."""
    of = NetworkId("eip155", str(network))
    return BalanceKey(of, Address(Family.EVM, f"0x{address:040x}"), AssetId(of, "erc20", f"0x{asset:040x}"))


keys = st.lists(st.builds(key, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)))


@given(keys)
def test_every_balance_stands_with_its_network_in_the_order_given(some: list[BalanceKey]) -> None:
    groups = by_network(some)
    assert list(groups) == list(dict.fromkeys(each.network for each in some))
    for network, group in groups.items():
        assert group == [each for each in some if each.network == network]


@given(keys)
def test_every_page_is_named_once_in_the_order_given(some: list[BalanceKey]) -> None:
    assert places_of(some) == list(dict.fromkeys((each.network, each.address) for each in some))


@given(st.lists(st.integers(1, 3), max_size=4, unique=True), st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_neighbours_of_one_page_stand_together(addresses: list[int], assets: list[int]) -> None:
    pages = [[key(1, address, asset) for asset in assets] for address in addresses]
    shared = [[BalanceKey(page[0].network, page[0].address, each.asset) for each in page] for page in pages]
    assert keys_by_page([each for page in shared for each in page]) == shared
