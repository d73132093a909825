"""The rows of the balances table without Qt: what shows, in which order, and totals that agree with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.assets import AssetOrigin
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.totals import total
from desktop_wallet.ui.models.balance_names import Money
from desktop_wallet.ui.models.balance_rows import BalanceRows
from desktop_wallet.ui.models.balance_view import BalanceView, Edit, Grouping, Order, edits_between, runs_of
from desktop_wallet.ui.models.balance_words import (
    Column,
    amount_text,
    cell_text,
    change_text,
    group_amount_text,
    spoken_text,
)
from tests.ui.fake_session import USDC, FakeSession, network, small_session

_ETH = 10**18


@pytest.fixture
def session() -> FakeSession:
    return small_session()


def _rows(session: FakeSession, view: BalanceView | None = None) -> BalanceRows:
    rows = BalanceRows(session.clock)
    rows.load(session.accounts, session.catalogue, session.balances)
    rows.show(view or BalanceView())
    rows.settle(rows.laid_out())
    return rows


def _lines(rows: BalanceRows) -> list[str]:
    """Return each line as a short word: "# Savings" for a heading, "ETH/Ethereum/Account 1" for a balance."""
    words = []
    for line in rows.lines:
        if line < 0:
            words.append(f"# {rows.heading(~line).title}")
        else:
            row = rows.row(line)
            words.append(f"{row.asset.symbol}/{row.asset.network.name}/{row.account.label}")
    return words


def test_balances_stand_under_their_wallets_coin_before_tokens(session: FakeSession) -> None:
    lines = _lines(_rows(session))
    assert lines[:3] == ["# Savings", "ETH/Ethereum/Account 1", "USDC/Ethereum/Account 1"]
    assert lines[13:15] == ["# Everyday", "ETH/Ethereum/Account 1"]
    assert len(lines) == 2 + 18


def test_whoever_was_used_last_changes_no_rows_place(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _lines(_rows(session))
    second = session.accounts.accounts()[1].address
    recent = tuple(sorted(session.balances.keys(), key=lambda key: key.address != second))
    assert recent[0].address == second
    monkeypatch.setattr(session.balances, "keys", lambda: recent)
    assert _lines(_rows(session)) == before


def test_unknown_shows_and_zero_does_not_unless_all_are_asked_for(session: FakeSession) -> None:
    keys = session.balances.keys()
    for key in keys[:-1]:
        session.balances.put(key, 0)
    session.balances.put(keys[0], 5)
    assert _lines(_rows(session)) == [
        "# Savings",
        "ETH/Ethereum/Account 1",
        "# Everyday",
        "USDT/Polygon/Account 1",
    ]
    assert len(_rows(session, BalanceView(zeros=True)).lines) == 2 + len(keys)


def test_pending_shows_even_at_zero(session: FakeSession) -> None:
    for key in session.keys:
        session.balances.put(key, 0)
    key = session.key(0, 1, 1)
    session.balances.pending[key] = 2_500_000
    rows = _rows(session)
    assert _lines(rows) == ["# Savings", "USDC/Base/Account 1"]
    row = rows.row(rows.lines[1])
    assert (amount_text(row), change_text(row)) == ("0.00", "+2.50 USDC")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("usdc", 6),
        ("USD COIN base", 3),
        ("tether", 3),
        ("everyday", 6),
        ("everyday polygon", 2),
        ("0x5290", 6),
        (USDC, 3),
        ("eip155:137", 6),
        ("nothing of the kind", 0),
    ],
)
def test_search_finds_every_word_in_any_field(session: FakeSession, search: str, found: int) -> None:
    rows = _rows(session, BalanceView(search=search))
    assert len([line for line in rows.lines if line >= 0]) == found


def test_grouping_by_network_and_by_asset(session: FakeSession) -> None:
    by_network = [line for line in _lines(_rows(session, BalanceView(Grouping.NETWORK))) if line[0] == "#"]
    by_asset = [line for line in _lines(_rows(session, BalanceView(Grouping.ASSET))) if line[0] == "#"]
    assert by_network == ["# Ethereum", "# Base", "# Polygon"]
    assert by_asset == ["# ETH", "# USDC", "# POL", "# USDT"]


def test_a_token_added_by_hand_never_adds_to_the_listed_one_of_its_name(session: FakeSession) -> None:
    fake = "0x" + "66" * 20
    session.catalogue.add(network(10, "Optimism"), (fake, "USDC", "USD Coin", 6, AssetOrigin.BY_HAND))
    session.catalogue.add(network(11155111, "Sepolia", testnet=True))
    titles = [line for line in _lines(_rows(session, BalanceView(Grouping.ASSET))) if line[0] == "#"]
    assert titles == ["# ETH", "# USDC", "# POL", "# USDT", "# USDC · 0x6666…6666", "# ETH · test"]


def test_sorting_by_amount_compares_whole_coins_and_leaves_unknown_last(session: FakeSession) -> None:
    eth, usdc, base = session.key(0, 0, 0), session.key(0, 0, 1), session.key(0, 1, 0)
    session.balances.put(eth, 2 * _ETH)
    session.balances.put(usdc, 3_000_000)
    session.balances.put(base, _ETH)
    for descending, order in ((True, [usdc, eth, base]), (False, [base, eth, usdc])):
        rows = _rows(session, BalanceView(order=Order.AMOUNT, descending=descending))
        assert [rows.row(line).key for line in rows.lines[1:4]] == order
        assert rows.row(rows.lines[4]).amount is None


def test_sorting_by_freshness_puts_the_newest_first(session: FakeSession) -> None:
    old, new = session.key(0, 0, 0), session.key(1, 2, 1)
    session.balances.put(old, 1, age_s=500)
    session.balances.put(new, 1, age_s=2)
    rows = _rows(session, BalanceView(order=Order.FRESHNESS))
    assert [rows.row(line).key for line in rows.lines[1:3]] == [new, old]


def test_sorting_by_name_keeps_the_natural_order_among_equals(session: FakeSession) -> None:
    lines = _lines(_rows(session, BalanceView(order=Order.NETWORK, descending=True)))
    assert lines[1:3] == ["POL/Polygon/Account 1", "USDT/Polygon/Account 1"]


def test_a_folded_group_keeps_its_heading_and_its_total(session: FakeSession) -> None:
    rows = _rows(session)
    rows.fold(~rows.lines[0], folded=True)
    rows.settle(rows.laid_out())
    assert _lines(rows)[:2] == ["# Savings", "# Everyday"]
    heading = rows.heading(~rows.lines[0])
    assert heading.folded
    assert heading.total.parts == 12
    assert len(rows.shown_keys()) == 18


def test_folds_survive_a_new_snapshot(session: FakeSession) -> None:
    rows = _rows(session)
    rows.fold(~rows.lines[0], folded=True)
    rows.load(session.accounts, session.catalogue, session.balances)
    rows.settle(rows.laid_out())
    assert _lines(rows)[:2] == ["# Savings", "# Everyday"]


def test_stale_only_follows_the_clock_and_keeps_the_balance_whose_details_are_open(session: FakeSession) -> None:
    key = session.key(0, 0, 0)
    for other in session.keys:
        session.balances.put(other, 7)
    rows = _rows(session, BalanceView(stale_only=True))
    assert rows.lines == []
    session.clock.advance(31)
    changed, moved = rows.survey(1_000)
    assert len(changed) == 18
    assert moved
    rows.settle(rows.laid_out())
    assert len(rows.lines) == 20
    rows.show(replace(rows.view, pinned=key))
    for other in session.keys:
        session.balances.put(other, 7)
    rows.update(session.balances.keys())
    rows.settle(rows.laid_out())
    assert [rows.row(line).key for line in rows.lines if line >= 0] == [key]


def test_a_pinned_zero_stays_in_sight(session: FakeSession) -> None:
    key = session.key(0, 0, 0)
    session.balances.put(key, 0)
    assert key not in _rows(session).shown_keys()
    assert key in _rows(session, BalanceView(pinned=key)).shown_keys()


def test_changes_of_unknown_balances_are_passed_over(session: FakeSession) -> None:
    rows = _rows(session)
    stranger = BalanceKey(session.key(0, 0, 0).network, session.key(0, 0, 0).address, session.key(0, 1, 0).asset)
    assert rows.update([stranger]) == ([], False)


def test_an_unknown_amount_is_a_dash_and_never_zero(session: FakeSession) -> None:
    rows = _rows(session, BalanceView(Grouping.ASSET))
    assert cell_text(rows.row(rows.lines[1]), Column.AMOUNT) == "—"
    assert group_amount_text(rows.heading(~rows.lines[0])) == "—"
    assert "unknown" in spoken_text(rows.row(rows.lines[1]), Column.ASSET)


def test_a_total_of_a_group_is_of_its_known_parts(session: FakeSession) -> None:
    session.balances.put(session.key(0, 0, 0), _ETH, age_s=14)
    session.balances.put(session.key(1, 1, 0), _ETH // 2, age_s=3)
    heading = (rows := _rows(session, BalanceView(Grouping.ASSET))).heading(~rows.lines[0])
    assert group_amount_text(heading) == "1.50"
    assert cell_text(heading, Column.FRESHNESS) == "oldest 14 s, 4 unknown"


def test_names_of_a_server_are_shown_as_they_stand_without_direction_marks(session: FakeSession) -> None:
    session.catalogue.add(
        network(10, "Optimism"),
        ("0x" + "66" * 20, "<b>USDC</b>", "\u202egnitset\u202c <img src=x>", 6, AssetOrigin.BY_HAND),
    )
    rows = _rows(session, BalanceView(search="optimism"))
    texts = [cell_text(rows.row(line), Column.ASSET) for line in rows.lines if line >= 0]
    assert "<b>USDC</b> gnitset <img src=x>" in texts


def test_coins_of_practice_and_test_networks_are_families_of_their_own(session: FakeSession) -> None:
    session.catalogue.add(network(77, "Practice", practice=True))
    rows = _rows(session, BalanceView(Grouping.ASSET, search="practice"))
    family = rows.heading(~rows.lines[0]).family
    assert family is not None
    assert family.money is Money.PRACTICE
    assert family.title == "ETH · practice"


_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 17),
        st.sampled_from(["put", "fail", "forget", "pend", "settle", "wait"]),
        st.integers(0, 10**20),
        st.sampled_from([0.0, 3.0, 40.0]),
    ),
    max_size=25,
)


@given(_CHANGES)
def test_running_totals_agree_with_the_rules_of_core_after_any_history(
    changes: list[tuple[int, str, int, float]],
) -> None:
    session = small_session()
    balances = session.balances
    keys = balances.keys()
    rows = _rows(session)
    for number, what, amount, age_s in changes:
        key = keys[number]
        if what == "put":
            balances.put(key, amount, age_s=age_s)
        elif what == "fail":
            balances.fail(key)
        elif what == "forget":
            balances.states.pop(key, None)
        elif what == "pend":
            balances.pending[key] = -amount
        elif what == "settle":
            balances.pending.pop(key, None)
        else:
            session.clock.advance(age_s)
            rows.survey(100)
        rows.update([key])
    snapshot = rows.snapshot
    assert snapshot is not None
    for family in snapshot.totals.families():
        own = [key for row, key in enumerate(keys) if snapshot.family(row) == family]
        parts = [(balances.state(key), balances.badge(key, None)) for key in own]
        assert snapshot.family_total(family) == total(parts, one_asset=True)
    everything = [(balances.state(k), balances.badge(k, None)) for k in keys]
    assert snapshot.whole() == total(everything, one_asset=False)
    known = [row for row in range(18) if snapshot.row(row).badge.kind is not BadgeKind.UNAVAILABLE]
    assert snapshot.total_of(known, one_family=False).parts == len(known)


@given(st.lists(st.integers(0, 30), unique=True), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_edits_turn_one_layout_into_the_next(order: list[int], before: set[int], after: set[int]) -> None:
    old, new = [n for n in order if n in before], [n for n in order if n in after]
    edits = edits_between(old, new)
    assert edits is not None
    lines = list(old)
    for edit in edits:
        if edit.inserted:
            lines[edit.at : edit.at] = new[edit.at : edit.at + edit.count]
        else:
            del lines[edit.at : edit.at + edit.count]
    assert lines == new


def test_lines_that_changed_their_order_are_laid_out_anew() -> None:
    assert edits_between([1, 2, 3], [2, 1, 3]) is None
    assert edits_between(list(range(400)), list(range(0, 400, 2))) is None
    assert edits_between([1, 2], [1, 2]) == []
    assert edits_between([1, 4], [1, 2, 3, 4]) == [Edit(1, 2, inserted=True)]


def test_runs_join_neighbours() -> None:
    assert runs_of([7, 3, 2, 9, 8]) == [(2, 2), (7, 3)]
    assert runs_of([]) == []
