"""What each cell of the activity table says, to the eye and to a screen reader. No Qt."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import display_address, shorten
from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.core.transfers import TransferKind, TransferState
from desktop_wallet.ui.measures import brief_time_text, time_text
from desktop_wallet.ui.models.activity_rows import ReceivedRow, Row, SentRow
from desktop_wallet.ui.pages.activity_words import (
    Mark,
    is_closed,
    mark_of,
    mark_text,
    replaced_by_text,
    usurper,
    what_text,
)

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.signing import TransactionId


class Column(enum.IntEnum):
    """The columns, from left to right."""

    WHAT = 0
    WITH = 1
    AMOUNT = 2
    STATE = 3
    WHEN = 4


TITLES = {
    Column.WHAT: "What",
    Column.WITH: "To or from",
    Column.AMOUNT: "Amount",
    Column.STATE: "State",
    Column.WHEN: "When",
}
_NOTHING_MOVES = frozenset({TransferState.FAILED, TransferState.DROPPED, TransferState.REPLACED})


def title(row: Row) -> str:
    """Return what happened, in two words."""
    if isinstance(row, ReceivedRow):
        return f"Received {row.asset.symbol}"
    return what_text(row.transfer, row.asset.symbol)


def counterparty(row: Row) -> str:
    """Return whom it went to, or what became of it, shortened: for lists only."""
    if isinstance(row, ReceivedRow):
        return _payer(row)
    transfer = row.transfer
    if transfer.state is TransferState.REPLACED and usurper(row.siblings) is not None:
        return replaced_by_text(transfer, row.siblings)
    if transfer.draft.kind is TransferKind.CANCEL:
        cancelled = next((t for t in row.siblings if t.draft.kind is TransferKind.PAYMENT), None)
        return "" if cancelled is None else f"of {shorten(display_address(cancelled.draft.recipient))}"
    return row.payee or shorten(display_address(transfer.draft.recipient))


def _payer(row: ReceivedRow) -> str:
    """Return who paid, or where it came in; who sent spam is not shown where its address could be taken for another."""
    trace = row.received.trace
    if trace is None or row.suspicion is not None:
        return f"on {row.payee}" if row.payee else shorten(display_address(row.received.address))
    return f"from {row.sender or shorten(display_address(trace.sender))}"


def address_of(row: Row) -> Address:
    """Return the address that was paid."""
    return row.received.address if isinstance(row, ReceivedRow) else row.transfer.draft.recipient


def transaction_of(row: Row) -> TransactionId | None:
    """Return the transaction of a row; None where only a difference of readings tells of it."""
    if isinstance(row, SentRow):
        return row.transfer.transaction
    return None if row.received.trace is None else row.received.trace.transaction


def amount_text(row: Row, max_places: int | None = None) -> str:
    """Return the signed amount without its symbol; a cancel moves none."""
    decimals = row.asset.asset.decimals
    if isinstance(row, ReceivedRow):
        return shown_text(Amount(row.received.amount, decimals), max_places=max_places, signed=True)
    return shown_text(Amount(-row.transfer.draft.amount, decimals), max_places=max_places)


def moves(row: Row) -> bool:
    """Return whether the amount has moved, or is on its way."""
    if isinstance(row, ReceivedRow):
        return row.suspicion is None
    transfer = row.transfer
    idle = transfer.state in _NOTHING_MOVES or is_closed(transfer)
    return not idle and transfer.draft.kind is not TransferKind.CANCEL


def row_mark(row: Row) -> Mark:
    """Return what the badge of a row shows."""
    if isinstance(row, ReceivedRow):
        return Mark.RECEIVED if row.suspicion is None else Mark.SUSPECTED
    return mark_of(row.transfer)


def row_mark_text(row: Row, now: Instant) -> str:
    """Return what the badge of a row says."""
    return row_mark(row).word if isinstance(row, ReceivedRow) else mark_text(row.transfer, now.wall_s)


def when_s(row: Row) -> float:
    """Return when it was signed, or first seen, in Unix seconds."""
    return row.received.seen_at_s if isinstance(row, ReceivedRow) else row.transfer.at_s


def when_text(row: Row, now: Instant) -> str:
    """Return the time, or the day alone if it was not today: "14:02", "yesterday", "12 Mar", "Mar 2025"."""
    return brief_time_text(when_s(row), now.wall_s)


def cell_text(row: Row, column: Column, now: Instant) -> str:
    """Return what a cell says."""
    match column:
        case Column.WHAT:
            return f"{title(row)} {row.network.name}"
        case Column.WITH:
            return counterparty(row)
        case Column.AMOUNT:
            return amount_text(row)
        case Column.STATE:
            return row_mark_text(row, now)
        case Column.WHEN:
            return when_text(row, now)


def spoken_text(row: Row, column: Column, now: Instant) -> str:
    """Return what a screen reader says of a cell: the first tells the whole line."""
    if column is not Column.WHAT:
        return cell_text(row, column, now)
    amount = f"{amount_text(row)} {row.asset.symbol}"
    when = time_text(when_s(row), now.wall_s)
    parts = [title(row), amount, counterparty(row), row_mark_text(row, now), when, f"on {row.network.name}"]
    if isinstance(row, ReceivedRow) and row.received.trace is not None and row.suspicion is None:
        parts.append(f"on {row.payee}")
    if isinstance(row, SentRow):
        parts.append(f"from {row.sender or display_address(row.transfer.draft.sender)}")
        parts += ["same place in the order as the line above"] if row.under else []
    return ", ".join(part for part in parts if part)


def copied_text(row: Row, now: Instant) -> str:
    """Return a row as text for a clipboard: addresses and ids whole, cells parted by tabs."""
    day = time_text(when_s(row), now.wall_s)
    cells = [day, title(row), f"{amount_text(row)} {row.asset.symbol}", row.network.name, row_mark(row).word]
    cells.append(display_address(address_of(row)))
    transaction = transaction_of(row)
    if transaction is not None:
        cells.append(transaction)
    return "\t".join(cells)
