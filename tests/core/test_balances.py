from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import (
    JUMP_ALLOWANCE,
    BalanceKey,
    BalanceState,
    Evidence,
    FailureReason,
    ReadFailure,
    Reading,
    Verdict,
    fail,
    merge,
)
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.positions import Height, Unordered
from tests.fakes.readings import KEY, NETWORK, instant, reading, readings

BLOCK_S = 12.0


def evidence(
    now_s: float = 0.0, *, valid: bool = True, old_on_chain: bool | None = None, agreed: bool = False
) -> Evidence:
    return Evidence(instant(now_s), BLOCK_S, valid, old_on_chain, agreed)


def number(held: Reading | None) -> int:
    assert held is not None
    assert isinstance(held.position, Height)
    return held.position.number


def held(number: int, **more: object) -> BalanceState:
    return BalanceState(KEY, reading(number, **more))  # type: ignore[arg-type]


def test_a_first_reading_is_taken() -> None:
    state, verdict = merge(BalanceState(KEY), reading(5), evidence())
    assert verdict is Verdict.TAKEN
    assert number(state.reading) == 5
    assert state.arrived == instant(0)


def test_a_reading_begun_before_an_invalidation_is_not_stored() -> None:
    before = held(5, amount=7)
    state, verdict = merge(before, reading(6, amount=9), evidence(valid=False))
    assert (state, verdict) == (before, Verdict.OUTDATED)


def test_a_lagging_server_does_not_bring_the_old_amount_back_and_is_asked_elsewhere() -> None:
    state, verdict = merge(held(100, amount=1), reading(97, amount=2), evidence())
    assert verdict is Verdict.ASK_ELSEWHERE
    assert state.reading is not None
    assert state.reading.amount == 1
    assert state.behind is not None
    assert (state.behind.blocks, state.behind.lasting) == (3, False)


def test_an_answer_from_below_that_was_asked_for_earlier_says_nothing_of_the_servers() -> None:
    held = BalanceState(KEY, reading(101, amount=5, started_s=1.0))
    after, verdict = merge(held, reading(100, amount=7, started_s=0.5), evidence(1.2))
    assert verdict is Verdict.OUTDATED
    assert after == held

    after, verdict = merge(held, reading(100, amount=7, started_s=0.5), evidence(1.2, old_on_chain=False))
    assert verdict is Verdict.REORGED


def test_servers_behind_for_over_three_block_times_make_the_row_stale() -> None:
    state, _ = merge(held(100), reading(97), evidence(0))
    state, verdict = merge(state, reading(98), evidence(3 * BLOCK_S))
    assert verdict is Verdict.ASK_ELSEWHERE
    state, verdict = merge(state, reading(98), evidence(3 * BLOCK_S + 0.1))
    assert verdict is Verdict.BEHIND
    assert state.behind is not None
    assert state.behind.lasting


def test_a_proved_reorganisation_takes_the_lower_reading() -> None:
    state, verdict = merge(held(100), reading(99, amount=5), evidence(old_on_chain=False))
    assert verdict is Verdict.REORGED
    assert number(state.reading) == 99


def test_another_genesis_is_another_chain_whatever_the_height() -> None:
    state, verdict = merge(held(10_000, amount=9), reading(1, amount=2, chain="0xother"), evidence())
    assert verdict is Verdict.NEW_EPOCH
    assert state.reading is not None
    assert state.reading.amount == 2


def test_a_height_that_ran_away_from_the_clock_needs_a_second_witness() -> None:
    leap = reading(100 + JUMP_ALLOWANCE + 1)
    state, verdict = merge(held(100), leap, evidence())
    assert verdict is Verdict.DOUBTED
    assert number(state.reading) == 100
    assert merge(held(100), leap, evidence(agreed=True))[1] is Verdict.TAKEN
    assert merge(held(100), leap, evidence(2 * BLOCK_S))[1] is Verdict.TAKEN


def test_a_chain_that_stood_still_may_have_grown_for_as_long_as_it_did() -> None:
    stood = held(100, time_s=int(instant(0).wall_s) - 3_600)
    assert merge(stood, reading(100 + 300 + JUMP_ALLOWANCE), evidence())[1] is Verdict.TAKEN
    assert merge(stood, reading(100 + 300 + JUMP_ALLOWANCE + 1), evidence())[1] is Verdict.DOUBTED


def test_at_one_height_the_read_that_began_later_counts() -> None:
    newer = held(5, started_s=10.0)
    assert merge(newer, reading(5, started_s=9.0), evidence(11))[1] is Verdict.OUTDATED
    assert merge(newer, reading(5, started_s=10.5), evidence(11))[1] is Verdict.TAKEN


def test_without_heights_the_read_that_began_later_counts() -> None:
    def unordered(started_s: float) -> Reading:
        one = reading(0, started_s=started_s)
        return Reading(
            one.key, 1, 18, Unordered("r"), one.endpoint, one.method, 1, one.started, one.ended, 0, one.registry
        )

    state = BalanceState(KEY, unordered(5.0))
    assert merge(state, unordered(4.0), evidence(6))[1] is Verdict.OUTDATED
    assert merge(state, unordered(6.0), evidence(6))[1] is Verdict.TAKEN


def test_a_failure_keeps_the_last_known_amount() -> None:
    before = held(5, amount=42)
    failure = ReadFailure(KEY, FailureReason.TIMEOUT, instant(3), "one.example", 10.0)
    after = fail(before, failure)
    assert after.reading is before.reading
    assert after.failure is failure


def test_a_taken_reading_ends_every_doubt() -> None:
    state, _ = merge(held(100), reading(99), evidence())
    state = fail(state, ReadFailure(KEY, FailureReason.OFFLINE, instant(1)))
    state, verdict = merge(state, reading(101), evidence(12))
    assert verdict is Verdict.TAKEN
    assert (state.failure, state.behind, state.left_chain) == (None, None, False)


@given(st.lists(st.tuples(readings, st.booleans(), st.sampled_from([None, True, False]), st.booleans()), max_size=12))
def test_on_one_chain_the_height_never_goes_down_without_proof(
    arrivals: list[tuple[Reading, bool, bool | None, bool]],
) -> None:
    state = BalanceState(KEY)
    for at, (new, valid, on_chain, agreed) in enumerate(arrivals):
        before = state
        state, verdict = merge(state, new, evidence(at, valid=valid, old_on_chain=on_chain, agreed=agreed))
        assert verdict.counts == (state.reading is new and state is not before)
        if not verdict.counts:
            assert state.reading is before.reading
        if verdict.counts:
            assert valid
        if verdict is Verdict.TAKEN and before.reading is not None:
            assert number(state.reading) >= number(before.reading)
        if verdict is Verdict.REORGED:
            assert on_chain is False


@given(readings)
def test_merging_the_same_reading_twice_changes_nothing(new: Reading) -> None:
    once, _ = merge(BalanceState(KEY), new, evidence())
    twice, _ = merge(once, new, evidence())
    assert twice == once


def test_two_spellings_of_one_address_make_one_key() -> None:
    asset = AssetId.parse("eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
    lower = AssetId.parse("eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48")
    address = Address(Family.EVM, "0x" + "ab" * 20)
    one, two = BalanceKey(NETWORK, address, asset), BalanceKey(NETWORK, Address(Family.EVM, "0x" + "ab" * 20), lower)
    assert one == two
    assert len({one, two}) == 1


def test_keys_of_other_networks_differ_even_for_the_reference_zero() -> None:
    other = NetworkId.parse("eip155:0")
    address = KEY.address
    assert BalanceKey(other, address, AssetId(other, "slip44", "60")) != KEY


def test_the_late_answer_of_a_chain_that_was_left_does_not_bring_it_back() -> None:
    of_the_new = reading(5, amount=7, chain="0xother", started_s=10)
    held = BalanceState(KEY, of_the_new)
    late = reading(100, amount=3, chain="0xgenesis", started_s=9)
    assert merge(held, late, Evidence(instant(11), 12.0, valid=True)) == (held, Verdict.OUTDATED)
