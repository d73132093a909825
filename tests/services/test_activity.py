from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.amounts import parse_amount
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.receipts import Received
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.services.activity import (
    CSV_COLUMNS,
    ActivityFilter,
    ActivityKind,
    ActivityNames,
    csv_text,
    matches,
    newest_first,
)
from tests.fakes.readings import NETWORK
from tests.fakes.receipts import logged
from tests.fakes.transfers import COIN, RECIPIENT, SENDER, SIGNED_AT_S, STRANGER, TOKEN, block, signed, through

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.services.activity import ActivityRow

S = TransferState
ACCOUNTS = {SENDER: "Savings", RECIPIENT: "Rent, May"}
ASSETS = {
    COIN: Asset(COIN, "ETH", "Ether", 18, AssetOrigin.NATIVE),
    TOKEN: Asset(TOKEN, "USDC", "US Dollar", 6, AssetOrigin.LIST),
}
NAMES = ActivityNames(
    account=lambda address: ACCOUNTS.get(address, ""),
    network=lambda network: {NETWORK: "Ethereum"}.get(network, str(network)),
    asset=ASSETS.get,
)
OTHER_NETWORK = NetworkId("eip155", "10")
SENT = through(signed(7, asset=TOKEN, amount=1_500_000), [S.BROADCAST, S.CONFIRMED], block(12), fee_paid=21_000 * 10**9)
CAME = Received(NETWORK, RECIPIENT, COIN, 10**18 + 1, 40, 52, SIGNED_AT_S + 60.0, "one.example")


def table(rows: Sequence[ActivityRow], names: ActivityNames = NAMES) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(rows, names), newline=""), strict=True))


def test_both_ways_stand_in_one_order_of_time() -> None:
    later = replace(CAME, seen_at_s=SIGNED_AT_S + 61.0)
    assert newest_first([SENT, signed(1)], [CAME, later]) == (later, CAME, SENT, signed(1))


@pytest.mark.parametrize(
    ("chosen", "sent", "came"),
    [
        ({}, True, True),
        ({"states": {S.CONFIRMED}}, True, True),
        ({"states": {S.BROADCAST, S.UNKNOWN}}, False, False),
        ({"kinds": {ActivityKind.SENT}}, True, False),
        ({"kinds": {ActivityKind.RECEIVED}}, False, True),
        ({"networks": {NETWORK, OTHER_NETWORK}}, True, True),
        ({"networks": {OTHER_NETWORK}}, False, False),
        ({"accounts": {SENDER}}, True, False),
        ({"accounts": {RECIPIENT}}, True, True),
        ({"accounts": {STRANGER}}, False, False),
        ({"text": "  "}, True, True),
        ({"text": "usdc SAVINGS"}, True, False),
        ({"text": "usdc nothing"}, False, False),
        ({"text": "ethereum"}, True, True),
        ({"text": "1.5"}, True, False),
        ({"text": "0x7-0"}, True, False),
        ({"text": RECIPIENT.text[:12].upper()}, True, True),
        ({"text": "ether 1.000000000000000001"}, False, True),
        ({"text": "birthday"}, True, False),
        ({"text": "usdc", "kinds": {ActivityKind.RECEIVED}}, False, False),
    ],
)
def test_a_row_is_wanted_when_every_part_of_the_filter_fits(chosen: dict[str, Any], sent: bool, came: bool) -> None:
    fields: dict[str, Any] = {name: frozenset(some) for name, some in chosen.items() if name != "text"}
    wanted = ActivityFilter(**fields, text=chosen.get("text", ""))
    assert matches(replace(SENT, note="For the Birthday"), wanted, NAMES) is sent
    assert matches(CAME, wanted, NAMES) is came


def test_the_table_has_exact_amounts_whole_addresses_and_utc_times() -> None:
    settled = replace(SENT, settled=block(13), note='said "yes"', closed=True)
    sent, came = table([settled, CAME])
    assert sent == {
        "time_utc": "2026-09-21T14:13:20Z",
        "kind": "sent",
        "state": "confirmed",
        "network": "Ethereum",
        "network_id": "eip155:1",
        "from_account": "Savings",
        "from_address": display_address(SENDER),
        "to_account": "Rent, May",
        "to_address": display_address(RECIPIENT),
        "amount": "1.5",
        "symbol": "USDC",
        "asset_id": str(TOKEN),
        "fee_paid": "0.000021",
        "fee_symbol": "ETH",
        "transaction_id": "0x7-0",
        "nonce": "7",
        "height": "12",
        "above_height": "",
        "block_time_utc": "2026-09-21T14:13:32Z",
        "settled_height": "13",
        "final": "no",
        "closed_by_hand": "yes",
        "server": "",
        "note": 'said "yes"',
    }
    assert {column: cell for column, cell in came.items() if cell} == {
        "time_utc": "2026-09-21T14:14:20Z",
        "kind": "received",
        "state": "confirmed",
        "network": "Ethereum",
        "network_id": "eip155:1",
        "to_account": "Rent, May",
        "to_address": display_address(RECIPIENT),
        "amount": "1.000000000000000001",
        "symbol": "ETH",
        "asset_id": str(COIN),
        "height": "52",
        "above_height": "40",
        "server": "one.example",
    }


def test_what_is_not_mined_has_no_fee_and_no_height() -> None:
    (row,) = table([through(signed(), [S.UNKNOWN])])
    assert (row["state"], row["fee_paid"], row["fee_symbol"], row["height"], row["block_time_utc"]) == (
        "unknown",
        "",
        "",
        "",
        "",
    )


def test_an_asset_that_is_not_known_is_told_in_base_units() -> None:
    unknown = AssetId(OTHER_NETWORK, "erc20", "0x" + "cd" * 20)
    (row,) = table([replace(CAME, network=OTHER_NETWORK, asset=unknown, amount=2**256 - 1, from_height=None)])
    assert (row["amount"], row["symbol"], row["asset_id"]) == (str(2**256 - 1), "base units", str(unknown))
    assert row["network"] == "eip155:10"


def test_lines_end_and_cells_are_quoted_as_rfc_4180_says() -> None:
    text = csv_text([replace(SENT, note='a "b", c\r\nd')], NAMES)
    assert text.startswith(",".join(CSV_COLUMNS) + "\r\n")
    assert text.endswith(',"a ""b"", c\r\nd"\r\n')
    assert '"Rent, May"' in text
    assert csv_text([], NAMES) == ",".join(CSV_COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n1",
        "  =HYPERLINK(1)",
        "\u00a0=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
    ],
)
def test_a_cell_is_never_a_formula(text: str) -> None:
    names = replace(NAMES, account=lambda _: text, asset=lambda id_: replace(ASSETS[id_], symbol=text))
    (row,) = table([replace(SENT, note=text)], names)
    assert [row[column] for column in ("note", "from_account", "to_account", "symbol", "fee_symbol")] == [
        f"'{text}"
    ] * 5


@given(note=st.text(), label=st.text(), amount=st.integers(0, 2**256 - 1), fee=st.integers(0, 2**200))
def test_whatever_is_written_is_read_back_in_the_same_cells(note: str, label: str, amount: int, fee: int) -> None:
    names = replace(NAMES, account=lambda _: label)
    transfer = through(signed(amount=amount), [S.BROADCAST, S.FAILED], block(3), fee_paid=fee)
    (row,) = table([replace(transfer, note=note)], names)
    assert tuple(row) == CSV_COLUMNS
    assert row["note"].removeprefix("'") == note.removeprefix("'")
    assert row["from_account"].removeprefix("'") == label.removeprefix("'")
    assert (parse_amount(row["amount"], 18).base_units, parse_amount(row["fee_paid"], 18).base_units) == (amount, fee)
    first = row["note"][:1]
    assert first not in set("=+-@\t\r\n")
    assert row["state"] == "failed"


def test_a_logged_payment_is_written_with_sender_and_transaction_and_found_by_them() -> None:
    row = logged(replace(CAME, asset=TOKEN))
    assert row.trace is not None
    (line,) = table([row])
    assert line["from_address"] == display_address(row.trace.sender)
    assert (line["transaction_id"], line["height"], line["above_height"]) == (row.trace.transaction, "52", "")
    assert matches(row, ActivityFilter(text=row.trace.transaction), NAMES)
    assert matches(row, ActivityFilter(text=row.trace.sender.text), NAMES)
