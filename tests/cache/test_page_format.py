"""Pages are written and read back exactly."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.cache.page_format import Page, UnknownFormat
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod, RegistryId
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.positions import Height, HeightKind, Unordered

NETWORK = NetworkId("eip155", "0")
ADDRESS = Address(Family.EVM, "0x" + "ab" * 20)
_seconds = st.floats(allow_nan=False, allow_infinity=False)
_runs = st.sampled_from([RunId("run-1"), RunId("run-2")])
_instants = st.builds(Instant, _seconds, _seconds, _runs)
_numbers = st.integers(0, 2**63)
_heights = st.builds(
    Height,
    kind=st.sampled_from(HeightKind),
    number=_numbers,
    hash=st.none() | st.text(max_size=6),
    parent_hash=st.none() | st.text(max_size=6),
    time_s=st.none() | _numbers,
    commitment=st.none() | st.text(max_size=6),
)
_positions = _heights | st.builds(Unordered, st.none() | st.text(max_size=6))
_readings = st.builds(
    Reading,
    key=st.sampled_from([AssetId(NETWORK, "erc20", f"0x{n:040x}") for n in range(6)]).map(
        lambda asset: BalanceKey(NETWORK, ADDRESS, asset)
    ),
    amount=st.integers(0, 2**256 - 1),
    decimals=st.integers(0, 255),
    position=_positions,
    endpoint=st.text(max_size=6),
    method=st.sampled_from(ReadMethod),
    batch=st.integers(1, 10_000),
    started=_instants,
    ended=_instants,
    seq=_numbers,
    registry=st.sampled_from([RegistryId("one"), RegistryId("other")]),
    chain_hash=st.none() | st.text(max_size=6),
)


def _blank() -> Page:
    return Page(str(NETWORK), "evm", ADDRESS.text)


@pytest.mark.timeout(600)
@given(st.lists(st.lists(_readings, max_size=6), max_size=3))
def test_what_was_put_last_for_each_asset_comes_back_exactly(batches: list[list[Reading]]) -> None:
    encoded = _blank().encode()
    model: dict[BalanceKey, Reading] = {}
    for batch in batches:
        page = Page.parse(encoded)
        page.put(batch)
        encoded = page.encode()
        model.update({reading.key: reading for reading in batch})
    found = Page.parse(encoded).readings(NETWORK, ADDRESS, {})
    assert {reading.key: reading for reading in found} == model
    assert len(found) == len(model)


@pytest.mark.timeout(600)
@given(st.lists(_readings, max_size=8), st.floats(-10, 10))
def test_expiring_drops_what_began_earlier_and_nothing_else(readings: list[Reading], oldest_wall_s: float) -> None:
    page = _blank()
    page.put(readings)
    held = {reading.key: reading for reading in readings}
    kept = {key: reading for key, reading in held.items() if reading.started.wall_s >= oldest_wall_s}
    assert page.expire(oldest_wall_s) == len(held) - len(kept)
    assert {reading.key: reading for reading in page.readings(NETWORK, ADDRESS, {})} == kept


def _reading(number: int, amount: int = 1) -> Reading:
    asset = AssetId(NETWORK, "erc20", f"0x{number:040x}")
    now = Instant(1.5, 2.5, RunId("run-1"))
    position = Height(HeightKind.BLOCK, 7, "0x" + "cd" * 32)
    return Reading(
        BalanceKey(NETWORK, ADDRESS, asset),
        amount,
        18,
        position,
        "host",
        ReadMethod.MULTICALL,
        9,
        now,
        now,
        3,
        RegistryId("r"),
    )


def test_what_a_batch_shares_stands_in_the_page_once() -> None:
    page = _blank()
    page.put([_reading(n) for n in range(50)])
    content: dict[str, Any] = json.loads(zlib.decompress(page.encode()))
    assert len(content["c"]) == 1
    assert len(content["r"]) == 50


def test_a_context_that_no_reading_uses_is_left_out() -> None:
    page = _blank()
    page.put([_reading(1)])
    page.put([_reading(1, amount=2), _reading(2)])
    page = Page.parse(page.encode())
    assert page.forget(lambda asset: asset[1].endswith("2")) == 1
    content = json.loads(zlib.decompress(page.encode()))
    assert len(content["c"]) == 1
    assert [reading.amount for reading in page.readings(NETWORK, ADDRESS, {})] == [2]


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"not deflated",
        zlib.compress(b"not JSON"),
        zlib.compress(b"[]"),
        zlib.compress(b'{"v": 2, "n": "eip155:0", "f": "evm", "a": "0x", "c": [], "r": []}'),
        zlib.compress(b'{"v": 1}'),
        zlib.compress(b'{"v": 1, "n": "eip155:0", "f": "evm", "a": "0x", "c": [], "r": [[]]}'),
    ],
)
def test_other_bytes_are_no_page(encoded: bytes) -> None:
    with pytest.raises(UnknownFormat):
        Page.parse(encoded)


def test_a_page_of_another_address_gives_no_readings() -> None:
    page = _blank()
    page.put([_reading(1)])
    with pytest.raises(UnknownFormat):
        page.readings(NETWORK, Address(Family.EVM, "0x" + "cd" * 20), {})
    with pytest.raises(UnknownFormat):
        page.readings(NetworkId("eip155", "1"), ADDRESS, {})


def test_a_row_that_points_nowhere_makes_the_page_unknown() -> None:
    text = f'{{"v": 1, "n": "eip155:0", "f": "evm", "a": "{ADDRESS.text}", "c": [], "r": [["slip44", "60", 1, 18, 0]]}}'
    with pytest.raises(UnknownFormat):
        Page.parse(zlib.compress(text.encode())).readings(NETWORK, ADDRESS, {})


@given(st.lists(_readings, min_size=1, max_size=8))
def test_readings_share_the_keys_that_are_known_already(readings: list[Reading]) -> None:
    page = _blank()
    page.put(readings)
    known = readings[0].key
    plain = page.readings(NETWORK, ADDRESS, {})
    sharing = page.readings(NETWORK, ADDRESS, {}, [known])
    assert sharing == plain
    assert [each.key is known for each in sharing] == [each.key == known for each in plain]
