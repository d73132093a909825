"""What each cell of the balances table says, to the eye and to a screen reader. No Qt."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.prices import money_text, price_text
from desktop_wallet.ui.models.balance_rows import Heading
from desktop_wallet.ui.models.balance_view import Grouping, Order
from desktop_wallet.ui.words import age_text, badge_text, badge_tooltip, count_text, total_text

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.ui.models.balance_snapshot import BalanceRow
    from desktop_wallet.ui.models.balance_worths import Worth

UNKNOWN = "—"
"""Stands for an amount that nobody knows. It is never 0."""
NO_PRICE = "no price"
"""Stands for the value of what nobody knows the price of."""


class Column(enum.IntEnum):
    """The columns, from left to right."""

    ASSET = 0
    ACCOUNT = 1
    NETWORK = 2
    AMOUNT = 3
    VALUE = 4
    """Shown while prices are on."""
    FRESHNESS = 5


NUMBERS = (Column.AMOUNT, Column.VALUE)
"""Those whose digits stand under digits."""
TITLES = {
    Column.ASSET: "Asset",
    Column.ACCOUNT: "Account",
    Column.NETWORK: "Network",
    Column.AMOUNT: "Amount",
    Column.VALUE: "Value",
    Column.FRESHNESS: "Freshness",
}
ORDERS = {
    Column.ASSET: Order.ASSET,
    Column.ACCOUNT: Order.ACCOUNT,
    Column.NETWORK: Order.NETWORK,
    Column.AMOUNT: Order.AMOUNT,
    Column.VALUE: Order.VALUE,
    Column.FRESHNESS: Order.FRESHNESS,
}


def cell_text(line: BalanceRow | Heading, column: Column) -> str:
    """Return what a cell says."""
    if isinstance(line, Heading):
        return _heading_text(line, column)
    if column is Column.ASSET:
        return f"{line.asset.symbol} {line.asset.name}"
    if column is Column.ACCOUNT:
        return line.account.label
    if column is Column.NETWORK:
        return line.asset.network.name
    if column is Column.AMOUNT:
        return ", ".join(part for part in (amount_text(line), _awaited(line)) if part)
    if column is Column.VALUE:
        return ", ".join(part for part in (value_text(line), _value_awaited(line)) if part)
    return badge_text(line.badge)


def _awaited(row: BalanceRow) -> str:
    change = change_text(row)
    return f"{change} expected" if change else ""


def _value_awaited(row: BalanceRow) -> str:
    change = value_change_text(row)
    return f"{change} expected" if change else ""


def value_text(row: BalanceRow, *, bare: bool = False) -> str:
    """Return what a row is worth; "no price" or a dash, never 0, where that is not known. Nothing with prices off.

    `bare` leaves out the currency: digits are never left out.
    """
    worth = row.worth
    if worth is None:
        return ""
    if worth.price is None:
        return NO_PRICE
    return UNKNOWN if worth.value is None else money_text(worth.value, worth.currency, bare=bare)


def value_change_text(row: BalanceRow, *, bare: bool = False) -> str:
    """Return what the change is worth that a pending row awaits: "−$2,700.00"."""
    worth = row.worth
    if worth is None or not worth.change or not change_text(row):
        return ""
    return money_text(worth.change, worth.currency, signed=True, bare=bare)


def value_explanation(row: BalanceRow, now: Instant) -> str:
    """Return what the tooltip of a value says: by which price, of what age, from whom; or why there is none."""
    worth = row.worth
    if worth is None:
        return ""
    if worth.price is None:
        return no_price_text(worth)
    price = worth.price
    lines = [f"1 {row.asset.symbol} is {price_text(price.per_unit, worth.currency)}, says {price.source}."]
    lines.append(f"{'Outdated: the' if worth.outdated else 'The'} price is {age_text(price.age_s(now))} old.")
    if worth.playing:
        lines.append("It is a play price, made up in this program.")
    return "\n".join(lines)


def no_price_text(worth: Worth) -> str:
    """Return why a balance has no price."""
    if worth.test:
        return "Coins of a test network are worth nothing: there is no price."
    return "Nobody told a price. A token that is not on the wallet's own list never gets one by its name."


def amount_text(row: BalanceRow, max_places: int | None = None) -> str:
    """Return the amount of a row, while it is pending the earlier one; a dash, never 0, while it is unknown."""
    return UNKNOWN if row.amount is None else shown_text(row.amount, max_places=max_places)


def change_text(row: BalanceRow, max_places: int | None = None) -> str:
    """Return the change that a pending row awaits: "−1.50 ETH"; nothing where none is awaited."""
    change = row.badge.expected_change
    if row.amount is None or row.badge.kind is not BadgeKind.PENDING or not change:
        return ""
    return f"{shown_text(Amount(change, row.amount.decimals), max_places=max_places, signed=True)} {row.asset.symbol}"


def group_amount_text(heading: Heading, max_places: int | None = None) -> str:
    """Return the total of a group whose balances may be added, else nothing."""
    total, family = heading.total, heading.family
    if family is None or total.amount is None:
        return ""
    if total.unknown == total.parts:
        return UNKNOWN
    return shown_text(Amount(total.amount, family.decimals), max_places=max_places)


def group_value_text(heading: Heading, *, bare: bool = False) -> str:
    """Return what a group is worth together, as far as there are prices; nothing with prices off."""
    money = heading.money
    if money is None or not money.any_price:
        return ""
    if heading.total.unknown == heading.total.parts:
        return UNKNOWN
    return money_text(money.value, money.currency, bare=bare)


def group_note(heading: Heading) -> str:
    """Return how many networks, or accounts, stand together in a group."""
    networks, accounts = count_text(heading.networks, "network"), count_text(heading.accounts, "account")
    if heading.grouping is Grouping.NETWORK:
        return accounts
    if heading.grouping is Grouping.ASSET:
        return f"{accounts} on {networks}"
    return networks if heading.accounts <= 1 else f"{accounts}, {networks}"


def group_freshness(heading: Heading) -> str:
    """Return how honest a group's numbers are: "oldest 14 s, 2 unknown, 1 pending"."""
    total = heading.total
    parts = [] if total.oldest_age_s is None else [f"oldest {age_text(total.oldest_age_s)}"]
    if total.unknown:
        parts.append(f"{total.unknown:,} unknown")
    if total.pending:
        parts.append(f"{total.pending:,} pending")
    if heading.money is not None and heading.money.without_price:
        parts.append(f"{heading.money.without_price:,} without a price")
    return ", ".join(parts)


def _heading_text(heading: Heading, column: Column) -> str:
    if column is Column.ASSET:
        return f"{heading.title}  {group_note(heading)}"
    if column is Column.AMOUNT:
        return group_amount_text(heading)
    if column is Column.VALUE:
        return group_value_text(heading)
    return group_freshness(heading) if column is Column.FRESHNESS else ""


def spoken_text(line: BalanceRow | Heading, column: Column) -> str:
    """Return what a screen reader says of a cell: the first tells the whole line."""
    if column is not Column.ASSET:
        return cell_text(line, column)
    if isinstance(line, Heading):
        folded = "folded" if line.folded else "unfolded"
        amount = group_amount_text(line)
        value = group_value_text(line)
        worth = f"worth {value}" if value else ""
        said = (line.title, group_note(line), amount, worth, total_text(line.total), _left_out(line), folded)
        parts = [part for part in said if part]
        return ", ".join(parts)
    amount = "unknown" if line.amount is None else f"{amount_text(line)} {line.asset.symbol}"
    awaited = f", {_awaited(line)}" if change_text(line) else ""
    where = f"{line.account.wallet_label}, {line.account.label}, on {line.asset.network.name}"
    updating = ", updating" if line.badge.updating else ""
    money = f"{amount}{awaited}{_worth(line)}"
    return f"{line.asset.symbol} {line.asset.name}, {money}, {badge_text(line.badge)}{updating}, {where}"


def _left_out(heading: Heading) -> str:
    money = heading.money
    return f"{money.without_price:,} without a price" if money is not None and money.without_price else ""


def _worth(row: BalanceRow) -> str:
    worth = row.worth
    if worth is None:
        return ""
    if worth.value is None:
        return ", no price" if worth.price is None else ""
    return f", worth {value_text(row)}"


def explanation(row: BalanceRow, now: Instant, waiting: int = 0) -> str:
    """Return what a row's tooltip says: its badge's reason and time left; `waiting` payments make it pending."""
    return badge_tooltip(row.badge, row.state, row.asset.network.name, now, waiting)
