"""How many balances go into one request, where they are more than one request may ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.chains.evm.line import Line
from desktop_wallet.chains.evm.multicall import CHUNK, CHUNKS_A_REQUEST
from desktop_wallet.chains.evm.reader import BalanceReader
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.networks import Family
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.anvil import MULTICALL3
from tests.fakes.clock import FakeClock
from tests.fakes.engine import network

_MOST = CHUNK * CHUNKS_A_REQUEST


@pytest.mark.parametrize(
    ("balances", "parts"),
    [
        (0, []),
        (1, [1]),
        (_MOST, [_MOST]),
        (_MOST + 50, [3 * CHUNK, CHUNK + 50]),
        (2 * _MOST, [_MOST, _MOST]),
        (2 * _MOST + 1, [3 * CHUNK, 3 * CHUNK, 2 * CHUNK + 1]),
    ],
)
def test_as_few_requests_as_can_be_share_the_balances_about_equally(balances: int, parts: list[int]) -> None:
    keys = tuple(_key(number) for number in range(balances))
    cut = _reader().parts(keys)
    assert [len(part) for part in cut] == parts
    assert tuple(key for part in cut for key in part) == keys


def _reader() -> BalanceReader:
    clock = FakeClock()

    async def sleep(_: float) -> None:
        return None

    of = replace(network(), multicall=MULTICALL3)
    pool = EndpointPool(of, HttpClient(clock), clock, sleep)
    return BalanceReader(Line(of, pool, expected=None), lambda _: 18, clock)


def _key(number: int) -> BalanceKey:
    of = network()
    return BalanceKey(of.id, Address(Family.EVM, f"0x{number:040x}"), AssetId(of.id, "slip44", "60"))
