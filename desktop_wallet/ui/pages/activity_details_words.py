"""Everything that is known of a payment, in words: every field, every step with its time and height. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import display_address, grouped, shorten
from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.core.transfers import TransferKind, TransferState
from desktop_wallet.ui.measures import count_text
from desktop_wallet.ui.models.activity_rows import ReceivedRow, Row, SentRow
from desktop_wallet.ui.models.balance_names import AssetWords
from desktop_wallet.ui.pages.activity_words import STEP_WORDS, mark_of, sentence
from desktop_wallet.ui.pages.details_words import Field, moment_text
from desktop_wallet.ui.pages.spam_words import reason_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.core.signing import TransactionId
    from desktop_wallet.core.transfers import Step, Transfer

_SECURE = "https://"


def money(base_units: int, asset: AssetWords, *, signed: bool = False) -> str:
    """Return an exact amount with its symbol: "0.25 ETH"."""
    return f"{shown_text(Amount(base_units, asset.asset.decimals), signed=signed)} {asset.symbol}"


def row_amount(row: Row) -> str:
    """Return the signed amount of a row with its symbol."""
    if isinstance(row, ReceivedRow):
        return money(row.received.amount, row.asset, signed=True)
    return money(-row.transfer.draft.amount, row.asset)


def state_sentence(row: Row, now: Instant) -> str:
    """Return what happened so far, in whole sentences."""
    if isinstance(row, ReceivedRow):
        said = _received_sentence(row.received, row.network.name)
        return said if row.suspicion is None else f"{reason_text(row.suspicion)} {said}"
    transfer = row.transfer
    fee = "" if transfer.fee_paid is None else money(transfer.fee_paid, row.coin)
    return sentence(transfer, row.siblings, row.network, fee, now.wall_s)


def _received_sentence(received: Received, network: str) -> str:
    if received.trace is not None:
        return f"Its contract logged it in block {received.to_height:,} of {network}."
    if received.to_height is None:
        return "This balance rose between two readings. Who paid is not known from that."
    if received.from_height is None or received.from_height == received.to_height:
        return f"It came in with block {received.to_height:,} of {network}."
    return (
        f"This balance of yours rose above block {received.from_height:,} and not later than block "
        f"{received.to_height:,} of {network}. Who paid is not known from that."
    )


def explorer_url(network: Network, transaction: TransactionId) -> str:
    """Return the page of a transaction at the network's explorer; empty where there is none, or none over HTTPS."""
    if network.practice or not network.explorer.startswith(_SECURE):
        return ""
    return f"{network.explorer.rstrip('/')}/tx/{transaction}"


def explorer_hint(network: Network) -> str:
    """Return what opening the explorer does, or why there is nothing to open."""
    if network.practice:
        return "Practice payments are on no explorer: they never leave this computer."
    if not network.explorer.startswith(_SECURE):
        return f"No explorer is known for {network.name}."
    host = network.explorer.removeprefix(_SECURE).partition("/")[0]
    return f"Opens {host} in your browser, which then learns that somebody here looks at this payment."


def fields(row: Row, now: Instant) -> tuple[Field, ...]:
    """Return everything that is known of a row, in the order in which a person asks."""
    if isinstance(row, ReceivedRow):
        return tuple(_received_fields(row, now))
    return tuple(_sent_fields(row, now))


def step_fields(row: Row, now: Instant) -> tuple[Field, ...]:
    """Return every step of a transfer with its local time, its height, and which server told of it; newest first."""
    if isinstance(row, ReceivedRow):
        return ()
    return tuple(_step(step, now) for step in reversed(row.transfer.steps))


def _step(step: Step, now: Instant) -> Field:
    height = "" if step.height is None else f"block {step.height:,}"
    return Field(
        STEP_WORDS[step.state], moment_text(step.at_s, now), " · ".join(part for part in (height, step.host) if part)
    )


def _sent_fields(row: SentRow, now: Instant) -> Iterable[Field]:
    transfer = row.transfer
    draft = transfer.draft
    sender, recipient = display_address(draft.sender), display_address(draft.recipient)
    if draft.kind is TransferKind.PAYMENT:
        own = f"{row.recipient}, your own" if row.recipient else ""
        yield Field("To", grouped(recipient), own, copy=recipient, mono=True)
    yield Field("From", grouped(sender), row.sender, copy=sender, mono=True)
    yield Field("Network", row.network.name, str(row.network.id))
    if not draft.asset.is_native:
        token = f"{row.asset.symbol} {row.asset.name}".strip()
        yield Field("Token", grouped(draft.asset.reference), token, copy=draft.asset.reference, mono=True)
    yield _fee(row)
    yield Field("Nonce", f"{transfer.nonce:,}", "its place in this account's order")
    yield Field("Transaction", grouped(transfer.transaction), copy=transfer.transaction, mono=True)
    yield from _block(transfer, now)
    for sibling in row.siblings:
        yield _sibling(sibling, now)
    if transfer.note:
        yield Field("Note", transfer.note)


def _fee(row: SentRow) -> Field:
    transfer = row.transfer
    fee = transfer.fee
    most = money(fee.most, row.coin)
    if transfer.fee_paid is not None:
        return Field("Fee paid", money(transfer.fee_paid, row.coin), f"of at most {most}")
    if transfer.state is TransferState.REPLACED:
        return Field("Fee", "None", "it was not carried out")
    return Field("Fee", f"At most {most}", f"likely {money(fee.expected, row.coin)}")


def _block(transfer: Transfer, now: Instant) -> Iterable[Field]:
    block = transfer.block
    if block is None:
        return
    if not transfer.state.is_mined:
        yield Field("Seen at", f"Block {block.number:,}", "where its place in the order was used up")
        return
    when = "" if block.time_s is None else moment_text(block.time_s, now)
    yield Field("Block", f"{block.number:,}", when)
    if block.hash:
        yield Field("Block hash", shorten(block.hash), copy=block.hash, mono=True)
    if transfer.settled is None:
        yield Field("Settled", "Not yet", "its balances are still shown as pending")
    else:
        after = transfer.settled.number - block.number
        note = "its balances were read there"
        if after > 0:
            note = f"its balances were read {count_text(after, 'block')} later"
        yield Field("Settled", f"At block {transfer.settled.number:,}", note)


def _sibling(sibling: Transfer, now: Instant) -> Field:
    kind = "Cancel" if sibling.draft.kind is TransferKind.CANCEL else "Payment"
    return Field(
        "Same nonce",
        f"{kind}, {mark_of(sibling).word.lower()}",
        f"signed {moment_text(sibling.at_s, now)}, {shorten(sibling.transaction)}",
        copy=sibling.transaction,
    )


def _received_fields(row: ReceivedRow, now: Instant) -> Iterable[Field]:
    received = row.received
    address = display_address(received.address)
    trace = received.trace
    yield Field("To", grouped(address), row.account, copy=address, mono=True)
    if trace is not None:
        sender = display_address(trace.sender)
        note = row.sender and f"{row.sender}, your own"
        # What is made to be copied by mistake has no button that copies it.
        yield Field("From", grouped(sender), note, copy="" if row.suspicion else sender, mono=True)
    yield Field("Network", row.network.name, str(row.network.id))
    if not received.asset.is_native:
        token = f"{row.asset.symbol} {row.asset.name}".strip()
        if row.imitated is not None:
            token = f"{token}, added by you; not the {row.imitated.symbol} of the list"
        elif row.found:
            token = f"{token}, in no list: what it calls itself"
        yield Field("Token", grouped(received.asset.reference), token, copy=received.asset.reference, mono=True)
    if received.from_height is not None and received.from_height != received.to_height:
        yield Field("Above", f"Block {received.from_height:,}", "the reading before")
    if trace is not None:
        yield Field("Transaction", grouped(trace.transaction), copy=trace.transaction, mono=True)
        yield Field("Block", f"{received.to_height:,}", received.host)
        yield Field("Block hash", shorten(trace.block_hash), copy=trace.block_hash, mono=True)
    elif received.to_height is not None:
        yield Field("Seen at", f"Block {received.to_height:,}", received.host)
    yield Field("Noticed", moment_text(received.seen_at_s, now), "" if received.to_height else received.host)
