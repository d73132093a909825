"""How far each endpoint of a network follows its chain, judged by what the others tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network

_LAG_BLOCKS = 3.0
_LAG_S = 10.0
_LEAP_BLOCKS = 64.0
_ASK_AGAIN_S = 60.0
_SHORTEST_BLOCK_TIME_S = 0.001


@dataclass(frozen=True, slots=True)
class _Told:
    """A head as an endpoint told of it; its age (seconds) by the block's own time, None where that was not told."""

    number: int
    at: Instant
    head_age_s: float | None


class Heights:
    """The heads of one network's endpoints, named by their hosts. `now` is always the present instant of one run.

    An endpoint is behind if it lags behind the others, stands still while another goes on, or tells of a height that
    no chain can have reached by now. What it said is then a minute old at most: `due` names whom to ask again, so that
    it comes back when it has caught up.
    """

    def __init__(self, network: Network) -> None:
        """Know nothing of any endpoint yet."""
        self._block_time_s = max(network.block_time_s, _SHORTEST_BLOCK_TIME_S)
        self._max_head_age_s = network.max_head_age_s
        self._lag_allowed = max(_LAG_BLOCKS, _LAG_S / self._block_time_s)
        # Two chains' heads that are both young enough to be believed lie no further apart.
        self._leap_allowed = network.max_head_age_s / self._block_time_s + _LEAP_BLOCKS
        self._told: dict[str, _Told] = {}
        self._astray: dict[str, int] = {}
        self._asked_again: dict[str, Instant] = {}

    def note(self, host: str, number: int, time_s: int | None, now: Instant) -> None:
        """Take note of the head an endpoint told of; `time_s` is its block's (Unix seconds)."""
        witnesses = [each for each in self._astray if each != host and abs(self._astray[each] - number) <= _LEAP_BLOCKS]
        if self._leaps(number, now) and not witnesses:
            self._astray[host] = number
            return
        for each in (host, *witnesses):
            self._astray.pop(each, None)
        self._told[host] = _Told(number, now, None if time_s is None else now.wall_s - time_s)

    def forget(self) -> None:
        """Drop every height: they belonged to another chain."""
        self._told.clear()
        self._astray.clear()

    def of(self, host: str) -> int | None:
        """Return the height an endpoint told of last, None before; one that cannot be is left out."""
        told = self._told.get(host)
        return None if told is None else told.number

    def lag_blocks(self, host: str, now: Instant) -> int | None:
        """Return by how many blocks an endpoint is behind the others as far as one knows, None if it told no height."""
        height = self._by_now(host, now)
        head = self._head(now)
        return None if height is None or head is None else max(round(head - height), 0)

    def stands_still(self, host: str) -> bool:
        """Return whether the head an endpoint told of was too old to be its chain's newest block."""
        told = self._told.get(host)
        return told is not None and told.head_age_s is not None and told.head_age_s > self._max_head_age_s

    def is_behind(self, host: str, now: Instant) -> bool:
        """Return whether others should be asked before this endpoint."""
        if host in self._astray:
            return True
        if self.stands_still(host) and any(self._is_young(each) for each in self._told):
            return True
        height, head = self._by_now(host, now), self._head(now)
        return height is not None and head is not None and height < head - self._lag_allowed

    def due(self, hosts: Collection[str], now: Instant) -> tuple[str, ...]:
        """Return whom to ask for a head only, and count them as asked: each once a minute at most.

        Those are the endpoints that are behind; and where every head that was told of is too old, all the others,
        so that no account is named to them before one is known to do better.
        """
        nobody_goes_on = bool(self._told) and all(self.stands_still(host) for host in self._told)
        found = tuple(
            host
            for host in hosts
            if (nobody_goes_on or self.is_behind(host, now)) and self._seconds_since(host, now) >= _ASK_AGAIN_S
        )
        self._asked_again.update(dict.fromkeys(found, now))
        return found

    def _seconds_since(self, host: str, now: Instant) -> float:
        """Return how long ago the endpoint was heard or asked; without end if never."""
        told, asked = self._told.get(host), self._asked_again.get(host)
        times = [told.at] if told is not None and host not in self._astray else []
        times += [asked] if asked is not None else []
        return min((at.age_s(now) for at in times), default=_ASK_AGAIN_S)

    def _is_young(self, host: str) -> bool:
        told = self._told[host]
        return told.head_age_s is not None and told.head_age_s <= self._max_head_age_s

    def _leaps(self, number: int, now: Instant) -> bool:
        by_now = [self._by_now(host, now) for host in self._told if self._is_young(host)]
        return any(by_now) and number > max(height or 0.0 for height in by_now) + self._leap_allowed

    def _by_now(self, host: str, now: Instant) -> float | None:
        """Return the height an endpoint should have by now if it follows its chain, None if it never told one."""
        told = self._told.get(host)
        if told is None:
            return None
        return told.number + max(now.boot_s - told.at.boot_s, 0.0) / self._block_time_s

    def _head(self, now: Instant) -> float | None:
        """Return the height that the endpoints agree on; one alone among three or more has no say."""
        heights = sorted(height for host in self._told if (height := self._by_now(host, now)) is not None)
        if not heights:
            return None
        return heights[-2] if len(heights) > 2 else heights[-1]
