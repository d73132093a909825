"""The second opinion in the details: who is asked, what came of it, and for how long it stands."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.opinions import Opinion, OpinionKind, OpinionProblem, cannot_tell
from desktop_wallet.ui.models.balance_names import BalanceNames
from desktop_wallet.ui.models.balance_snapshot import BalanceRow, BalanceSnapshot
from desktop_wallet.ui.pages.details import DetailsPane
from desktop_wallet.ui.pages.details_opinion_words import opinion_text
from tests.ui.fake_session import FakeSession, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

_AMOUNT = 2_481_903_770_000_000_000


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    made.balances.put(made.key(0, 0, 0), _AMOUNT, age_s=3)
    made.balances.put(made.key(1, 0, 0), 7, age_s=3)
    return made


@pytest.fixture
def shell(qapp: QApplication, session: FakeSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@pytest.fixture
def pane(shell: FakeShell, session: FakeSession) -> Iterator[DetailsPane]:
    made = DetailsPane(shell)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the pane uses
    made.open(session.clock.now())
    made.show()
    made.show_balance(_row(session))
    yield made
    made.attach(None)
    made.close()
    made.deleteLater()


def _row(session: FakeSession, account: int = 0) -> BalanceRow:
    snapshot = BalanceSnapshot(
        BalanceNames(session.accounts, session.catalogue), session.balances, session.clock, session.clock.now()
    )
    row = snapshot.row_of(session.key(account, 0, 0))
    assert row is not None
    return snapshot.row(row)


async def _answered() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def _said(pane: DetailsPane) -> str:
    block = pane.opinion
    return " ".join(text.text() for text in (block.title, block.sentence, block.advice) if not text.isHidden())


def test_nobody_is_asked_before_the_person_asks(pane: DetailsPane, session: FakeSession) -> None:
    assert session.opinions.asked == []
    assert _said(pane) == ""
    assert pane.opinion.ask.accessibleName() == "Ask another server"


async def test_a_server_that_agrees_is_named_with_the_block(pane: DetailsPane, session: FakeSession) -> None:
    pane.opinion.ask.click()
    await _answered()
    assert _said(pane) == (
        "Another server agrees other.example reads the same amount at the very same block, 21,884,310. "
        "Two servers of one operator agree without proving anything."
    )
    assert pane.doubt.isHidden()


async def test_a_server_that_disagrees_is_heard_beside_the_number_too(pane: DetailsPane, session: FakeSession) -> None:
    session.opinions.amount = 10**18
    pane.opinion.ask.click()
    await _answered()
    assert _said(pane).startswith(
        "The servers disagree ethereum.example reads 2.481\u202f903\u202f77 ETH, other.example reads 1.00 ETH, both at "
        "block 21,884,310. One of the two is wrong. Do not rely on this number until "
    )
    assert not pane.doubt.isHidden()
    assert pane.doubt.property("token") == pane.opinion.title.property("token") == "unavailable"


@pytest.mark.parametrize("problem", OpinionProblem)
def test_each_reason_for_not_knowing_says_what_to_do(session: FakeSession, problem: OpinionProblem) -> None:
    reading = session.balances.state(session.key(0, 0, 0)).reading
    words = opinion_text(cannot_tell(reading, problem), "ETH", "Base")
    assert words.title == "Nobody can tell"
    assert len(words.sentence) > 20
    assert len(words.advice) > 10
    assert "{" not in words.spoken
    unknown = opinion_text(Opinion(OpinionKind.CANNOT_TELL, None, why=problem), "ETH", "Base")
    assert "None" not in unknown.spoken


async def test_while_somebody_is_asked_nothing_older_is_shown(pane: DetailsPane, session: FakeSession) -> None:
    pane.opinion.ask.click()
    await _answered()
    session.opinions.gate = asyncio.Event()
    pane.opinion.ask.click()
    await _answered()
    assert _said(pane) == ""
    assert not pane.opinion.ask.isEnabled()
    assert pane.opinion.ask.accessibleName() == "Asking another server"
    pane.renew()
    assert _said(pane) == ""
    assert not pane.opinion.ask.isEnabled()
    session.opinions.gate.set()
    await _answered()
    assert pane.opinion.ask.isEnabled()
    assert _said(pane).startswith("Another server agrees")


async def test_an_opinion_goes_with_the_number_it_was_about(pane: DetailsPane, session: FakeSession) -> None:
    session.opinions.amount = 5
    pane.opinion.ask.click()
    await _answered()
    session.clock.advance(2)
    pane.renew()
    assert _said(pane)
    session.balances.put(session.key(0, 0, 0), _AMOUNT)
    pane.show_balance(_row(session))
    assert _said(pane) == ""
    assert pane.doubt.isHidden()
    assert pane.doubt.text() == ""


@pytest.mark.parametrize("leave", ["other balance", "closed", "page left", "lock"])
async def test_whoever_leaves_waits_for_nobody(pane: DetailsPane, session: FakeSession, leave: str) -> None:
    session.opinions.gate = asyncio.Event()
    pane.opinion.ask.click()
    await _answered()
    match leave:
        case "other balance":
            pane.show_balance(_row(session, 1))
        case "closed":
            pane.show_balance(None)
        case "page left":
            pane.open(None)
        case _:
            pane.attach(None)
    await _answered()
    assert session.opinions.cancelled == 1
    assert _said(pane) == ""
    assert pane.opinion.ask.isEnabled()


async def test_a_fault_while_asking_is_reported_and_one_may_ask_again(
    pane: DetailsPane, session: FakeSession, shell: FakeShell
) -> None:
    error = RuntimeError("ours")

    async def fails(key: object) -> Opinion:
        raise error

    session.opinions.ask = fails  # type: ignore[method-assign]
    pane.opinion.ask.click()
    await _answered()
    assert shell.errors == [error]
    assert pane.opinion.ask.isEnabled()


async def test_the_copy_as_json_tells_the_opinion(pane: DetailsPane, session: FakeSession, shell: FakeShell) -> None:
    pane.json.click()
    assert "second_opinion" not in json.loads(shell.copied[-1][0])
    session.opinions.amount = 10**18
    pane.opinion.ask.click()
    await _answered()
    pane.json.click()
    told = json.loads(shell.copied[-1][0])["second_opinion"]
    assert told["kind"] == "different"
    assert (told["endpoint"], told["amount_base_units"], told["block"]) == ("other.example", str(10**18), 21_884_310)
