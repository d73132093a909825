"""Second opinions on balances: another server is asked for the same balance at the very same block, on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import BlockSeen, ReadRequest
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.opinions import Opinion, OpinionProblem, cannot_tell, compare
from desktop_wallet.core.positions import Height

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.adapter import Witness
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts

_TRIES = 3
"""How often servers that have not got to the block are asked, a block time apart."""
_LONGEST_PAUSE_S = 4.0
_WHY = {
    BlockSeen.NO_ANSWER: OpinionProblem.NO_ANSWER,
    BlockSeen.FORGOTTEN: OpinionProblem.FORGOTTEN,
    BlockSeen.ANOTHER: OpinionProblem.OTHER_BLOCK,
    BlockSeen.NOT_YET: OpinionProblem.NOT_THERE_YET,
}
"""The last that any server said counts most: the further it got, the more it tells."""


class Opinions:
    """What was asked in this session; nothing of it is kept on disk."""

    def __init__(self, parts: SessionParts, balances: Balances) -> None:
        """Build on a session's parts; nobody is asked yet."""
        self._parts = parts
        self._balances = balances
        self._given: dict[BalanceKey, Opinion] = {}

    def of(self, key: BalanceKey) -> Opinion | None:
        """Return the opinion on what is held of a balance now; None if none was asked for since it was read."""
        given = self._given.get(key)
        held = self._balances.state(key).reading
        return given if given is not None and given.first is held else None

    async def ask(self, key: BalanceKey) -> Opinion:
        """Return what another server says of the balance at the block of what is held, which is read anew when due."""
        if self._balances.is_due(key):
            await self._balances.refresh([key])
        held = self._balances.state(key).reading
        opinion = cannot_tell(None, OpinionProblem.NO_READING) if held is None else await self._compare(held)
        self._given[key] = opinion
        self._parts.feed.publish(ChangeSet(balances=frozenset((key,))))
        return opinion

    def forget(self) -> None:
        """Forget every opinion: the wallet is locked."""
        self._given.clear()

    async def _compare(self, held: Reading) -> Opinion:
        position = held.position
        if not isinstance(position, Height):
            return cannot_tell(held, OpinionProblem.UNORDERED)
        adapter = self._parts.adapters.of(held.key.network)
        if not {status.host for status in adapter.endpoint_statuses()} - {held.endpoint}:
            return cannot_tell(held, OpinionProblem.ONE_SERVER)
        invalidations = self._parts.registry.invalidations
        request = ReadRequest(
            (held.key,),
            invalidations.counter,
            invalidations.registry,
            user_asked=True,
            avoid=frozenset((held.endpoint,)),
        )
        pause_s = min(adapter.network.block_time_s, _LONGEST_PAUSE_S)
        for left in reversed(range(_TRIES)):
            opinion = _judge(held, await adapter.witnesses(request, position))
            if opinion.why is not OpinionProblem.NOT_THERE_YET or not left:
                return opinion
            await self._parts.sleep(pause_s)
        raise AssertionError("unreachable")


def _judge(held: Reading, seen: Sequence[Witness]) -> Opinion:
    if not seen:
        return cannot_tell(held, OpinionProblem.ONE_SERVER)
    last = seen[-1]
    if last.batch is not None:
        second = next((reading for reading in last.batch.readings if reading.key == held.key), None)
        return cannot_tell(held, OpinionProblem.NO_NUMBER) if second is None else compare(held, second)
    furthest = max((witness.block for witness in seen), key=list(_WHY).index)
    return cannot_tell(held, _WHY[furthest])
