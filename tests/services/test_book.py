"""The list of every balance, and which of them an invalidation touches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.services.book import Book
from tests.ui.fake_session import small_session

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.catalogue import Catalogue

STRANGER = Address(Family.EVM, "0x" + "99" * 20)


@pytest.fixture
def book() -> Book:
    small = small_session()
    accounts = SimpleNamespace(version=1, accounts=small.accounts.accounts)
    catalogue = SimpleNamespace(version=1, networks=small.catalogue.networks, assets=small.catalogue.assets)
    return Book(cast("Accounts", accounts), cast("Catalogue", catalogue))


def one(key: BalanceKey) -> Scope:
    return Scope(key.network, key.address, key.asset)


def test_an_invalidation_touches_exactly_the_balances_within_its_scopes(book: Book) -> None:
    keys = book.keys()
    assert len(keys) > 4
    for scopes in (
        [one(keys[0])],
        [one(keys[0]), one(keys[3]), one(keys[0])],
        [Scope(keys[0].network, STRANGER, keys[0].asset)],
        [one(keys[1]), Scope(keys[0].network)],
        [Scope(address=keys[2].address)],
        [Scope(NetworkId("eip155", "424242"))],
        [Scope()],
        [],
    ):
        within = [key for key in keys if any(scope.matches(key) for scope in scopes)]
        found = book.within(scopes)
        assert len(found) == len(within)
        assert set(found) == set(within)
