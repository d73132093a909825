"""The last events of the engine: bounded, redacted, sorted by what they are about, gone at the lock."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.services.events import KEPT, EventKind, Events
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
_HASH = "0x9f3c" + "5d" * 28 + "a21b"


@pytest.fixture
def events() -> Iterator[Events]:
    made = Events(FakeClock())
    made.open()
    yield made
    made.close_and_forget()


def _log(name: str) -> logging.Logger:
    return logging.getLogger(f"desktop_wallet.{name}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{_ADDRESS} was read", "0x5290…9EE7 was read"),
        (f"block {_HASH} left", "block [64 hex digits] left"),
        ("https://user:pass@rpc.example:8545/v2/k3y?q=x said no", "rpc.example:8545 said no"),
        ("two\nlines\tand \x1b[31mcolour", "two lines and [31mcolour"),
        ("lorem " * 1_000, ("lorem " * 40)[:239] + "…"),
    ],
)
def test_what_is_kept_names_hosts_and_no_more(events: Events, text: str, expected: str) -> None:
    _log("net.pool").info("%s", text, extra={"fields": {"said": text}})
    (event,) = events.all()
    assert event.name == expected
    assert event.fields == {"said": expected}


def test_events_tell_what_they_are_about(events: Events) -> None:
    _log("net.pool").info("%s failed", "a.example")
    _log("services.metrics").info("preloaded")
    _log("services.metrics").info("invalidated", extra={"fields": {"cause": "confirmed"}})
    _log("services.metrics").warning("not read", extra={"fields": {"host": "a.example"}})
    _log("cache.pages").warning("read-only")
    _log("services.transfers").info("transfer")
    _log("chains.evm.adapter").info("anything", extra={"event": "reorg"})
    _log("registry.database").info("opened")
    found = events.all()
    assert [(event.kind, event.trouble) for event in reversed(found)] == [
        (EventKind.SERVER, False),
        (EventKind.PRELOAD, False),
        (EventKind.INVALIDATION, False),
        (EventKind.READ, True),
        (EventKind.CACHE, True),
        (EventKind.PAYMENT, False),
        (EventKind.INVALIDATION, False),
        (EventKind.OTHER, False),
    ]
    assert found[5].fields == {"cause": "confirmed"}
    assert [event.number for event in found] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_the_oldest_go_first(events: Events) -> None:
    log = _log("net.pool")
    for number in range(KEPT + 20):
        log.info("event %d", number)
    found = events.all()
    assert len(found) == KEPT
    assert (found[0].name, found[-1].name) == (f"event {KEPT + 19}", "event 20")
    assert events.count == KEPT + 20


def test_a_line_that_cannot_be_put_together_fails_nobody(events: Events) -> None:
    # Past the other handlers, which would say on the terminal what is wrong with it.
    events.handle(logging.LogRecord("desktop_wallet.net.pool", logging.INFO, "", 0, "%d balances", ("x",), None))
    assert events.all()[0].name == "unprintable"


def test_other_programs_parts_and_what_is_logged_in_detail_are_no_events(events: Events) -> None:
    logging.getLogger("httpx").warning("something")
    ours = logging.getLogger("desktop_wallet")
    before = ours.level
    ours.setLevel(logging.DEBUG)
    _log("services.metrics").debug("read")
    ours.setLevel(before)
    assert events.all() == ()


def test_nothing_is_left_after_the_lock() -> None:
    ours = logging.getLogger("desktop_wallet")
    before = ours.level
    events = Events(FakeClock())
    events.open()
    _log("net.pool").info("before")
    events.close_and_forget()
    _log("net.pool").warning("after")
    assert events.all() == ()
    assert ours.level == before
