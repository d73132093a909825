"""Where a number comes from, in words and as JSON: every field of a reading (requirement F2). No Qt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import display_address, grouped, shorten
from desktop_wallet.core.amounts import Amount, plain_text, shown_text
from desktop_wallet.core.assets import AssetOrigin
from desktop_wallet.core.balances import ReadMethod
from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.core.positions import Height, HeightKind, Unordered
from desktop_wallet.core.prices import money_text, price_text
from desktop_wallet.ui.models.balance_claims import NO_CLAIMS
from desktop_wallet.ui.models.balance_words import no_price_text
from desktop_wallet.ui.pages.details_opinion_words import opinion_json
from desktop_wallet.ui.words import age_text, clock_text, count_text, failure_sentence, left_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.opinions import Opinion
    from desktop_wallet.ui.models.balance_claims import Claims
    from desktop_wallet.ui.models.balance_snapshot import BalanceRow

_THIN = "\u2009"
_NAMED = 3
_ORIGINS = {
    AssetOrigin.NATIVE: "the coin of this network",
    AssetOrigin.LIST: "from the token list of this wallet",
    AssetOrigin.BY_HAND: "added by hand: compare the contract's address",
    AssetOrigin.DISCOVERED: "found on the network: compare the contract's address",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the details: its label, what it says, a quieter note, and what its copy button copies."""

    label: str
    value: str
    note: str = ""
    copy: str = ""
    mono: bool = False

    @property
    def spoken(self) -> str:
        """Return what a screen reader says."""
        return f"{self.label}: {self.value}" + (f", {self.note}" if self.note else "")


def time_left_text(badge: Badge) -> str:
    """Return how long the number still serves, or that it does not; empty where the badge's reason says more."""
    if badge.updating:
        return "being read now"
    if badge.kind is BadgeKind.UNAVAILABLE:
        return "nothing is known"
    if badge.kind is BadgeKind.STALE:
        return "its time is over" if StaleReason.EXPIRED in badge.reasons else ""
    if badge.kind is BadgeKind.PENDING:
        return "until it is settled"
    return f"{left_text(badge.left_s)} left" if badge.left_s else "to be read again now"


def fields(row: BalanceRow, now: Instant, claims: Claims = NO_CLAIMS) -> tuple[Field, ...]:
    """Return every field of F2 in words, in the order in which a doubting person asks; first what payments claim."""
    reading = row.state.reading
    address = display_address(row.key.address)
    asset = row.asset
    made = [
        Field("Account", f"{row.account.wallet_label} · {row.account.label}"),
        Field("Address", grouped(address), copy=address, mono=True),
    ]
    if reading is not None:
        made += [_exact(reading, asset.asset.base_unit), *_claimed(row, reading, claims), *_worth(row, now)]
    made += [
        Field("Network", asset.network.name, str(asset.network.id)),
        Field("Asset", f"{asset.symbol} {asset.name}".strip(), _ORIGINS[asset.asset.origin]),
        Field("Asset id", _caip19(str(asset.asset.id)), copy=str(asset.asset.id), mono=True),
    ]
    if reading is None:
        made.append(Field("Read", "Never. Nobody knows this balance yet; it is not zero."))
    else:
        made += _provenance(row, reading, now)
    failure = row.state.failure
    if failure is not None:
        shown = None if reading is None else reading.started.wall_s
        when = f"tried at {moment_text(failure.at.wall_s, now)}" + (f", {failure.host}" if failure.host else "")
        made.append(Field("Last try", failure_sentence(failure, asset.network.name, shown, now), when))
    return tuple(made)


def _provenance(row: BalanceRow, reading: Reading, now: Instant) -> Iterable[Field]:
    age_s = max(reading.started.age_s(now), 0.0)
    yield from _position(row, reading, now)
    yield Field("Answered by", reading.endpoint, f"in {took_text(reading)}")
    yield Field("How", how_text(reading))
    yield Field("Read", moment_text(reading.started.wall_s, now), f"{age_text(age_s)} ago")
    yield Field("Came from", came_from_text(row))
    yield Field("Still valid", _validity(row), f"counter {reading.seq:,}")
    behind = row.state.behind
    if behind is not None:
        yield Field("Servers", f"{count_text(behind.blocks, 'block')} behind this reading, which therefore stays.")


def _exact(reading: Reading, unit: str) -> Field:
    digits = f"{reading.amount:,}".replace(",", _THIN)
    return Field(
        "Exact", f"{digits} {unit}", count_text(reading.decimals, "decimal"), copy=str(reading.amount), mono=True
    )


def _claimed(row: BalanceRow, reading: Reading, claims: Claims) -> Iterable[Field]:
    def money(base_units: int, *, signed: bool = False) -> str:
        return f"{shown_text(Amount(base_units, reading.decimals), signed=signed)} {row.asset.symbol}"

    change = row.badge.expected_change
    if row.badge.kind is BadgeKind.PENDING and change:
        left = reading.amount + change
        yield Field("Expected", money(change, signed=True), f"then {money(left)}" if left >= 0 else "")
    if claims.spendable is None or not claims.taken:
        return
    named = [money(amount) for amount in claims.taken[:_NAMED]]
    if len(claims.taken) > _NAMED:
        named.append(count_text(len(claims.taken) - _NAMED, "further amount"))
    listed = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
    fees = f", {'its highest fee' if len(claims.taken) == 1 else 'their highest fees'} included"
    many = count_text(len(claims.taken), "payment")
    note = f"{many} of yours may still take {listed}{fees if row.key.asset.is_native else ''}."
    yield Field("Spendable", money(claims.spendable), note)


def _worth(row: BalanceRow, now: Instant) -> Iterable[Field]:
    """Return what the balance is worth, by which price, from whom and how old; nothing while prices are off."""
    worth = row.worth
    if worth is None:
        return
    if worth.price is None or worth.value is None:
        yield Field("Value", "No price", no_price_text(worth))
        return
    note = "outdated: the price is older than it should be" if worth.outdated else worth.currency.name
    yield Field("Value", money_text(worth.value, worth.currency), note, copy=f"{worth.value:f}")
    price = worth.price
    told = "made up in this program, for play money" if worth.playing else f"from {price.source}"
    renewed = "" if worth.playing else f", as of {moment_text(price.market_s, now)}"
    each = f"{price_text(price.per_unit, worth.currency)} for 1 {row.asset.symbol}"
    asked = f"asked for {age_text(max(price.at.age_s(now), 0.0))} ago"
    yield Field("Price", each, f"{told}, {asked}{renewed}", copy=f"{price.per_unit:f}")


def _position(row: BalanceRow, reading: Reading, now: Instant) -> Iterable[Field]:
    position = reading.position
    if isinstance(position, Unordered):
        record = f"its record is {position.record}" if position.record else ""
        yield Field("Position", "This network counts no blocks.", record)
        return
    word = "Read at block" if position.kind is HeightKind.BLOCK else "Read at slot"
    note = position.commitment or ""
    yield Field(word, f"{position.number:,}", note)
    if position.hash:
        left = "no longer on the chain" if row.state.left_chain else ""
        yield Field("Block hash", shorten(position.hash), left, copy=position.hash, mono=True)
    elif position.parent_hash:
        yield Field("Parent block", shorten(position.parent_hash), copy=position.parent_hash, mono=True)
    if position.time_s is not None:
        head_s = max(reading.started.wall_s - position.time_s, 0.0)
        note = f"the server's newest block was {age_text(head_s)} old when it was read"
        if StaleReason.HEAD_TOO_OLD in row.badge.reasons:
            note = f"this server's chain stands still for {age_text(now.wall_s - position.time_s)}"
        yield Field("Block time", clock_text(position.time_s), note)
    if reading.chain_hash:
        yield Field("Chain", shorten(reading.chain_hash), "hash of its first block", copy=reading.chain_hash, mono=True)


def how_text(reading: Reading) -> str:
    """Return in which way the amount was asked for."""
    many = count_text(reading.batch, "balance")
    match reading.method:
        case ReadMethod.MULTICALL:
            return f"Multicall, {many} in one call"
        case ReadMethod.PINNED:
            return "Read singly, pinned to this block"
        case ReadMethod.ACCOUNTS:
            return f"Accounts call, {many} in one call"
        case ReadMethod.RECORD:
            return "One record of this server"


def took_text(reading: Reading) -> str:
    """Return how long the server took."""
    took_s = max(reading.started.age_s(reading.ended), 0.0)
    return f"{round(took_s * 1000)} ms" if took_s < 1 else f"{took_s:.1f} s"


def came_from_text(row: BalanceRow) -> str:
    """Return which tier supplied the number."""
    if row.state.arrived is None:
        return "The disk, kept from an earlier run, sealed"
    if row.badge.kind is BadgeKind.FRESH:
        return "The network, since this page was opened"
    return "The network, earlier in this run"


def _validity(row: BalanceRow) -> str:
    if StaleReason.INVALIDATED in row.badge.reasons:
        return "No. Something that touches this balance happened after it was read."
    if row.badge.kind is BadgeKind.PENDING:
        return "Until the open payment is settled."
    return "Yes. It was read after everything the wallet knows to have touched it."


def moment_text(wall_s: float, now: Instant) -> str:
    """Return when something was: with seconds, and with the day unless it is today's."""
    brief = time_text(wall_s, now.wall_s)
    day, _, _ = brief.rpartition(" ")
    return f"{day} {clock_text(wall_s)}" if day else clock_text(wall_s)


def _caip19(text: str) -> str:
    # Spaces let a long id break where its parts meet; the copy has none.
    head, _, reference = text.rpartition(":")
    return f"{head}: {grouped(reference)}" if reference.startswith("0x") else text


def as_json(row: BalanceRow, now: Instant, claims: Claims = NO_CLAIMS, opinion: Opinion | None = None) -> str:
    """Return the balance with every field of F2 as JSON; amounts as text, because JSON's numbers lose digits."""
    reading, key = row.state.reading, row.key
    body: dict[str, object] = {
        "network": str(key.network),
        "address": display_address(key.address),
        "asset": str(key.asset),
        "badge": row.badge.kind.value,
    }
    if reading is not None:
        body |= {
            "amount_base_units": str(reading.amount),
            "decimals": reading.decimals,
            "amount": plain_text(Amount(reading.amount, reading.decimals)),
            "symbol": row.asset.symbol,
            "age_s": round(max(reading.started.age_s(now), 0.0), 3),
            "position": _position_json(reading),
            "endpoint": reading.endpoint,
            "method": reading.method.value,
            "batch": reading.batch,
            "started_unix_s": reading.started.wall_s,
            "ended_unix_s": reading.ended.wall_s,
            "seq": reading.seq,
            "chain_hash": reading.chain_hash,
            "from_disk": row.state.arrived is None,
        }
    if row.badge.expected_change is not None:
        body["expected_change_base_units"] = str(row.badge.expected_change)
    if claims.spendable is not None:
        body["spendable_base_units"] = str(claims.spendable)
    worth = row.worth
    if worth is not None and worth.price is not None and worth.value is not None:
        body["worth"] = {
            "value": f"{worth.value:f}",
            "currency": worth.currency.code.upper(),
            "price": f"{worth.price.per_unit:f}",
            "source": worth.price.source,
            "asked_unix_s": worth.price.at.wall_s,
            "renewed_unix_s": worth.price.market_s,
            "outdated": worth.outdated,
        }
    failure = row.state.failure
    if failure is not None:
        body["failure"] = {"reason": failure.reason.value, "host": failure.host, "at_unix_s": failure.at.wall_s}
    if opinion is not None:
        body["second_opinion"] = opinion_json(opinion)
    return json.dumps(body, indent=2, ensure_ascii=False)


def _position_json(reading: Reading) -> dict[str, object]:
    position = reading.position
    if isinstance(position, Height):
        return {
            "kind": position.kind.value,
            "number": position.number,
            "hash": position.hash,
            "parent_hash": position.parent_hash,
            "time_unix_s": position.time_s,
            "commitment": position.commitment,
        }
    return {"kind": "unordered", "record": position.record}
