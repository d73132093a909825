"""The Balances page with prices on: the column of values, the total in money, and who is told that they are used."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import EndpointTimeout
from desktop_wallet.core.prices import CURRENCIES
from desktop_wallet.ui.models.balance_view import Order
from desktop_wallet.ui.models.balance_words import TITLES, Column
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.balances_delegate import BalancesDelegate
from desktop_wallet.ui.pages.details_words import as_json
from desktop_wallet.ui.pages.line_delegate import PADDING
from desktop_wallet.ui.theme import SIDEBAR_WIDTH, SMALLEST_WINDOW, TextStyle
from tests.ui.fake_session import FakeSession, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_ETH = 10**18


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    for number, key in enumerate(made.keys):
        made.balances.put(key, (number + 1) * (_ETH if key.asset.is_native else 1_000_000), age_s=5, arrived=False)
    return made


def _price_all(session: FakeSession, *, age_s: float = 0.0) -> None:
    for key in session.keys:
        session.prices.put(key.asset, "2000" if key.asset.is_native else "1", age_s=age_s)


@pytest.fixture
async def page(qapp: QApplication, session: FakeSession) -> AsyncIterator[BalancesPage]:
    made = BalancesPage(FakeShell(the_theme(), session.clock))
    made.resize(900, 700)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.shown()
    yield made
    made.hidden()
    await made.tasks.stop()
    made.detach()
    for widget in (made, made.pane):
        widget.close()
        widget.deleteLater()


async def _settle(page: BalancesPage) -> None:
    for _ in range(10):
        await asyncio.sleep(0)
    page.model.flush()


async def _switch_on(page: BalancesPage, session: FakeSession, *, age_s: float = 0.0) -> None:
    _price_all(session, age_s=age_s)
    session.tell(ChangeSet(prices=True))
    await _settle(page)


def _column(page: BalancesPage, column: Column) -> list[str]:
    return [page.model.index(line, column).data() for line in range(page.model.rowCount())]


async def test_without_prices_there_is_no_column_and_no_total_in_money(page: BalancesPage) -> None:
    assert page.table.isColumnHidden(Column.VALUE)
    assert not page.head.worth.isVisible()
    assert page.head.line == "Oldest 5 s"


async def test_prices_bring_the_column_and_the_total_with_both_ages(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session, age_s=42)
    assert not page.table.isColumnHidden(Column.VALUE)
    assert _column(page, Column.VALUE)[:3] == ["$72,042.00", "$2,000.00", "$2.00"]
    assert page.head.worth.text() == "$162,090.00"
    assert page.head.line == "Oldest balance 5 s, prices 42 s old"
    assert page.head.worth.accessibleName() == "All balances are worth $162,090.00"


async def test_switching_prices_off_takes_both_away_again(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    await session.prices.choose("")
    await _settle(page)
    assert page.table.isColumnHidden(Column.VALUE)
    assert not page.head.worth.isVisible()
    assert page.head.worth.text() == ""
    assert page.head.line == "Oldest 5 s"
    assert set(_column(page, Column.VALUE)) == {""}


async def test_the_total_and_the_rows_change_together(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    key = session.key(0, 0, 0)
    session.balances.put(key, 2 * _ETH)
    session.tell(ChangeSet(frozenset({key})))
    await _settle(page)
    assert _column(page, Column.VALUE)[:2] == ["$74,042.00", "$4,000.00"]
    assert page.head.worth.text() == "$164,090.00"


async def test_a_new_price_repaints_values(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    session.prices.put(session.key(0, 0, 0).asset, "3000")
    session.tell(ChangeSet(prices=True))
    await _settle(page)
    assert _column(page, Column.VALUE)[1] == "$3,000.00"


async def test_old_prices_are_said_to_be_old_with_the_reason(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    session.clock.advance(12 * 60)
    session.prices.failure = EndpointTimeout(host="prices.example", after_s=10.0)
    page.tick()
    assert "prices 12 min old. " in page.head.line
    assert "prices.example" in page.head.line
    place = page.table.visualRect(page.model.index(1, Column.VALUE)).center()
    assert "Outdated: the price is 12 min old." in page.table.explained(place)


async def test_the_tooltip_of_a_value_says_price_source_and_age(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session, age_s=42)
    place = page.table.visualRect(page.model.index(1, Column.VALUE)).center()
    assert page.table.explained(place) == "1 ETH is $2,000.00, says prices.example.\nThe price is 42 s old."


async def test_looking_at_the_page_uses_prices_and_a_refresh_renews_them(
    page: BalancesPage, session: FakeSession
) -> None:
    used = session.prices.used
    assert used >= 1
    page.tick()
    assert session.prices.used == used + 1
    assert session.prices.refreshed == 0
    page.refresh()
    await _settle(page)
    assert session.prices.refreshed == 1


async def test_the_head_of_the_column_sorts_by_value_the_dearest_first(
    page: BalancesPage, session: FakeSession
) -> None:
    await _switch_on(page, session)
    heads = page.table.horizontalHeader()
    place = heads.sectionViewportPosition(Column.VALUE) + 20
    firsts = []
    for _ in range(3):
        QTest.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 10))
        await _settle(page)
        firsts.append(_column(page, Column.VALUE)[1])
    assert firsts == ["$22,000.00", "$2.00", "$2,000.00"]


async def test_an_order_by_value_ends_with_the_values(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    page._on_ordered(Order.VALUE, descending=True)
    await session.prices.choose("")
    await _settle(page)
    assert page.model.rows.view.order is Order.NATURAL
    assert not page.table.horizontalHeader().isSortIndicatorShown()


async def test_numbers_stand_at_the_right_in_head_and_cells(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    role = Qt.ItemDataRole.TextAlignmentRole
    assert page.model.headerData(Column.VALUE, Qt.Orientation.Horizontal, role) == right
    assert page.model.index(1, Column.VALUE).data(role) == right
    assert page.model.headerData(Column.VALUE, Qt.Orientation.Horizontal) == "Value"


@pytest.mark.parametrize("width", [672, 900, 1400])
async def test_the_columns_share_any_width(page: BalancesPage, session: FakeSession, width: int) -> None:
    await _switch_on(page, session)
    page.resize(width, 600)
    page.table.lay_out_columns()
    shown = [column for column in Column if not page.table.isColumnHidden(column)]
    assert sum(page.table.columnWidth(column) for column in shown) == page.table.viewport().width()
    assert page.table.columnWidth(Column.VALUE) >= 108
    assert page.table.columnWidth(Column.ASSET) > 0


async def test_in_the_smallest_window_the_network_stands_below_the_account_and_no_name_is_cut(
    page: BalancesPage, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _switch_on(page, session)
    page.resize(SMALLEST_WINDOW[0] - SIDEBAR_WIDTH, 560)
    page.table.lay_out_columns()
    painted: list[tuple[str, int]] = []

    def note(_self: object, _painter: object, area: QRect, text: str, *_: object) -> int:
        painted.append((text, area.width()))
        return 0

    monkeypatch.setattr(BalancesDelegate, "_text", note)
    page.table.viewport().grab()
    metrics = QFontMetrics(the_theme().font(TextStyle.BODY))
    names = {words.label for words in session.accounts.accounts()}
    networks = {network.name for network in session.catalogue.networks()}
    room = {text: width for text, width in painted if text in names | networks}
    assert names & set(room)
    assert networks & set(room)
    assert all(metrics.horizontalAdvance(text) <= width for text, width in room.items())
    assert page.table.isColumnHidden(Column.NETWORK)
    heads = page.table.horizontalHeader()
    shown = [column for column in Column if not page.table.isColumnHidden(column)]
    assert all(metrics.horizontalAdvance(TITLES[column]) <= heads.sectionSize(column) - 2 * PADDING for column in shown)
    cell = page.table.visualRect(page.model.index(1, Column.ACCOUNT)).center()
    assert any(name in page.table.explained(cell) for name in networks)
    page.resize(1400, 560)
    page.table.lay_out_columns()
    assert not page.table.isColumnHidden(Column.NETWORK)


async def test_beside_the_details_the_names_keep_their_room(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    page.resize(560, 600)
    page.table.lay_out_columns()
    assert page.table.isColumnHidden(Column.VALUE)
    page.resize(900, 600)
    page.tick()
    assert not page.table.isColumnHidden(Column.VALUE)


async def test_values_are_never_cut(page: BalancesPage, session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[str] = []

    def note(_self: object, _painter: object, _area: object, text: Callable[[int | None], str], *_: object) -> None:
        painted.append(text(0))

    key = session.key(0, 0, 0)
    session.balances.put(key, 123_456_789_012 * _ETH)
    session.tell(ChangeSet(frozenset({key})))
    await _switch_on(page, session)
    monkeypatch.setattr(BalancesDelegate, "_paint_amount", note)
    page.table.viewport().grab()
    assert "246,913,578,024,000.00" in painted, "the currency may go, a digit never"


async def test_the_details_say_value_price_source_and_age(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session, age_s=42)
    page.open_details(session.key(0, 0, 0))
    page.pane.show()
    said = {row.label.text(): (row.value.text(), row.note.text()) for row in page.pane._rows}
    assert said["Value"] == ("$2,000.00", "US dollar")
    price, note = said["Price"]
    assert price == "$2,000.00 for 1 ETH"
    assert note.startswith("from prices.example, asked for 42 s ago, as of ")


async def test_the_details_as_json_have_the_exact_value(page: BalancesPage, session: FakeSession) -> None:
    session.prices.put(session.key(0, 0, 0).asset, "2709.8412345678")
    session.tell(ChangeSet(prices=True))
    await _settle(page)
    row = page._row(session.key(0, 0, 0))
    assert row is not None
    told = json.loads(as_json(row, session.clock.now()))["worth"]
    assert Decimal(told["value"]) == Decimal("2709.8412345678")
    assert (told["currency"], told["price"], told["source"]) == ("USD", "2709.8412345678", "prices.example")


async def test_the_details_say_why_there_is_no_price(page: BalancesPage, session: FakeSession) -> None:
    await _switch_on(page, session)
    key = session.key(0, 0, 1)
    del session.prices.told[key.asset]
    session.tell(ChangeSet(prices=True))
    await _settle(page)
    page.open_details(key)
    said = {row.label.text(): (row.value.text(), row.note.text()) for row in page.pane._rows}
    assert said["Value"][0] == "No price"
    assert "Price" not in said


async def test_a_currency_without_a_sign_stands_once_at_the_top(
    page: BalancesPage, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []

    def note(_self: object, _painter: object, _area: object, text: Callable[[int | None], str], *_: object) -> None:
        painted.append(text(None))

    session.prices.currency = CURRENCIES["chf"]
    await _switch_on(page, session)
    monkeypatch.setattr(BalancesDelegate, "_paint_amount", note)
    page.table.viewport().grab()
    assert "72,042.00" in painted
    assert "2,000.00" in painted
    assert page.model.headerData(Column.VALUE, Qt.Orientation.Horizontal) == "Value, CHF"
    assert page.head.worth.text() == "CHF\u00a0162,090.00"
