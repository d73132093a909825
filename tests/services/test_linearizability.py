"""Readers, refreshes and sends in any order, over networks, disks and clocks that take their time.

The first test lets chance write the histories. The second breaks one rule of the engine at a time and replays the
history in which that shows, as the first test found it; at full size the first test's machine finds it again alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from desktop_wallet.core.freshness import Purpose
from tests.fakes.branching_chain import Kind
from tests.services.linearizability_judge import Broken
from tests.services.linearizability_machine import WalletHistory
from tests.services.linearizability_mutants import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import ProofSize


class Heights(WalletHistory):
    kind = Kind.HEIGHTS


class Slots(WalletHistory):
    kind = Kind.SLOTS


class UnorderedRecords(WalletHistory):
    kind = Kind.UNORDERED


_MACHINES = {Kind.HEIGHTS: Heights, Kind.SLOTS: Slots, Kind.UNORDERED: UnorderedRecords}
_STEPS, _STEPS_AT_FULL_SIZE = 20, 40
_HUNTED = 1_000
"""Histories in which a mutant must be found without a hint; the hardest takes a few hundred."""
_EVEN, _LAGGING = (0, 0, 0), (0, 2, 3)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", list(Kind))
def test_no_number_breaks_a_promise_whatever_happens(
    kind: Kind, proof_size: ProofSize, pytestconfig: pytest.Config
) -> None:
    steps = _STEPS_AT_FULL_SIZE if pytestconfig.getoption("--full") else _STEPS
    size = settings(
        max_examples=proof_size.histories // len(Kind), stateful_step_count=steps, report_multiple_bugs=False
    )
    run_state_machine_as_test(_MACHINES[kind], settings=size)


def _a_laggard_answers(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_LAGGING, 0)
    history.refreshes([0])
    history.every_promise_holds()
    history.another_server_is_asked_first(2)
    history.refreshes([0])


def _a_change_is_told_while_it_reads(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_EVEN, 0)
    history.hears_of_a_change_while_it_reads(0, Purpose.SPEND, refreshes=False)
    history.every_promise_holds()
    history.a_message_arrives(0, arrives=True)
    history.every_promise_holds()
    history.a_message_arrives(len(history.chain.travelling) - 1, arrives=True)


def _a_receipt_is_known_to_one_server(history: WalletHistory) -> None:
    history.servers_are_what_they_are((0, 0, 1), 0)
    history.sends(0, 1, 10)
    history.blocks_are_found(1, take=True)
    history.messages_take_their_time_or_not()
    history.wallet.wait(0.6)
    history.a_message_arrives(0, arrives=True)
    history.every_promise_holds()
    history.another_server_is_asked_first(2)
    history.all_messages_arrive()


def _an_answer_travels_for_a_minute(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_EVEN, 0)
    history.messages_take_their_time_or_not()
    history.refreshes([0])
    history.a_message_arrives(0, arrives=True)
    history.every_promise_holds()
    history.time_passes(61.0)
    history.all_messages_arrive()


def _a_payment_waits(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_EVEN, 0)
    history.sends(0, 1, 2)


def _a_balance_is_forgotten_after_a_send(history: WalletHistory) -> None:
    history.servers_are_what_they_are((0, 1, 1), 0)
    for server in (1, 2):
        history.a_server_changes(server, ("follows", False))
    history.sends_and_sees_it_arrive(0, 1)
    history.every_promise_holds()
    history.looks_again_after("clear", 0, 2)


def _a_chain_begins_anew_while_an_answer_travels(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_EVEN, 0)
    history.something_happens_while_an_answer_travels(0, "anew", 0)
    history.every_promise_holds()
    history.all_messages_arrive()


def _a_backup_is_restored(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_EVEN, 0)
    history.reads([0], Purpose.DISPLAY)
    history.messages_take_their_time_or_not()
    history.the_wallet_does_something("told", 0)
    history.every_promise_holds()
    history.the_wallet_does_something("backup", 0)
    history.reads([0], Purpose.DISPLAY)


def _memory_goes_while_an_overtaken_answer_travels(history: WalletHistory) -> None:
    history.servers_are_what_they_are(_EVEN, 0)
    history.something_happens_while_an_answer_travels(0, "block", 0)
    history.every_promise_holds()
    history.the_wallet_does_something("evict", 0)
    history.every_promise_holds()
    history.all_messages_arrive()


_SHOWN_BY = {
    "merge": (_a_laggard_answers, "back in time"),
    "seq": (_a_change_is_told_while_it_reads, "from before an invalidation"),
    "join": (_a_change_is_told_while_it_reads, "less than was asked for"),
    "pin": (_a_receipt_is_known_to_one_server, "settled by what does not show it"),
    "age": (_an_answer_travels_for_a_minute, "older than its time"),
    "derive": (_a_payment_waits, "more than can be spent"),
    "receipts": (_a_balance_is_forgotten_after_a_send, "from before a confirmed send"),
    "epoch": (_a_chain_begins_anew_while_an_answer_travels, "back in time"),
    "restored": (_a_backup_is_restored, "from before an invalidation"),
}


def _play(play: Callable[[WalletHistory], None]) -> None:
    history = Heights()
    try:
        play(history)
        history.every_promise_holds()
    finally:
        history.teardown()


def test_an_overtaken_answer_finds_what_overtook_it() -> None:
    _play(_memory_goes_while_an_overtaken_answer_travels)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_caught_in_the_history_that_shows_it(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    play, promise = _SHOWN_BY[mutant]
    _play(play)  # with every rule in force all is well
    MUTANTS[mutant](monkeypatch)
    with pytest.raises(Broken) as caught:
        _play(play)
    assert caught.value.promise == promise


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_found_without_a_hint(
    mutant: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.getoption("--full"):
        pytest.skip("a hunt of minutes: at full size only")
    MUTANTS[mutant](monkeypatch)
    size = settings(
        max_examples=_HUNTED,
        stateful_step_count=_STEPS_AT_FULL_SIZE,
        report_multiple_bugs=False,
        phases=[Phase.generate],
    )
    with pytest.raises(Broken):
        run_state_machine_as_test(Heights, settings=size)
