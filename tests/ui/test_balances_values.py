"""What balances are worth, in rows, headings and the head of the page: one store, so that they cannot disagree."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.assets import AssetOrigin
from desktop_wallet.core.prices import CURRENCIES, added, worth
from desktop_wallet.ui.models.balance_rows import BalanceRows
from desktop_wallet.ui.models.balance_view import BalanceView, Grouping, Order
from desktop_wallet.ui.models.balance_words import (
    NO_PRICE,
    UNKNOWN,
    Column,
    cell_text,
    spoken_text,
    value_change_text,
    value_explanation,
    value_text,
)
from desktop_wallet.ui.pages.balances_words import money_line, worth_text
from tests.ui.fake_session import FakeSession, network, small_session

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.prices import MoneyTotal

_ETH = 10**18
ASSETS = [(place, asset) for place in range(3) for asset in range(2)]


@pytest.fixture
def session() -> FakeSession:
    """Return balances of two Ether and three dollars in turn, every asset of which has a price."""
    made = small_session()
    for key in made.keys:
        made.balances.put(key, 2 * _ETH if key.asset.is_native else 3_000_000, age_s=5)
    for place, asset in ASSETS:
        made.prices.put(made.key(0, place, asset).asset, "0.5" if place == 2 else ("1" if asset else "1800.25"))
    return made


def _rows(session: FakeSession, view: BalanceView | None = None) -> BalanceRows:
    rows = BalanceRows(session.clock)
    rows.load(session.accounts, session.catalogue, session.balances, session.prices)
    rows.show(view or BalanceView(zeros=True))
    rows.settle(rows.laid_out())
    return rows


def _money(rows: BalanceRows) -> MoneyTotal:
    assert rows.snapshot is not None
    money = rows.snapshot.money()
    assert money is not None
    return money


def _first(rows: BalanceRows) -> int:
    return next(line for line in rows.lines if line >= 0)


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("amount"), st.integers(0, 17), st.integers(0, 2**256 - 1)),
        st.tuples(st.just("zero"), st.integers(0, 17), st.just(0)),
        st.tuples(st.just("forget"), st.integers(0, 17), st.just(0)),
        st.tuples(st.just("pending"), st.integers(0, 17), st.integers(-(10**20), 10**20)),
        st.tuples(st.just("settled"), st.integers(0, 17), st.just(0)),
        st.tuples(st.just("price"), st.integers(0, 5), st.integers(1, 10**24)),
        st.tuples(st.just("no price"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("time"), st.integers(0, 30_000), st.just(0)),
    ),
    max_size=12,
)


def _happen(session: FakeSession, rows: BalanceRows, event: tuple[str, int, int]) -> None:
    what, place, number = event
    keys = session.balances.keys()
    key = keys[place % len(keys)]
    asset = session.key(0, *ASSETS[place % len(ASSETS)]).asset
    match what:
        case "amount" | "zero":
            session.balances.put(key, number)
        case "forget":
            session.balances.states.pop(key, None)
        case "pending":
            session.balances.pending[key] = number
        case "settled":
            session.balances.pending.pop(key, None)
        case "price":
            session.prices.put(asset, f"{number}e-12")
        case "no price":
            session.prices.told.pop(asset, None)
        case _:
            session.clock.advance(place)
    rows.price(session.prices)
    rows.update([key])


@given(EVENTS, st.sampled_from(list(Grouping)), st.sampled_from(list(Order)))
def test_rows_headings_and_the_total_say_the_same_whatever_happens(
    events: list[tuple[str, int, int]], grouping: Grouping, order: Order
) -> None:
    session = small_session()
    session.prices.currency = CURRENCIES["usd"]
    rows = _rows(session, BalanceView(zeros=True, grouping=grouping, order=order))
    for event in events:
        _happen(session, rows, event)
        for line in rows.lines:
            if line < 0:
                rows.heading(~line)  # from now on it is followed, and not counted anew
    shown = [rows.row(line) for line in rows.lines if line >= 0]
    money = _money(rows)
    counted = [row.worth.counted for row in shown if row.worth is not None and row.worth.counted is not None]
    assert money.value == added(counted)
    headings = [rows.heading(~line).money for line in rows.lines if line < 0]
    assert money.value == added([part.value for part in headings if part is not None])
    assert money.without_price == sum(part.without_price for part in headings if part is not None)
    assert money.value == added([_exactly(session, key) for key in session.keys])
    assert money.parts == len(shown)
    assert money.unknown == sum(row.amount is None for row in shown)
    assert money == _money(_rows(session)), "what was counted bit by bit is what a fresh look counts"


def _exactly(session: FakeSession, key: BalanceKey) -> Decimal:
    """Return what a balance counts for, worked out from what the session holds alone."""
    reading, price = session.balances.state(key).reading, session.prices.price(key.asset)
    if reading is None or price is None:
        return Decimal(0)
    return worth(reading.amount + session.balances.pending.get(key, 0), reading.decimals, price.per_unit)


def test_with_prices_off_nothing_is_worth_anything(session: FakeSession) -> None:
    session.prices.currency = None
    rows = _rows(session)
    row = rows.row(_first(rows))
    assert row.worth is None
    assert cell_text(row, Column.VALUE) == ""
    assert cell_text(rows.heading(0), Column.VALUE) == ""
    assert rows.snapshot is not None
    assert rows.snapshot.money() is None
    assert "worth" not in spoken_text(row, Column.ASSET)


def test_a_row_says_its_value_to_the_eye_and_to_the_ear(session: FakeSession) -> None:
    rows = _rows(session)
    row = rows.row(_first(rows))
    assert cell_text(row, Column.VALUE) == "$3,600.50"
    assert ", worth $3,600.50, " in spoken_text(row, Column.ASSET)
    assert cell_text(rows.heading(0), Column.VALUE) == "$14,419.00"
    assert "worth $14,419.00" in spoken_text(rows.heading(0), Column.ASSET)


def test_an_unknown_amount_has_a_dash_and_a_missing_price_says_so(session: FakeSession) -> None:
    unknown, without = session.key(0, 0, 0), session.key(0, 0, 1)
    del session.balances.states[unknown]
    del session.prices.told[without.asset]
    rows = _rows(session)
    assert rows.snapshot is not None
    texts = [value_text(rows.snapshot.row(row or 0)) for row in map(rows.snapshot.row_of, (unknown, without))]
    assert texts == [UNKNOWN, NO_PRICE]
    money = _money(rows)
    assert (money.unknown, money.without_price, money.parts) == (1, 3, 18)
    assert "2 without a price" in cell_text(rows.heading(0), Column.FRESHNESS)
    assert money_line(money) == "Oldest balance 5 s, prices 0 s old, 3 of 18 without a price, 1 unknown"


def test_what_is_zero_needs_no_price(session: FakeSession) -> None:
    token = session.key(0, 0, 1)
    del session.prices.told[token.asset]
    for account in range(3):
        session.balances.put(session.key(account, 0, 1), 0)
    assert _money(_rows(session)).without_price == 0


def test_a_pending_row_shows_what_was_and_the_change_and_the_total_counts_it(session: FakeSession) -> None:
    key = session.key(0, 0, 0)
    before = _money(_rows(session)).value
    session.balances.pending[key] = -_ETH
    rows = _rows(session)
    assert rows.snapshot is not None
    row = rows.snapshot.row(rows.snapshot.row_of(key) or 0)
    assert value_text(row) == "$3,600.50"
    assert value_change_text(row) == "−$1,800.25"
    assert cell_text(row, Column.VALUE) == "$3,600.50, −$1,800.25 expected"
    money = _money(rows)
    assert money.value == before - Decimal("1800.25")
    assert money.pending == 1
    assert money_line(money).endswith("1 pending")


def test_a_token_added_by_hand_has_no_price_whatever_it_calls_itself() -> None:
    session = FakeSession()
    session.accounts.add("Savings", "Account 1")
    fake = ("0x" + "66" * 20, "USDC", "USD Coin", 6, AssetOrigin.BY_HAND)
    listed = ("0x" + "a0" * 20, "USDC", "USD Coin", 6, AssetOrigin.LIST)
    session.catalogue.add(network(1, "Ethereum"), listed, fake)
    for key in session.keys:
        session.balances.put(key, 1_000_000)
    session.prices.put(session.key(0, 0, 1).asset, "1")
    rows = _rows(session)
    texts = [value_text(rows.row(line)) for line in rows.lines if line >= 0]
    assert texts == [NO_PRICE, "$1.00", NO_PRICE]
    assert "never gets one by its name" in value_explanation(rows.row(rows.lines[-1]), session.clock.now())


def test_coins_of_a_test_network_are_no_part_of_the_total() -> None:
    session = FakeSession()
    session.accounts.add("Savings", "Account 1")
    session.catalogue.add(network(1, "Ethereum"))
    session.catalogue.add(network(11155111, "Sepolia", testnet=True))
    for key in session.keys:
        session.balances.put(key, _ETH, age_s=5 if key.network.reference == "1" else 900)
        session.prices.put(key.asset, "1800")
    rows = _rows(session)
    money = _money(rows)
    assert money.value == 1800
    assert (money.parts, money.without_price, money.oldest_age_s) == (1, 0, 5)
    row = rows.row(rows.lines[-1])
    assert value_text(row) == NO_PRICE
    assert "worth nothing" in value_explanation(row, session.clock.now())


def test_rows_sort_by_value_and_what_has_none_comes_last(session: FakeSession) -> None:
    dear, cheap, none = session.key(0, 0, 1), session.key(0, 1, 0), session.key(0, 2, 0)
    for key in session.keys:
        session.balances.put(key, 0)
    session.balances.put(dear, 10**12)
    session.balances.put(cheap, _ETH)
    session.balances.put(none, 10**30)
    del session.prices.told[none.asset]
    for descending, expected in ((True, [dear, cheap, none]), (False, [cheap, dear, none])):
        rows = _rows(session, BalanceView(order=Order.VALUE, descending=descending))
        assert [rows.row(line).key for line in rows.lines if line >= 0] == expected


def test_a_new_price_changes_the_order_and_an_equal_one_changes_nothing(session: FakeSession) -> None:
    rows = _rows(session, BalanceView(order=Order.VALUE))
    assert rows.price(session.prices) == (False, False)
    session.prices.put(session.key(0, 0, 0).asset, "0.001")
    assert rows.price(session.prices) == (True, True)


def test_a_price_that_time_made_old_is_told(session: FakeSession) -> None:
    rows = _rows(session)
    assert not _money(rows).outdated
    session.clock.advance(12 * 60)
    assert rows.price(session.prices) == (True, False)
    money = _money(rows)
    assert money.outdated
    assert "prices 12 min old" in money_line(money)
    assert "Outdated: the price is 12 min old." in value_explanation(rows.row(_first(rows)), session.clock.now())


def test_a_price_older_than_a_day_is_none(session: FakeSession) -> None:
    session.clock.advance(86_401)
    money = _money(_rows(session))
    assert (money.priced, money.without_price) == (0, 18)
    assert worth_text(money) == UNKNOWN


def test_nothing_known_is_a_dash_and_nothing_held_is_zero(session: FakeSession) -> None:
    for key in session.keys:
        session.balances.put(key, 0)
    assert worth_text(_money(_rows(session))) == "$0.00"
    session.balances.states.clear()
    assert worth_text(_money(_rows(session))) == UNKNOWN


def test_play_prices_are_called_so(session: FakeSession) -> None:
    session.prices.playing = True
    rows = _rows(session)
    assert "play prices 0 s old" in money_line(_money(rows), playing=True)
    assert "It is a play price" in value_explanation(rows.row(_first(rows)), session.clock.now())
