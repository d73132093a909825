"""Rules of the engine, broken on purpose: each must be caught by the histories, or they would prove nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from desktop_wallet.core.balances import BalanceState, Verdict
from desktop_wallet.core.balances import merge as true_merge
from desktop_wallet.core.invalidation import Invalidations
from desktop_wallet.services.arrivals import Arrivals
from desktop_wallet.services.flights import Flights
from desktop_wallet.services.reading import Balances
from desktop_wallet.services.transfers import TransferBook
from tests.fakes.branching_chain import BranchingChain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pytest

    from desktop_wallet.chains.adapter import Mined, ReadBatch, ReadRequest
    from desktop_wallet.core.balances import BalanceKey, Evidence, Reading
    from desktop_wallet.services.flights import Landing, Waiter
    from desktop_wallet.services.taking import Slot

_MERGE = "desktop_wallet.services.arrivals.merge"


def merge(patch: pytest.MonkeyPatch) -> None:
    """Take whatever comes: a number from below what is held replaces it."""

    def taking_all(state: BalanceState, new: Reading, evidence: Evidence) -> tuple[BalanceState, Verdict]:
        after, verdict = true_merge(state, new, evidence)
        if verdict in (Verdict.ASK_ELSEWHERE, Verdict.BEHIND):
            return BalanceState(state.key, new, arrived=evidence.now), Verdict.TAKEN
        return after, verdict

    patch.setattr(_MERGE, taking_all)


def seq(patch: pytest.MonkeyPatch) -> None:
    """Let a read count that began before an invalidation."""
    patch.setattr(Invalidations, "covers", lambda self, reading: reading.registry == self.registry)


def join(patch: pytest.MonkeyPatch) -> None:
    """Join whatever flies, and look no more at what it brings."""

    async def once(self: Balances, waiter: Waiter, *_: object) -> dict[BalanceKey, Landing]:
        return await self._reads.flights.wait(waiter)

    patch.setattr(Flights, "_may_join", lambda *_, **__: True)
    patch.setattr(Balances, "_fly_until_valid", once)


def pin(patch: pytest.MonkeyPatch) -> None:
    """Settle a transfer by what the best server says, wherever it has got to."""
    true_read = BranchingChain.read_settled

    async def anywhere(self: BranchingChain, request: ReadRequest, _: Sequence[Mined], **__: int) -> ReadBatch | None:
        return await true_read(self, request, (), at_least=0)

    patch.setattr(BranchingChain, "read_settled", anywhere)


def age(patch: pytest.MonkeyPatch) -> None:
    """Let the age of a number begin when it arrives."""
    true_take: Callable[..., Any] = Arrivals.take

    def as_new(self: Arrivals, readings: Iterable[Reading], *args: object, **kwargs: object) -> object:
        now = self._clock.now()
        return true_take(self, [replace(reading, started=now) for reading in readings], *args, **kwargs)

    patch.setattr(Arrivals, "take", as_new)


def derive(patch: pytest.MonkeyPatch) -> None:
    """Hold nothing back for what is on its way."""

    def all_of_it(self: TransferBook, key: BalanceKey, reading: Reading, *, without: Slot | None = None) -> int:
        return reading.amount

    patch.setattr(TransferBook, "spendable", all_of_it)


def receipts(patch: pytest.MonkeyPatch) -> None:
    """Forget, with the cache, below which block no server may answer."""
    patch.setattr(TransferBook, "shows_receipts", lambda *_: True)


def epoch(patch: pytest.MonkeyPatch) -> None:
    """Let the last answer of a chain that is gone replace the first one of the new chain."""

    def whichever(state: BalanceState, new: Reading, evidence: Evidence) -> tuple[BalanceState, Verdict]:
        old = state.reading
        if evidence.valid and old is not None and old.chain_hash != new.chain_hash:
            return BalanceState(state.key, new, arrived=evidence.now), Verdict.NEW_EPOCH
        return true_merge(state, new, evidence)

    patch.setattr(_MERGE, whichever)


def restored(patch: pytest.MonkeyPatch) -> None:
    """Let pages count that were written under another registry."""
    patch.setattr(
        Invalidations, "covers", lambda self, reading: self.required(reading.key) <= reading.seq <= self.counter
    )


MUTANTS = {each.__name__: each for each in (merge, seq, join, pin, age, derive, receipts, epoch, restored)}
