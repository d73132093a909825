from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.services.first_picture import FIRST_PAGES, FirstPicture
from desktop_wallet.services.grouping import places_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.reading import Balances

NETWORK = NetworkId("eip155", "1")
ASSETS = [AssetId(NETWORK, "erc20", f"0x{number:040x}") for number in range(3)]
ADDRESSES = [Address(Family.EVM, f"0x{number:040x}") for number in range(3 * FIRST_PAGES)]


class Disk:
    """Takes note of what is to be loaded; it does not answer while `hangs`."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.asked: list[BalanceKey] = []
        self._hangs = hangs

    def keys(self) -> tuple[BalanceKey, ...]:
        return tuple(BalanceKey(NETWORK, address, asset) for address in ADDRESSES for asset in ASSETS)

    async def load_pages(self, keys: Sequence[BalanceKey]) -> None:
        self.asked += keys
        if self._hangs:
            await asyncio.Event().wait()


def balances(disk: Disk) -> Balances:
    return cast("Balances", disk)


def accounts(*, last_wallet_is_first: bool = False) -> Accounts:
    """Return accounts of two wallets, every second one of the same."""
    owned = [SimpleNamespace(address=address, wallet=number % 2) for number, address in enumerate(ADDRESSES)]
    wallets = [SimpleNamespace(id=number) for number in ((1, 0) if last_wallet_is_first else (0, 1))]
    return cast("Accounts", SimpleNamespace(wallets=lambda: wallets, accounts=lambda: owned))


async def test_it_looks_at_the_pages_that_stand_at_the_top_whole_and_at_no_others() -> None:
    for last_wallet_is_first in (False, True):
        disk = Disk()
        await FirstPicture().look(balances(disk), accounts(last_wallet_is_first=last_wallet_is_first))
        first = ADDRESSES[int(last_wallet_is_first) :: 2][:FIRST_PAGES]
        assert places_of(disk.asked) == [(NETWORK, address) for address in first]
        assert len(disk.asked) == FIRST_PAGES * len(ASSETS)


async def test_a_disk_that_hangs_does_not_keep_the_picture_waiting() -> None:
    async with asyncio.timeout(5):
        await FirstPicture().look(balances(Disk(hangs=True)), accounts())


async def test_the_rest_waits_until_the_picture_had_its_turns() -> None:
    picture = FirstPicture()
    await asyncio.wait_for(picture.passed(), 1)  # no picture is to come
    await picture.look(balances(Disk()), accounts())
    seen: list[str] = []

    async def read_the_rest() -> None:
        await picture.passed()
        seen.append("the rest")

    async def paint() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append("the picture")

    await asyncio.gather(read_the_rest(), picture.go_on(), paint())
    assert seen == ["the picture", "the rest"]
