"""What a number is wanted for decides how old it may be (requirement F9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.freshness import TTL_S, Policy, Purpose
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.services.settings import overrides_from
from tests.fakes.engine import ADDRESSES, Engine, engine, network
from tests.fakes.transfers import signed, through

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.transfers import Transfer


@pytest.mark.parametrize("purpose", [Purpose.DISPLAY, Purpose.SPEND, Purpose.QUOTE, Purpose.BACKGROUND])
async def test_a_number_serves_a_purpose_to_the_end_of_its_ttl_and_no_longer(tmp_path: Path, purpose: Purpose) -> None:
    async with engine(tmp_path, networks=(replace(network(), max_head_age_s=10_000.0),)) as e:
        await e.balances.read(e.keys)
        e.clock.advance(TTL_S[purpose])
        assert (await e.balances.read(e.keys, purpose))[e.key].from_cache
        e.clock.advance(0.5)
        assert not (await e.balances.read(e.keys, purpose))[e.key].from_cache


def test_every_purpose_has_the_seconds_of_the_catalogue() -> None:
    assert {purpose.value: seconds for purpose, seconds in TTL_S.items()} == {
        "display": 30,
        "spend": 5,
        "quote": 30,
        "background": 300,
        "idle-vault": 600,
        "lists": 300,
        "payment-account": 120,
        "profile-metadata": 600,
        "payment-result": 1800,
    }


@pytest.mark.parametrize("purpose", list(Purpose))
def test_each_can_be_overridden_for_all_networks_and_for_one(purpose: Purpose) -> None:
    one, other = network("1", block_time_s=1.0), network("2", block_time_s=1.0)
    policy = Policy(overrides_from(f"{purpose.value}=7,{purpose.value}@eip155:1=9"))
    assert (policy.ttl_s(purpose, one), policy.ttl_s(purpose, other)) == (9.0, 7.0)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_only_display_and_background_are_raised_to_the_block_time(purpose: Purpose) -> None:
    slow = network(block_time_s=60.0)
    raised = purpose in (Purpose.DISPLAY, Purpose.BACKGROUND)
    assert Policy(overrides_from(f"{purpose.value}=2")).ttl_s(purpose, slow) == (60.0 if raised else 2.0)


def paid(e: Engine, at: int, *, final: bool = False) -> Transfer:
    """Return a payment of the engine's first account, mined at that height."""
    asset = native_asset(e.adapter.network).id
    states = [TransferState.BROADCAST, TransferState.CONFIRMED]
    if final:
        states.append(TransferState.FINALIZED)
    draft = signed(network=e.key.network, sender=ADDRESSES[0], recipient=ADDRESSES[1], asset=asset)
    return through(draft, states, Height(HeightKind.BLOCK, at, f"0x{at:x}"))


async def test_a_quote_rests_on_no_number_from_below_our_last_receipt(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.main.height = 100
        await e.parts.transfers.add(paid(e, 101), "a payment")
        await e.balances.read(e.keys)

        answer = (await e.balances.read(e.keys, Purpose.QUOTE))[e.key]
        assert answer.failure is not None
        assert answer.failure.reason is FailureReason.BELOW_RECEIPT
        assert not answer.from_cache

        e.adapter.main.height = 101
        answer = (await e.balances.read(e.keys, Purpose.QUOTE))[e.key]
        assert answer.failure is None
        assert (await e.balances.read(e.keys, Purpose.QUOTE))[e.key].from_cache


async def test_a_final_receipt_of_a_chain_that_began_anew_holds_up_no_quote(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.parts.transfers.add(paid(e, 5_000, final=True), "a payment")
        await e.balances.read(e.keys)
        answer = (await e.balances.read(e.keys, Purpose.QUOTE))[e.key]
        assert (answer.failure, answer.from_cache) == (None, True)
