"""Servers that lie about how far their chain is, or that really are not as far: no false amount, and it passes."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.core.positions import Height
from tests.fakes.anvil import Anvil
from tests.fakes.http2_server import certificate
from tests.fakes.scripted_server import passes_on
from tests.hostile.endpoint_stage import EndpointStage, endpoint_stage, furnished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.net.pool import EndpointStatus

pytestmark = pytest.mark.anvil

_numbers = itertools.count(0x100)
ABSURD = 10**18


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[Anvil, str]]:
    """Yield one node with a token for all tests; each has accounts of its own on it."""
    with Anvil() as node:
        yield node, furnished(node)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return certificates; these servers show none."""
    pem = certificate(tmp_path_factory.mktemp("tls"))
    return pem, pem


@dataclass
class Heights:
    """A stage, and what a server of it can be made to say of its chain."""

    stage: EndpointStage
    node: Anvil

    def ask_at(self, number: Callable[[], int]) -> None:
        """Let the struck server answer from an older block of the very chain, as one that has not got further."""

        def request(body: bytes) -> bytes:
            asked = json.loads(body)
            for call in asked if isinstance(asked, list) else [asked]:
                call["params"] = [hex(number()) if each == "latest" else each for each in call["params"]]
            return json.dumps(asked).encode()

        def reply(_asked: bytes, told: bytes) -> bytes:
            items = json.loads(told)
            for item in items if isinstance(items, list) else [items]:
                result = item.get("result")
                if isinstance(result, dict) and int(result["number"], 16) > number():
                    item["result"] = None  # it does not have that block
            return json.dumps(items).encode()

        self.stage.server.usual = passes_on(self.stage.struck.answer, request=request, reply=reply)

    def claim(self, *numbers: int, in_contracts: bool) -> None:
        """Let the struck server put such a number on its newest block: in the header and (or not) inside contracts.

        Several numbers take turns, one an answer.
        """
        claims = itertools.cycle(numbers)

        def reply(asked: bytes, told: bytes) -> bytes:
            calls, items = json.loads(asked), json.loads(told)
            if not isinstance(items, list):
                calls, items = [calls], [items]
            wanted = {call["id"]: call["params"] for call in calls}
            true, number = 0, next(claims)
            for item in items:
                result: Any = item.get("result")
                if isinstance(result, dict) and "latest" in wanted[item["id"]]:
                    true = int(result["number"], 16)
                    result["number"] = hex(number)
                elif isinstance(result, str) and len(result) > 66 and in_contracts:
                    item["result"] = result.replace(f"{true:064x}", f"{number:064x}", 1)
            return json.dumps(items if told.lstrip().startswith(b"[") else items[0]).encode()

        self.stage.server.usual = passes_on(self.stage.struck.answer, reply=reply)

    def tell_the_truth(self) -> None:
        """Let the struck server be as good as any."""
        self.stage.server.usual = passes_on(self.stage.struck.answer)

    def rows(self) -> set[tuple[BadgeKind, StaleReason | None]]:
        """Return what the known rows of the struck network show."""
        badges = self.stage.badges(self.known)
        return {(badge.kind, badge.reasons[0] if badge.reasons else None) for badge in badges}

    @property
    def known(self) -> tuple[BalanceKey, ...]:
        return self.stage.keys(self.stage.struck, self.stage.known)

    @property
    def everything(self) -> Sequence[BalanceKey]:
        return self.stage.session.balances.keys()

    def statuses(self) -> tuple[EndpointStatus, ...]:
        """Return what is known of the struck network's servers, best first."""
        return self.stage.session.balances._parts.adapters.of(self.stage.struck.network.id).endpoint_statuses()

    def words(self) -> str:
        return self.stage.words(self.known[0], self.stage.struck)

    def check_calm(self) -> None:
        """The other network went on, whatever this one does."""
        keys = self.stage.keys(self.stage.calm)
        assert {badge.kind for badge in self.stage.badges(keys)} == {BadgeKind.FRESH}
        assert self.stage.amounts(keys) == self.stage.true(keys)

    def check_never_false(self) -> None:
        """No row shows an amount that was never so."""
        for key, amount in self.stage.amounts(self.stage.keys(self.stage.struck)).items():
            assert amount in (None, self.stage.before[key], self.stage.truth[key])

    def is_fresh_and_true(self) -> bool:
        fresh = {badge.kind for badge in self.stage.badges(self.everything)} == {BadgeKind.FRESH}
        return fresh and self.stage.amounts(self.everything) == self.stage.true(self.everything)


@pytest.fixture
async def heights(
    request: pytest.FixtureRequest, tmp_path: Path, node: tuple[Anvil, str], pems: tuple[Path, Path]
) -> AsyncIterator[Heights]:
    """Yield a stage; indirect parameters are how many servers the struck network has."""
    servers = getattr(request, "param", 1)
    async with endpoint_stage(tmp_path, *node, pems, number=next(_numbers), servers=servers) as stage:
        node[0].mine(20)  # so that a server can lag and have every account all the same
        await stage.refresh((*stage.keys(stage.struck, stage.known), *stage.keys(stage.calm)))
        await stage.pass_time()
        stage.pay_everybody()
        stage.opened = stage.clock.now()
        yield Heights(stage, node[0])
    assert stage.bugs == []


def height_read(heights: Heights) -> int:
    """Return the block of what is held."""
    reading = heights.stage.session.balances.state(heights.known[0]).reading
    assert reading is not None
    assert isinstance(reading.position, Height)
    return reading.position.number


async def test_a_height_that_goes_back_leaves_the_amounts_and_says_so_until_it_has_come_back(heights: Heights) -> None:
    stage = heights.stage
    held = height_read(heights)
    heights.ask_at(lambda: heights.node.height - (heights.node.height - held) - 12)
    await stage.refresh(heights.everything)
    heights.check_calm()
    heights.check_never_false()
    assert stage.amounts(heights.known) == {key: stage.before[key] for key in heights.known}
    assert heights.rows() == {(BadgeKind.STALE, StaleReason.EXPIRED)}, "it may be a moment's matter"
    # What follows up asks again after three block times, and then it lasts.
    await stage.pass_time(5.0)
    await stage.until(lambda: heights.rows() == {(BadgeKind.STALE, StaleReason.BEHIND)})
    assert "The servers of Node are 12 blocks behind." in heights.words()
    heights.check_never_false()

    heights.tell_the_truth()
    await stage.pass_time()
    await stage.read(heights.everything)
    assert heights.is_fresh_and_true()


@pytest.mark.parametrize("heights", [2], indirect=True)
@pytest.mark.parametrize("behind", ["lags", "stale"])
async def test_a_server_that_answers_from_below_is_left_for_another_at_once(heights: Heights, behind: str) -> None:
    stage = heights.stage
    held = height_read(heights)
    ago = heights.node.height - held + 12
    heights.ask_at((lambda: heights.node.height - ago) if behind == "lags" else (lambda: held - 12))
    await stage.refresh(heights.everything)
    heights.check_calm()
    heights.check_never_false()
    assert {badge.kind for badge in stage.badges(heights.known)} == {BadgeKind.FRESH}
    assert stage.amounts(heights.known) == stage.true(heights.known)
    statuses = heights.statuses()
    assert [(status.host == stage.host, status.behind) for status in statuses] == [(False, False), (True, True)]
    assert (statuses[1].lag_blocks or 0) >= 12
    before = len(stage.server.requests)
    await stage.refresh(heights.everything)
    assert len(stage.server.requests) == before, "it is asked last"
    assert heights.is_fresh_and_true()

    heights.tell_the_truth()
    await stage.pass_time(61.0)
    await stage.read(heights.everything)  # and a look at the laggard behind it
    await stage.until(lambda: not any(status.behind for status in heights.statuses()))
    assert heights.is_fresh_and_true()


@pytest.mark.parametrize("heights", [1, 2], indirect=True)
async def test_a_head_that_stands_still_is_told_and_left_as_soon_as_another_goes_on(heights: Heights) -> None:
    stage = heights.stage
    await stage.refresh(heights.everything)
    stuck_at = heights.node.height
    heights.ask_at(lambda: stuck_at)
    await stage.pass_time(3_700.0)
    heights.node.mine(200, apart_s=0)  # further than a height may leap between two reads
    await stage.refresh(heights.everything)
    heights.check_calm()
    assert heights.rows() == {(BadgeKind.STALE, StaleReason.HEAD_TOO_OLD)}
    assert f"The chain of {stage.host} stands still since" in heights.words()
    if len(stage.servers) > 1:
        await stage.until(lambda: heights.statuses()[-1].behind)  # after a look at the other's head
        await stage.read(heights.everything)
        assert heights.is_fresh_and_true(), "the other goes on"

    heights.tell_the_truth()
    await stage.pass_time()
    await stage.read(heights.everything)
    assert heights.is_fresh_and_true()


@pytest.mark.parametrize("heights", [2], indirect=True)
@pytest.mark.parametrize("in_contracts", [True, False], ids=["everywhere", "in the header"])
async def test_an_absurd_height_is_not_believed_and_another_server_answers(
    heights: Heights, *, in_contracts: bool
) -> None:
    stage = heights.stage
    heights.claim(ABSURD, in_contracts=in_contracts)
    await stage.refresh(heights.known)
    await stage.refresh(stage.keys(stage.calm))
    heights.check_calm()
    heights.check_never_false()
    assert {badge.kind for badge in stage.badges(heights.known)} == {BadgeKind.FRESH}
    assert stage.amounts(heights.known) == stage.true(heights.known)
    assert height_read(heights) < ABSURD
    # The liar is not the head that others are measured by, and is asked last.
    before = len(stage.server.requests)
    await stage.pass_time()
    await stage.read(heights.known)
    assert {badge.kind for badge in stage.badges(heights.known)} == {BadgeKind.FRESH}
    assert len(stage.server.requests) == before

    heights.tell_the_truth()
    await stage.pass_time(61.0)
    await stage.read(heights.everything)
    assert heights.is_fresh_and_true()


@pytest.mark.parametrize("in_contracts", [True, False], ids=["everywhere", "in the header"])
async def test_an_absurd_height_of_the_only_server_does_not_stick_when_the_lie_has_ended(
    heights: Heights, *, in_contracts: bool
) -> None:
    stage = heights.stage
    heights.claim(ABSURD, in_contracts=in_contracts)
    await stage.refresh(heights.everything)
    heights.check_calm()
    heights.check_never_false()

    heights.tell_the_truth()
    for _ in range(3):  # due reads; the lie must last no longer than three block times and a look-up
        await stage.pass_time()
        await stage.read(heights.everything)
    assert heights.is_fresh_and_true()


async def test_absurd_heights_that_do_not_agree_are_told_as_what_they_are(
    heights: Heights, caplog: pytest.LogCaptureFixture
) -> None:
    stage = heights.stage
    heights.claim(ABSURD, ABSURD // 2, in_contracts=True)
    await stage.refresh(heights.known)
    await stage.refresh(stage.keys(stage.calm))
    heights.check_calm()
    assert stage.amounts(heights.known) == {key: stage.before[key] for key in heights.known}
    assert heights.rows() == {(BadgeKind.STALE, StaleReason.FAILED)}
    said = f"{stage.host} claims a block far ahead of the clock, and no second server agreed."
    assert said in heights.words()
    lines = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "not read"]
    assert [(told["host"], told["reason"], told["balances"]) for told in lines] == [
        (stage.host, FailureReason.DOUBTED.value, len(heights.known))
    ]

    heights.tell_the_truth()
    await stage.pass_time()
    await stage.read(heights.everything)
    assert heights.is_fresh_and_true()
