"""The last things that the engine did and met, for the Diagnostics page: bounded, redacted, and gone at the lock.

They are the lines that the program logs anyway, caught on their way; each is redacted as those of the log are
(requirement M3), and keeps nothing of the program alive.
"""

from __future__ import annotations

import enum
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from desktop_wallet.logs import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.core.instants import Clock, Instant

KEPT = 500
"""Events; the oldest go first."""
_LONGEST = 240
"""Characters of an event's name, or of one value."""
_MOST_FIELDS = 12
_ROOT = "desktop_wallet"


class EventKind(enum.Enum):
    """What an event is about."""

    READ = "read"
    INVALIDATION = "invalidation"
    PRELOAD = "preload"
    CACHE = "cache"
    SERVER = "server"
    PAYMENT = "payment"
    ALERT = "alert"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: its name or its words, and what was told with it.

    `number` rises by one from event to event; `trouble`: something did not go well.
    """

    number: int
    at: Instant
    kind: EventKind
    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    trouble: bool = False


_BY_NAME: Mapping[str, EventKind] = {
    "invalidat": EventKind.INVALIDATION,
    "reorg": EventKind.INVALIDATION,
    "preload": EventKind.PRELOAD,
    "transfer": EventKind.PAYMENT,
    "endpoint": EventKind.SERVER,
    "push": EventKind.SERVER,
    "alert": EventKind.ALERT,
}
"""By how an event's name begins."""
_READS = frozenset({"read", "not read", "refreshed", "looked up"})
_BY_MODULE: Mapping[str, EventKind] = {
    "cache": EventKind.CACHE,
    "net": EventKind.SERVER,
    "chains": EventKind.SERVER,
    "services.alerts": EventKind.ALERT,
    "services.preload": EventKind.PRELOAD,
    "services.reading": EventKind.READ,
    "services.network_reads": EventKind.READ,
    "services.arrivals": EventKind.READ,
    "services.flights": EventKind.READ,
    "services.refresher": EventKind.READ,
    "services.standing": EventKind.INVALIDATION,
    "services.heads": EventKind.SERVER,
    "services.reception": EventKind.PAYMENT,
    "services.sending": EventKind.PAYMENT,
    "services.settling": EventKind.PAYMENT,
    "services.transfers": EventKind.PAYMENT,
    "services.incoming": EventKind.PAYMENT,
}
"""By the module that logs, or the folder it lies in; the longest name counts."""


class Events(logging.Handler):
    """The last events of a session. Threads may log; what is kept is looked at on the loop's thread."""

    def __init__(self, clock: Clock) -> None:
        """Keep nothing yet: `open` begins."""
        super().__init__(logging.INFO)
        self._clock = clock
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._level_before: int | None = None
        self.count = 0
        """How many there were since `open`, those included that are no longer kept."""

    def open(self) -> None:
        """Listen to what the program logs."""
        ours = logging.getLogger(_ROOT)
        if ours.getEffectiveLevel() > logging.INFO:
            # Whoever writes logs has a level of its own (logs.py): this one only lets events come into being.
            self._level_before = ours.level
            ours.setLevel(logging.INFO)
        ours.addHandler(self)

    def close_and_forget(self) -> None:
        """Listen no more and forget everything: the wallet locks."""
        ours = logging.getLogger(_ROOT)
        ours.removeHandler(self)
        if self._level_before is not None:
            ours.setLevel(self._level_before)
            self._level_before = None
        self._kept.clear()

    def all(self) -> tuple[Event, ...]:
        """Return what is kept, the newest first."""
        return tuple(reversed(self._kept.copy()))

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            entry = Entry.of(record).redacted()
        except Exception:  # noqa: BLE001 - a line that cannot be put together must not stop who logs it
            entry = Entry(record.created, record.levelno, record.name, "unprintable")
        fields = {_fit(name): _fit(value) for name, value in list(entry.fields.items())[:_MOST_FIELDS]}
        trouble = record.levelno >= logging.WARNING
        self.count += 1
        self._kept.append(Event(self.count, self._clock.now(), _kind(record), _fit(entry.event), fields, trouble))


def _fit(text: str) -> str:
    """Return the text on one line and not too long."""
    line = "".join(sign for sign in " ".join(text[: 4 * _LONGEST].split()) if sign.isprintable())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _kind(record: logging.LogRecord) -> EventKind:
    name = getattr(record, "event", record.msg)
    if isinstance(name, str):
        if name in _READS:
            return EventKind.READ
        for beginning, kind in _BY_NAME.items():
            if name.startswith(beginning):
                return kind
    module = record.name.removeprefix(f"{_ROOT}.")
    while module:
        if module in _BY_MODULE:
            return _BY_MODULE[module]
        module = module.rpartition(".")[0]
    return EventKind.OTHER
