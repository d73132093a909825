"""What long work tells while it runs, and when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceState, ReadFailure
    from desktop_wallet.core.networks import NetworkId


class Answer(NamedTuple):
    """One balance as a read found it. `age_s` is the reading's, None where there is none.

    `from_cache` is True when memory or disk supplied it and no server was asked. `failure` is the last try's, where
    that gave no number; the last known reading then still stands in `state`.
    """

    state: BalanceState
    from_cache: bool
    age_s: float | None
    failure: ReadFailure | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A server that limits us: the next try is due in `retry_s` seconds."""

    network: NetworkId
    host: str
    retry_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a read of many balances has come."""

    done: int
    total: int
    failed: int = 0
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh or a preload did. `skipped` were within their TTL; `changed` have another amount than before."""

    asked: int = 0
    answered: int = 0
    changed: int = 0
    skipped: int = 0
    networks: int = 0
    failed: tuple[ReadFailure, ...] = ()
    took_s: float = 0.0
    cancelled: bool = False
