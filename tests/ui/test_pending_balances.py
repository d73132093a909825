"""What a person sees of a balance while payments of theirs are under way, from the signature to the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.positions import Height
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.core.transfers import (
    Draft,
    Fee,
    Step,
    Transfer,
    TransferId,
    TransferState,
    expected_change,
    touched,
)
from desktop_wallet.ui.models.balance_claims import NO_CLAIMS, Claims, claims_on
from desktop_wallet.ui.models.balance_snapshot import BalanceRow
from desktop_wallet.ui.models.balance_view import BalanceView, Order
from desktop_wallet.ui.models.balance_words import Column, cell_text, spoken_text
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.details_words import as_json, fields
from desktop_wallet.ui.theme import Token
from tests.ui.fake_session import FakeSession, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from desktop_wallet.core.balances import BalanceKey

_ETH = 10**18
_USDC = 10**6
_numbers = count()


class House:
    """A session whose balances follow from its transfers, as the real one's do."""

    def __init__(self, session: FakeSession) -> None:
        self.session = session
        self.coin, self.token = session.key(0, 0, 0), session.key(0, 0, 1)
        self.other_coin = session.key(1, 0, 0)

    def sign(self, amount: int, *, token: bool = False, fee: int = 21 * 10**14, nonce: int | None = None) -> Transfer:
        """Sign a payment from the first account to the second one; twice the fee is the most."""
        key = self.token if token else self.coin
        number = next(_numbers)
        draft = Draft(key.network, key.address, self.other_coin.address, key.asset, amount)
        transfer = Transfer(
            TransferId(f"t{number}"),
            draft,
            TransactionId(f"0x{number:064x}"),
            b"",
            number if nonce is None else nonce,
            0 if nonce is None else 1,
            Fee(self.coin.asset, fee, 2 * fee),
            TransferState.BROADCAST,
            (Step(TransferState.SIGNED, 0.0), Step(TransferState.BROADCAST, 1.0)),
        )
        return self.put(transfer)

    def put(self, transfer: Transfer) -> Transfer:
        """Hold the transfer as it is now, and tell."""
        session = self.session
        held = session.transfers.signed
        held[:] = [each for each in held if each.id != transfer.id] + [transfer]
        keys = touched(transfer.draft, transfer.fee.asset)
        for key in keys:
            reading = session.balances.state(key).reading
            change = expected_change(key, reading, session.transfers.touching(key))
            session.balances.pending.pop(key, None)
            if change is not None:
                session.balances.pending[key] = change
        session.tell(ChangeSet(frozenset(keys), transfers=frozenset({transfer.id})))
        return transfer

    def claims(self, key: BalanceKey) -> Claims:
        return claims_on(key, self.session.balances.state(key).reading, self.session.transfers.touching(key))


@pytest.fixture
def house() -> House:
    session = small_session()
    for key in session.keys:
        session.balances.put(key, 5 * _ETH if key.asset.is_native else 1_000 * _USDC, age_s=4)
    return House(session)


@pytest.fixture
async def page(qapp: QApplication, house: House) -> AsyncIterator[BalancesPage]:
    made = BalancesPage(FakeShell(the_theme(), house.session.clock))
    made.resize(900, 700)
    made.attach(house.session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.shown()
    yield made
    made.hidden()
    await made.tasks.stop()
    made.detach()
    for widget in (made, made.pane):
        widget.close()
        widget.deleteLater()


def row_of(page: BalancesPage, key: BalanceKey) -> BalanceRow:
    page.model.flush()
    line = page.model.line_of(key)
    assert line is not None
    row = page.model.line(line)
    assert isinstance(row, BalanceRow)
    return row


def said(row: BalanceRow) -> str:
    return cell_text(row, Column.AMOUNT).replace("\u202f", "")


# Claims


def test_nothing_is_claimed_where_nothing_was_signed(house: House) -> None:
    assert house.claims(house.coin) == replace(NO_CLAIMS, spendable=5 * _ETH)
    assert claims_on(house.coin, None, ()) == NO_CLAIMS


def test_each_payment_claims_its_amount_and_its_highest_fee(house: House) -> None:
    small, large = house.sign(_ETH // 10), house.sign(_ETH)
    token = house.sign(250 * _USDC, token=True)
    most = 42 * 10**14
    claims = house.claims(house.coin)
    assert claims.waiting == (small.id, large.id, token.id)
    assert claims.taken == (_ETH + most, _ETH // 10 + most, most)
    assert claims.spendable == 5 * _ETH - sum(claims.taken)
    assert house.claims(house.token) == Claims((token.id,), (250 * _USDC,), 750 * _USDC)
    assert house.claims(house.other_coin) == Claims((small.id, large.id), (), 5 * _ETH), "what comes in takes nothing"


def test_a_faster_one_of_the_same_nonce_is_no_second_payment(house: House) -> None:
    first = house.sign(_ETH)
    faster = house.sign(_ETH, fee=10**16, nonce=first.nonce)
    claims = house.claims(house.coin)
    assert claims.waiting == (faster.id,)
    assert claims.taken == (_ETH + 2 * 10**16,), "the dearest of the two"


def test_what_is_dropped_makes_nothing_pending_and_goes_on_reserving(house: House) -> None:
    lost = house.sign(_ETH)
    house.put(replace(lost, state=TransferState.DROPPED))
    claims = house.claims(house.coin)
    assert claims.waiting == ()
    assert claims.taken == (_ETH + 42 * 10**14,)


def test_a_payment_of_more_than_is_there_leaves_nothing_to_spend(house: House) -> None:
    house.sign(9 * _ETH)
    assert house.claims(house.coin).spendable == 0


# The table


async def test_the_earlier_amount_stays_and_the_change_stands_with_it(house: House, page: BalancesPage) -> None:
    house.sign(15 * _ETH // 10, fee=0)
    sender, recipient = row_of(page, house.coin), row_of(page, house.other_coin)
    assert said(sender) == "5.00, −1.50 ETH expected"
    assert said(recipient) == "5.00, +1.50 ETH expected"
    assert cell_text(sender, Column.FRESHNESS) == "Pending · 4 s"
    spoken = spoken_text(sender, Column.ASSET)
    assert spoken == "ETH Ether, 5.00 ETH, −1.50 ETH expected, Pending · 4 s, Savings, Account 1, on Ethereum"


async def test_a_pending_amount_is_painted_muted_with_its_change_below(house: House, page: BalancesPage) -> None:
    page.grab()
    before = _cell(page, house.coin)
    house.sign(_ETH)
    row_of(page, house.coin)
    page.model.tick(0, 20)
    after = _cell(page, house.coin)
    assert before != after
    ink = page.theme.color(Token.TEXT).name()
    assert ink in before
    assert ink not in after


def _cell(page: BalancesPage, key: BalanceKey) -> set[str]:
    line = page.model.line_of(key)
    assert line is not None
    area = page.table.visualRect(page.model.index(line, Column.AMOUNT))
    image = page.table.viewport().grab(area).toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


async def test_totals_and_headings_count_it_with_its_change_and_say_so(house: House, page: BalancesPage) -> None:
    house.sign(_ETH, fee=10**15)
    page.model.flush()
    snapshot = page.model.rows.snapshot
    assert snapshot is not None
    total = snapshot.family_total(snapshot.family(0))
    assert total.pending == 2
    assert total.amount == 30 * _ETH - 10**15, "three accounts on two networks; the fee is gone"
    whole = page.head.totals._cells[0]
    assert "2 pending" in whole.accessibleName()
    assert "29.999 ETH" in whole.accessibleName()
    heading = spoken_text(page.model.line(0), Column.ASSET)
    assert "2 pending" in heading


async def test_the_tooltip_counts_the_payments_and_says_what_settles_them(house: House, page: BalancesPage) -> None:
    house.sign(_ETH)
    page.model.flush()
    line = page.model.line_of(house.coin)
    assert line is not None

    def tooltip(column: Column) -> str:
        page.model.tick(0, 20)
        return page.table.explained(QPoint(*page.table.visualRect(page.model.index(line, column)).center().toTuple()))

    assert tooltip(Column.FRESHNESS) == (
        "1 open payment of yours touches this balance. Shown is the amount before it.\n"
        "It is settled when Ethereum answers from a block with it in it."
    )
    house.sign(_ETH)
    page.model.flush()
    assert tooltip(Column.FRESHNESS).startswith("2 open payments of yours touch this balance.")
    assert tooltip(Column.AMOUNT).replace("\u202f", "") == "5.00 ETH\n−2.0042 ETH expected"


async def test_a_zero_balance_that_awaits_something_is_in_sight_and_found(house: House, page: BalancesPage) -> None:
    house.session.balances.put(house.coin, 9_000 * _ETH)
    house.session.balances.put(house.other_coin, 0)
    house.session.tell(ChangeSet(frozenset({house.coin, house.other_coin})))
    page.model.flush()
    assert page.model.line_of(house.other_coin) is None
    house.sign(_ETH)
    page.model.flush()
    assert page.model.line_of(house.other_coin) is not None
    page.head.show_all.setChecked(True)
    page.head.show_all.setChecked(False)
    assert _shell(page).said == "0 zero balances are out of sight."
    page.model.show(BalanceView(search="savings ether", order=Order.AMOUNT, descending=True))
    assert page.model.line_of(house.coin) == 1, "by the earlier amount"
    page.model.show(BalanceView(stale_only=True))
    assert page.model.line_of(house.coin) is None, "pending is not stale"


async def test_a_refresh_keeps_it_pending_until_the_payment_is_settled(house: House, page: BalancesPage) -> None:
    payment = house.sign(_ETH, fee=0)
    session = house.session
    session.script.amounts = dict.fromkeys(session.keys, 4 * _ETH)
    page.reads.refresh_one(row_of(page, house.coin))
    await _rest(page)
    assert row_of(page, house.coin).badge.kind is BadgeKind.PENDING
    assert _shell(page).said == "ETH on Ethereum was read in 0.8 s. It stays pending until the open payment is settled."
    reading = session.balances.state(house.coin).reading
    assert reading is not None
    block = reading.position
    assert isinstance(block, Height)
    house.put(replace(payment, state=TransferState.CONFIRMED, block=block, fee_paid=0, settled=block))
    settled = row_of(page, house.coin)
    assert settled.badge.kind is BadgeKind.FRESH
    assert said(settled) == "4.00"
    session.clock.advance(40)
    page.tick()
    assert row_of(page, house.coin).badge.kind is BadgeKind.STALE


# The details


def _details(page: BalancesPage, key: BalanceKey) -> dict[str, str]:
    page.model.flush()
    page.open_details(key)
    row = page.pane.row
    assert row is not None
    shown = [each._field for each in page.pane._rows if each._field is not None]
    return {field.label: f"{field.value} | {field.note}".replace("\u202f", "") for field in shown}


async def test_the_details_tell_what_is_expected_and_what_may_be_spent(house: House, page: BalancesPage) -> None:
    house.sign(_ETH, fee=10**15)
    found = _details(page, house.coin)
    assert found["Expected"] == "−1.001 ETH | then 3.999 ETH"
    assert found["Spendable"] == ("3.998 ETH | 1 payment of yours may still take 1.002 ETH, its highest fee included.")
    assert page.pane.left.text() == "until it is settled"
    house.sign(200 * _USDC, token=True)
    house.sign(50 * _USDC, token=True)
    found = _details(page, house.token)
    assert found["Expected"] == "−250.00 USDC | then 750.00 USDC"
    assert found["Spendable"] == "750.00 USDC | 2 payments of yours may still take 200.00 USDC and 50.00 USDC."
    found = _details(page, house.other_coin)
    assert found["Expected"] == "+1.00 ETH | then 6.00 ETH"
    assert "Spendable" not in found, "all of it"


async def test_many_payments_are_not_all_named(house: House, page: BalancesPage) -> None:
    for amount in range(5):
        house.sign((amount + 1) * _USDC, token=True)
    note = _details(page, house.token)["Spendable"]
    assert note.endswith("may still take 5.00 USDC, 4.00 USDC, 3.00 USDC and 2 further amounts.")


async def test_the_details_lead_to_the_payment_or_to_all_of_them(house: House, page: BalancesPage) -> None:
    asked: list[tuple[str, object]] = []
    page.asked.connect(lambda name, what: asked.append((name, what)))
    _details(page, house.coin)
    assert page.pane.activity.isHidden(), "nothing is open"
    payment = house.sign(_ETH)
    _details(page, house.coin)
    assert not page.pane.activity.isHidden()
    page.pane.activity.click()
    assert asked == [("activity", payment.id)]
    house.sign(_ETH)
    _details(page, house.coin)
    page.pane.activity.click()
    assert _shell(page).opened == ["activity"]


async def test_the_json_has_what_is_expected_and_what_may_be_spent(house: House, page: BalancesPage) -> None:
    house.sign(_ETH, fee=10**15)
    row = row_of(page, house.coin)
    text = as_json(row, house.session.clock.now(), house.claims(house.coin))
    assert '"badge": "pending"' in text
    assert f'"expected_change_base_units": "{-_ETH - 10**15}"' in text
    assert f'"spendable_base_units": "{4 * _ETH - 2 * 10**15}"' in text


async def test_without_claims_the_fields_are_as_they_were(house: House, page: BalancesPage) -> None:
    labels = [field.label for field in fields(row_of(page, house.coin), house.session.clock.now())]
    assert "Spendable" not in labels
    assert "Expected" not in labels


def _shell(page: BalancesPage) -> FakeShell:
    assert isinstance(page.shell, FakeShell)
    return page.shell


async def _rest(page: BalancesPage) -> None:
    for _ in range(10):
        await asyncio.sleep(0)
    page.model.flush()
