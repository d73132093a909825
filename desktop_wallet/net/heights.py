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

    def lag_blocks(self, host: str) -> int | None:
        """Return by how many blocks an endpoint is behind the others as far as one knows, None if it told no height."""
        told = self._told.get(host)
        if told is None:
            return None
        # One that was heard earlier is taken to have gone on since; the other way round it would be demoted for
        # another's guessed height.
        leads = sorted(
            [0.0, *(other.number - self._grown(told, other.at) for each, other in self._told.items() if each != host)]
        )
        # One alone among three or more has no say.
        return max(round(leads[-2] if len(leads) > 2 else leads[-1]), 0)

    def stands_still(self, host: str) -> bool:
        """Return whether the head an endpoint told of was too old to be its chain's newest block."""
        told = self._told.get(host)
        return told is not None and told.head_age_s is not None and told.head_age_s > self._max_head_age_s

    def is_behind(self, host: str) -> bool:
        """Return whether others should be asked before this endpoint."""
        if host in self._astray:
            return True
        if self.stands_still(host) and any(self._is_young(each) for each in self._told):
            return True
        return (self.lag_blocks(host) or 0) > self._lag_allowed

    def due(self, hosts: Collection[str], now: Instant) -> tuple[str, ...]:
        """Return whom to ask for a head only, and count them as asked: each once a minute at most.

        Those are the endpoints that are behind; and where every head that was told of is too old, all the others,
        so that no account is named to them before one is known to do better.
        """
        nobody_goes_on = bool(self._told) and all(self.stands_still(host) for host in self._told)
        found = tuple(
            host
            for host in hosts
            if (nobody_goes_on or self.is_behind(host)) and self._seconds_since(host, now) >= _ASK_AGAIN_S
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
        young = [self._grown(told, now) for host, told in self._told.items() if self._is_young(host)]
        return bool(young) and number > max(young) + self._leap_allowed

    def _grown(self, told: _Told, then: Instant) -> float:
        """Return the height an endpoint should have had at a later time if it follows its chain."""
        return told.number + max(then.boot_s - told.at.boot_s, 0.0) / self._block_time_s
