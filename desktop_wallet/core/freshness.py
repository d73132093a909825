"""How fresh a balance is: the purposes, the one table of their limits, and the badge."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.core.positions import Height

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.core.balances import BalanceState, Reading
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network, NetworkId


class Purpose(enum.Enum):
    """What a number is wanted for."""

    DISPLAY = "display"
    SPEND = "spend"
    QUOTE = "quote"
    BACKGROUND = "background"
    IDLE_VAULT = "idle-vault"
    LISTS = "lists"
    PAYMENT_ACCOUNT = "payment-account"
    PROFILE_METADATA = "profile-metadata"
    PAYMENT_RESULT = "payment-result"


TTL_S: dict[Purpose, float] = {
    Purpose.DISPLAY: 30,
    Purpose.SPEND: 5,
    Purpose.QUOTE: 30,
    Purpose.BACKGROUND: 300,
    Purpose.IDLE_VAULT: 600,
    Purpose.LISTS: 300,
    Purpose.PAYMENT_ACCOUNT: 120,
    Purpose.PROFILE_METADATA: 600,
    Purpose.PAYMENT_RESULT: 1800,
}
"""Seconds for which a number serves each purpose (requirement F9)."""

RETENTION_S = 30 * 86_400
"""Seconds for which a reading is kept; the TTL never deletes."""
CLOCK_TOLERANCE_S = 2.0
"""How far in the future a reading may lie before the clock is doubted."""
_FLOORED = (Purpose.DISPLAY, Purpose.BACKGROUND)


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits in force: the table, with a person's overrides for all networks (None) or for one."""

    overrides: Mapping[tuple[Purpose, NetworkId | None], float] = field(default_factory=dict)

    def ttl_s(self, purpose: Purpose, network: Network) -> float:
        """Return the seconds a reading serves; display and background never less than the network's block time."""
        ttl_s = TTL_S[purpose]
        if self.overrides:
            ttl_s = self.overrides.get((purpose, None), ttl_s)
            ttl_s = self.overrides.get((purpose, network.id), ttl_s)
        return max(ttl_s, network.block_time_s) if purpose in _FLOORED else ttl_s


class BadgeKind(enum.Enum):
    """The word on a badge."""

    UNAVAILABLE = "unavailable"
    PENDING = "pending"
    STALE = "stale"
    FRESH = "fresh"
    CACHED = "cached"


class StaleReason(enum.Enum):
    """Why a number is Stale."""

    FAILED = "failed"
    INVALIDATED = "invalidated"
    LEFT_CHAIN = "left-chain"
    HEAD_TOO_OLD = "head-too-old"
    BEHIND = "behind"
    FUTURE = "future"
    SLEPT = "slept"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that the badge depends on beside what is held.

    `valid`: no invalidation since the read began. `page_opened` is None while no page shows the balance. `woke` is
    when the machine last came back from sleep. `expected_change` (base units) is set while a transaction of ours
    touches the balance.
    """

    now: Instant
    ttl_s: float
    max_head_age_s: float
    valid: bool = True
    page_opened: Instant | None = None
    woke: Instant | None = None
    expected_change: int | None = None
    updating: bool = False


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge shows. `age_s` and `left_s` in seconds; reasons are set for Stale, the most telling first."""

    kind: BadgeKind
    age_s: float | None = None
    left_s: float | None = None
    reasons: tuple[StaleReason, ...] = ()
    expected_change: int | None = None
    updating: bool = False


def badge(state: BalanceState, seen: Circumstances) -> Badge:
    """Return the badge of a balance; the first rule of requirement F5 that matches wins."""
    reading = state.reading
    if reading is None:
        return Badge(BadgeKind.UNAVAILABLE, updating=seen.updating)
    age_s = max(reading.started.age_s(seen.now), 0.0)
    left_s = max(seen.ttl_s - age_s, 0.0)
    if seen.expected_change is not None:
        return Badge(BadgeKind.PENDING, age_s, left_s, (), seen.expected_change, seen.updating)
    if not serves(state, seen.now, seen.ttl_s, seen.max_head_age_s, valid=seen.valid, woke=seen.woke):
        reasons = stale_reasons(state, reading, seen)
        return Badge(BadgeKind.STALE, age_s, 0.0, reasons, None, seen.updating)
    answered_here = (
        state.arrived is not None and seen.page_opened is not None and not seen.page_opened.is_after(state.arrived)
    )
    kind = BadgeKind.FRESH if answered_here else BadgeKind.CACHED
    return Badge(kind, age_s, left_s, (), None, seen.updating)


def stale_reasons(state: BalanceState, reading: Reading, seen: Circumstances) -> tuple[StaleReason, ...]:
    """Return every reason for which the reading is Stale, the most telling first; empty while it is none."""
    age_s = reading.started.age_s(seen.now)
    checks = (
        (StaleReason.FAILED, state.failure is not None),
        (StaleReason.INVALIDATED, not seen.valid),
        (StaleReason.LEFT_CHAIN, state.left_chain),
        (StaleReason.HEAD_TOO_OLD, head_age_s(reading, seen.now) > seen.max_head_age_s),
        (StaleReason.BEHIND, state.behind is not None and state.behind.lasting),
        (StaleReason.FUTURE, age_s < -CLOCK_TOLERANCE_S),
        (StaleReason.SLEPT, seen.woke is not None and seen.woke.is_after(reading.started)),
        (StaleReason.EXPIRED, age_s > seen.ttl_s),
    )
    return tuple(reason for reason, holds in checks if holds)


def serves(
    state: BalanceState, now: Instant, ttl_s: float, max_head_age_s: float, *, valid: bool, woke: Instant | None = None
) -> bool:
    """Return whether what is held may answer a read without asking the network: `stale_reasons` has none then."""
    reading = state.reading
    return reading is not None and serving_age_s(state, reading, now, ttl_s, max_head_age_s, valid, woke) is not None


def serving_age_s(
    state: BalanceState,
    reading: Reading,
    now: Instant,
    ttl_s: float,
    max_head_age_s: float,
    valid: bool,  # noqa: FBT001
    woke: Instant | None,
) -> float | None:
    """Return the age of the reading that is held if it may answer a read without asking the network, else None.

    It says the same as an empty `stale_reasons` (a property test holds them together), without building anything.
    """
    if not valid or state.failure is not None or state.left_chain:
        return None
    if state.behind is not None and state.behind.lasting:
        return None
    age_s = reading.started.age_s(now)
    if age_s > ttl_s or age_s < -CLOCK_TOLERANCE_S:
        return None
    if woke is not None and woke.is_after(reading.started):
        return None
    position = reading.position
    if isinstance(position, Height) and position.time_s is not None and now.wall_s - position.time_s > max_head_age_s:
        return None
    return age_s


def head_age_s(reading: Reading, now: Instant) -> float:
    """Return how long ago the reading's block was made, in seconds by the wall clock; 0 where it tells no time."""
    position = reading.position
    if isinstance(position, Height) and position.time_s is not None:
        return now.wall_s - position.time_s
    return 0.0
