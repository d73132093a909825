"""What another program may tell: strictly understood, at most a hundred times a minute, and only ever a re-read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import StorageFull
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.services.door import Knock, Word
from desktop_wallet.services.notifying import MOST_A_MINUTE, Notifying, Outcome, parse_scope, scope_text
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, Engine, engine, network, until
from tests.fakes.sleepers import Sleepers

if TYPE_CHECKING:
    from desktop_wallet.services.session import Session

MAINNET = NetworkId("eip155", "1")
ETHER = AssetId(MAINNET, "slip44", "60")
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

networks = st.from_regex(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}", fullmatch=True).map(NetworkId.parse)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: Address(Family.EVM, "0x" + raw.hex()))
assets = st.builds(
    AssetId,
    networks,
    st.from_regex(r"[-a-z0-9]{3,8}", fullmatch=True),
    st.from_regex(r"[-.%a-z0-9]{1,60}", fullmatch=True),
)


def session_of(e: Engine) -> Session:
    return cast("Session", SimpleNamespace(balances=e.balances))


@given(st.none() | networks, st.none() | addresses, st.none() | assets)
def test_what_is_said_is_what_is_understood(
    network_id: NetworkId | None, address: Address | None, asset: AssetId | None
) -> None:
    if asset is not None:
        network_id = asset.network
    scope = Scope(network_id, address, asset)
    if scope != Scope():
        text = scope_text(scope)
        assert parse_scope(text) == scope
        assert Knock.heard(Knock(Word.NOTIFY, text).line()) == Knock(Word.NOTIFY, text)


def test_an_address_with_a_checksum_is_the_same_one() -> None:
    assert parse_scope(f"address={CHECKSUMMED}") == parse_scope(f"address={CHECKSUMMED.lower()}")


def test_an_asset_names_its_network() -> None:
    assert parse_scope(f"asset={ETHER}") == Scope(MAINNET, None, ETHER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "network=",
        "network=eip155",
        "network=eip155:1;",
        ";network=eip155:1",
        "network=eip155:1;;address=" + CHECKSUMMED,
        "network=eip155:1;network=eip155:1",
        f"address={CHECKSUMMED};network=eip155:1",
        "network=eip155:1=2",
        "Network=eip155:1",
        "network = eip155:1",
        "chain=eip155:1",
        "address=0x12",
        "address=" + CHECKSUMMED.replace("A", "a", 1),
        "address=" + CHECKSUMMED[:-1],
        f"asset={ETHER};x",
        "asset=eip155:1",
        f"network=eip155:10;asset={ETHER}",
        "*",
        "network=*",
    ],
)
async def test_whatever_is_not_quite_right_is_not_understood(text: str) -> None:
    assert await Notifying(FakeClock()).notify(None, text) is Outcome.NOT_UNDERSTOOD


@given(st.text(max_size=300))
def test_any_text_is_a_scope_or_a_value_error(text: str) -> None:
    try:
        scope = parse_scope(text)
    except ValueError:
        return
    assert scope != Scope()


async def test_a_notification_makes_its_balances_be_read_anew_and_no_others(tmp_path: Path) -> None:
    async with engine(tmp_path, networks=(network("1"), network("2")), addresses=ADDRESSES) as e:
        await e.balances.refresh(e.keys)
        seq = e.parts.registry.invalidations.counter
        for adapter in e.adapters.values():
            adapter.main.amount = 7
            adapter.requests.clear()
        scope = Scope(MAINNET, ADDRESSES[0])
        outcome = await Notifying(e.clock).notify(session_of(e), scope_text(scope))
        assert outcome is Outcome.DONE
        assert e.parts.registry.invalidations.counter == seq + 1
        await until(lambda: [key for key in e.keys if e.amount(key) == 7])
        assert [key for key in e.keys if e.amount(key) == 7] == [key for key in e.keys if scope.matches(key)]
        assert [len(adapter.requests) for adapter in e.adapters.values()] == [1, 0]


async def test_a_hundred_notifications_cause_no_hundred_reads_of_everything(tmp_path: Path) -> None:
    clock = FakeClock()
    sleepers = Sleepers(clock)
    async with engine(tmp_path, clock=clock, addresses=ADDRESSES, sleep=sleepers.sleep) as e:
        notifying, session = Notifying(e.clock), session_of(e)
        first = asyncio.ensure_future(e.balances.refresh(e.keys))
        while not first.done():
            await sleepers.advance(0.1)
            await asyncio.sleep(0.001)
        e.adapter.requests.clear()
        e.adapter.hold()
        for n in range(MOST_A_MINUTE):
            assert await notifying.notify(session, "network=eip155:1") is Outcome.DONE
            await sleepers.advance(0.5)
            e.adapter.main.amount = n
        assert len(e.adapter.requests) <= 2
        e.adapter.release()
        async with asyncio.timeout(10):
            while not all(e.amount(key) == MOST_A_MINUTE - 1 for key in e.keys):
                await sleepers.advance(0.5)
                await asyncio.sleep(0.001)
        assert len(e.adapter.requests) <= 3


@pytest.mark.parametrize(
    "text", ["network=eip155:9", f"address={CHECKSUMMED}", "asset=eip155:1/erc20:0x" + "ab" * 20, "network=solana:x"]
)
async def test_what_is_not_among_the_balances_causes_nothing(tmp_path: Path, text: str) -> None:
    async with engine(tmp_path) as e:
        await e.balances.refresh(e.keys)
        seq, asked = e.parts.registry.invalidations.counter, len(e.adapter.requests)
        assert await Notifying(e.clock).notify(session_of(e), text) is Outcome.UNKNOWN
        assert e.parts.registry.invalidations.counter == seq
        assert len(e.adapter.requests) == asked


async def test_while_locked_nothing_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    notifying = Notifying(clock)
    for _ in range(MOST_A_MINUTE + 5):
        assert await notifying.notify(None, "network=eip155:1") is Outcome.LOCKED
    async with engine(tmp_path, clock=clock) as e:
        assert e.parts.registry.invalidations.counter == 0
        assert await notifying.notify(session_of(e), "network=eip155:1") is Outcome.DONE


async def test_a_hundred_in_any_minute_and_not_one_more(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        notifying, session = Notifying(e.clock), session_of(e)
        for _ in range(MOST_A_MINUTE // 2):
            assert await notifying.notify(session, "network=eip155:1") is Outcome.DONE
        e.clock.advance(30)
        for _ in range(MOST_A_MINUTE // 2):
            assert await notifying.notify(session, "network=eip155:9") is Outcome.UNKNOWN, "these count too"
        seq = e.parts.registry.invalidations.counter
        assert await notifying.notify(session, "network=eip155:1") is Outcome.TOO_MANY
        e.clock.wall_s -= 3_600
        assert await notifying.notify(session, "network=eip155:1") is Outcome.TOO_MANY, "the wall clock has no say"
        assert e.parts.registry.invalidations.counter == seq
        e.clock.wall_s += 3_600
        e.clock.advance(30)
        assert await notifying.notify(session, "network=eip155:1") is Outcome.DONE
        assert e.parts.registry.invalidations.counter == seq + 1


async def test_a_registry_that_cannot_write_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine(tmp_path) as e:

        async def full(*_: object, **__: object) -> None:
            raise StorageFull(name="registry.db")

        monkeypatch.setattr(e.parts.registry, "invalidate", full)
        assert await Notifying(e.clock).notify(session_of(e), "network=eip155:1") is Outcome.FAILED
