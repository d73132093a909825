"""What happened, as the Activity page lists it: which rows are wanted, and the rows as a table for other programs."""

from __future__ import annotations

import csv
import enum
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.amounts import Amount, plain_text
from desktop_wallet.core.receipts import Received
from desktop_wallet.core.transfers import Transfer, TransferState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.networks import NetworkId

ActivityRow = Transfer | Received


class ActivityKind(enum.Enum):
    """Which way it went."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which rows are wanted; a set that is empty and a text without words want all.

    What came in counts as Confirmed. `accounts` are addresses of ours, paying or paid. Every word of `text` must occur
    in an address, a name, a symbol, an amount, a note, or a transaction id, in any case of letters.
    """

    states: frozenset[TransferState] = frozenset()
    kinds: frozenset[ActivityKind] = frozenset()
    networks: frozenset[NetworkId] = frozenset()
    accounts: frozenset[Address] = frozenset()
    text: str = ""


@dataclass(frozen=True, slots=True)
class ActivityNames:
    """What things are called: an account of ours ("" for others), a network, and an asset (None if unknown)."""

    account: Callable[[Address], str]
    network: Callable[[NetworkId], str]
    asset: Callable[[AssetId], Asset | None]


def kind_of(row: ActivityRow) -> ActivityKind:
    """Return which way it went; from one account of ours to another it was sent."""
    return ActivityKind.SENT if isinstance(row, Transfer) else ActivityKind.RECEIVED


def happened_at_s(row: ActivityRow) -> float:
    """Return when it was signed, or first seen to have come in, in Unix seconds."""
    return row.at_s if isinstance(row, Transfer) else row.seen_at_s


def newest_first(transfers: Iterable[Transfer], received: Iterable[Received]) -> tuple[ActivityRow, ...]:
    """Return both in one order of time."""
    rows: list[ActivityRow] = [*transfers, *received]
    return tuple(sorted(rows, key=happened_at_s, reverse=True))


def matches(row: ActivityRow, chosen: ActivityFilter, names: ActivityNames) -> bool:
    """Return whether a row is wanted."""
    if isinstance(row, Transfer):
        network, state = row.draft.network, row.state
        addresses = {row.draft.sender, row.draft.recipient}
    else:
        network, state, addresses = row.network, TransferState.CONFIRMED, {row.address}
    if chosen.states and state not in chosen.states:
        return False
    if chosen.kinds and kind_of(row) not in chosen.kinds:
        return False
    if chosen.networks and network not in chosen.networks:
        return False
    if chosen.accounts and not chosen.accounts & addresses:
        return False
    words = chosen.text.casefold().split()
    if not words:
        return True
    text = _searched(row, names)
    return all(word in text for word in words)


def csv_text(rows: Iterable[ActivityRow], names: ActivityNames) -> str:
    """Return the rows as comma-separated values (RFC 4180), one header line first, in the order given.

    Amounts are exact, with a point and no groups; in base units where the asset is unknown. Times are UTC (ISO 8601),
    addresses whole. A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV
    injection): a note, a label and a symbol are not ours.
    """
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        cells = _sent_cells(row, names) if isinstance(row, Transfer) else _received_cells(row, names)
        writer.writerow([_guarded(cells.get(column, "")) for column in CSV_COLUMNS])
    return page.getvalue()


CSV_COLUMNS: Final = (
    "time_utc",
    "kind",
    "state",
    "network",
    "network_id",
    "from_account",
    "from_address",
    "to_account",
    "to_address",
    "amount",
    "symbol",
    "asset_id",
    "fee_paid",
    "fee_symbol",
    "transaction_id",
    "nonce",
    "height",
    "above_height",
    "block_time_utc",
    "settled_height",
    "final",
    "closed_by_hand",
    "server",
    "note",
)
_FORMULAS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, in plain and in full width."""
_CONTROLS: Final = ("\t", "\r", "\n")


def _searched(row: ActivityRow, names: ActivityNames) -> str:
    if isinstance(row, Transfer):
        draft = row.draft
        addresses, network, asset_id = [draft.sender, draft.recipient], draft.network, draft.asset
        amount, own = draft.amount, [row.transaction, row.note]
    else:
        trace = row.trace
        addresses, network, asset_id = [row.address, *([trace.sender] if trace else [])], row.network, row.asset
        amount, own = row.amount, [trace.transaction] if trace else []
    asset = names.asset(asset_id)
    parts = [
        *(address.text for address in addresses),
        *(names.account(address) for address in addresses),
        names.network(network),
        *((asset.symbol, asset.name) if asset else (str(asset_id),)),
        _exact(amount, asset),
        *own,
    ]
    return "\n".join(parts).casefold()


def _sent_cells(row: Transfer, names: ActivityNames) -> dict[str, str]:
    draft, block = row.draft, row.block
    cells = _common_cells(draft.network, draft.asset, draft.amount, names)
    coin = names.asset(row.fee.asset)
    if row.fee_paid is not None:
        cells |= {"fee_paid": _exact(row.fee_paid, coin), "fee_symbol": _symbol(coin)}
    if block is not None:
        cells |= {"height": str(block.number)}
        cells |= {} if block.time_s is None else {"block_time_utc": _utc(block.time_s)}
    return cells | {
        "time_utc": _utc(row.at_s),
        "kind": ActivityKind.SENT.value,
        "state": row.state.value,
        "from_account": names.account(draft.sender),
        "from_address": display_address(draft.sender),
        "to_account": names.account(draft.recipient),
        "to_address": display_address(draft.recipient),
        "transaction_id": row.transaction,
        "nonce": str(row.nonce),
        "settled_height": "" if row.settled is None else str(row.settled.number),
        "final": _yes_or_no(row.final),
        "closed_by_hand": _yes_or_no(row.closed),
        "server": row.steps[-1].host,
        "note": row.note,
    }


def _received_cells(row: Received, names: ActivityNames) -> dict[str, str]:
    logged = {}
    if row.trace is not None:
        logged = {
            "from_account": names.account(row.trace.sender),
            "from_address": display_address(row.trace.sender),
            "transaction_id": row.trace.transaction,
        }
    return _common_cells(row.network, row.asset, row.amount, names) | {
        "time_utc": _utc(row.seen_at_s),
        "kind": ActivityKind.RECEIVED.value,
        "state": TransferState.CONFIRMED.value,
        "to_account": names.account(row.address),
        "to_address": display_address(row.address),
        "height": "" if row.to_height is None else str(row.to_height),
        "above_height": "" if row.from_height is None or row.trace else str(row.from_height),
        "server": row.host,
        **logged,
    }


def _common_cells(network: NetworkId, asset_id: AssetId, amount: int, names: ActivityNames) -> dict[str, str]:
    asset = names.asset(asset_id)
    return {
        "network": names.network(network),
        "network_id": str(network),
        "amount": _exact(amount, asset),
        "symbol": _symbol(asset),
        "asset_id": str(asset_id),
    }


def _exact(amount: int, asset: Asset | None) -> str:
    return plain_text(Amount(amount, asset.decimals if asset else 0))


def _symbol(asset: Asset | None) -> str:
    return asset.symbol if asset else "base units"


def _utc(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _yes_or_no(fact: bool) -> str:  # noqa: FBT001 - its only argument
    return "yes" if fact else "no"


def _guarded(cell: str) -> str:
    # Some programs cut spaces first, so what stands behind them counts.
    is_formula = cell.lstrip().startswith(_FORMULAS) or cell.startswith(_CONTROLS)
    return f"'{cell}" if is_formula else cell
