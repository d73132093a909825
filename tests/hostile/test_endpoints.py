"""Servers that fail, lie or say nothing: what the row shows, what the log says, that others go on, that it passes.

Each fault strikes one of two networks of a whole wallet: once a server before a real node, where no other is left, and
once a server before a practice chain, where one is.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.logs import Entry
from tests.fakes.anvil import Anvil
from tests.fakes.http2_server import certificate
from tests.fakes.scripted_server import passes_on
from tests.hostile.endpoint_faults import FAULTS, Fault
from tests.hostile.endpoint_stage import EndpointStage, endpoint_stage, furnished, whole_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey

pytestmark = pytest.mark.anvil

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[Anvil, str]]:
    """Yield one node with a token for all tests; each has accounts of its own on it."""
    with Anvil() as node:
        yield node, furnished(node)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the certificate the wallet trusts, and another one."""
    return certificate(tmp_path_factory.mktemp("tls")), certificate(tmp_path_factory.mktemp("other"))


@pytest.mark.parametrize("name", list(FAULTS))
async def test_a_fault_where_no_other_server_is_left(
    tmp_path: Path, node: tuple[Anvil, str], pems: tuple[Path, Path], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    fault = FAULTS[name]
    async with endpoint_stage(tmp_path, *node, pems, number=next(_numbers), http2=fault.http2) as stage:
        caplog.set_level(logging.INFO, "desktop_wallet")
        caplog.clear()
        fault.strike(stage)
        await refresh_while_it_lasts(stage, fault)
        the_others_went_on(stage)
        if fault.reason is None:
            assert fresh_and_true(stage, stage.keys(stage.struck))
        else:
            the_rows_show_what_happened(stage, fault)
            the_log_says(stage, fault, caplog, fault.tries)

        lift(stage, fault)
        await stage.pass_time()
        await stage.read(stage.session.balances.keys())
        assert fresh_and_true(stage, stage.session.balances.keys()), "it passes by itself"
    assert stage.bugs == []


@pytest.mark.parametrize("name", list(FAULTS))
async def test_a_fault_where_another_server_is_left(
    tmp_path: Path, node: tuple[Anvil, str], pems: tuple[Path, Path], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    fault = FAULTS[name]
    async with endpoint_stage(
        tmp_path, *node, pems, number=next(_numbers), http2=fault.http2, servers=2, swapped=True
    ) as stage:
        caplog.set_level(logging.INFO, "desktop_wallet")
        caplog.clear()
        fault.strike(stage)
        await refresh_while_it_lasts(stage, fault)
        the_others_went_on(stage)
        assert fresh_and_true(stage, stage.keys(stage.struck)), "the second server answered"
        if fault.reason is not None:
            the_log_says(stage, fault, caplog)
            before = len(stage.server.requests) if not fault.http2 else 0
            await stage.pass_time()
            await stage.read(stage.session.balances.keys())
            assert fault.http2 or len(stage.server.requests) == before, "who has failed is asked last"

        lift(stage, fault)
        await stage.pass_time(600.0)
        await stage.read(stage.session.balances.keys())
        assert fresh_and_true(stage, stage.session.balances.keys())
    assert stage.bugs == []


async def refresh_while_it_lasts(stage: EndpointStage, fault: Fault) -> None:
    """Refresh everything; what hangs is let go only when the other network has long been read."""
    keys = stage.session.balances.keys()
    refreshing = asyncio.ensure_future(stage.refresh(keys))
    try:
        await stage.until(lambda: fresh_and_true(stage, stage.keys(stage.calm)))
        await asyncio.wait_for(fault.meanwhile(stage), 10)
        report = await refreshing
    finally:
        refreshing.cancel()
    assert report.asked == len(keys) == report.answered + len(report.failed)


def the_others_went_on(stage: EndpointStage) -> None:
    assert fresh_and_true(stage, stage.keys(stage.calm))


def the_rows_show_what_happened(stage: EndpointStage, fault: Fault) -> None:
    """The last known amount and why it is old; where none is known, no number and why."""
    said = fault.words.format(host=stage.host, name=stage.struck.network.name)
    known, unread = (stage.keys(stage.struck, address) for address in (stage.known, stage.unread))
    assert stage.amounts(known) == {key: stage.before[key] for key in known}
    assert {(badge.kind, badge.reasons[0]) for badge in stage.badges(known)} == {(BadgeKind.STALE, StaleReason.FAILED)}
    assert set(stage.amounts(unread).values()) == {None}
    assert {badge.kind for badge in stage.badges(unread)} == {BadgeKind.UNAVAILABLE}
    for key in (*known, *unread):
        failure = stage.session.balances.state(key).failure
        assert failure is not None
        assert failure.reason is fault.reason
        words = stage.words(key, stage.struck)
        assert said in words
        assert "Shown is what it said at " in words or key in unread
        assert "Call " not in words, "a server's words are never ours"


def the_log_says(stage: EndpointStage, fault: Fault, caplog: pytest.LogCaptureFixture, tries: int = 1) -> None:
    """A line a try, with the network, the host and the reason, and nothing that is nobody's business."""
    lines = [record for record in caplog.records if record.name.startswith("desktop_wallet")]
    failed = [record.__dict__["fields"] for record in lines if record.getMessage() == "server failed"]
    assert [(told["network"], told["host"]) for told in failed] == [(stage.struck.network.id, stage.host)] * tries
    assert all(told["reason"].startswith(fault.logged) for told in failed)
    everything = "\n".join(Entry.of(record).line() for record in lines)
    assert not whole_addresses(everything)
    for private in ("key-of-a-person", "secret=", "Call ", "<b>"):
        assert private not in everything


def fresh_and_true(stage: EndpointStage, keys: Sequence[BalanceKey]) -> bool:
    """Return whether these rows are Fresh and show what the chain holds."""
    fresh = {badge.kind for badge in stage.badges(keys)} == {BadgeKind.FRESH}
    return fresh and stage.amounts(keys) == stage.true(keys)


def lift(stage: EndpointStage, fault: Fault) -> None:
    """Let the server be as good as any again."""
    if fault.lift is not None:
        fault.lift(stage)
    else:
        stage.server.usual = passes_on(stage.struck.answer)
