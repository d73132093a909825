"""Many balances, taken apart by network or by page.

Neighbours in a list share the very objects of their network and address: to compare those takes a tenth of the time
that hashing them takes, and the loop waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.networks import NetworkId


def by_network(keys: Iterable[BalanceKey]) -> dict[NetworkId, list[BalanceKey]]:
    """Return the balances of each network, in their order."""
    groups: dict[NetworkId, list[BalanceKey]] = {}
    network: NetworkId | None = None
    group: list[BalanceKey] = []
    for key in keys:
        if key.network is not network:
            network = key.network
            group = groups.setdefault(network, [])
        group.append(key)
    return groups


def keys_by_page(keys: Iterable[BalanceKey]) -> list[list[BalanceKey]]:
    """Return the balances of each page, in their order; one that comes back after another is there once more."""
    pages: list[list[BalanceKey]] = []
    network: NetworkId | None = None
    address: Address | None = None
    for key in keys:
        if key.address is not address or key.network is not network:
            network, address = key.network, key.address
            pages.append([])
        pages[-1].append(key)
    return pages


def places_of(keys: Iterable[BalanceKey]) -> list[tuple[NetworkId, Address]]:
    """Return the pages that these balances stand on, each once, in their order."""
    places: dict[tuple[NetworkId, Address], None] = {}
    network: NetworkId | None = None
    address: Address | None = None
    for key in keys:
        if key.address is not address or key.network is not network:
            network, address = key.network, key.address
            places[network, address] = None
    return list(places)
