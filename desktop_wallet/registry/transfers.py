"""Signed transfers and their history: stored with the invalidation they cause, before anything leaves the machine."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import RegistryDamaged, StorageFailure
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.core.transfers import (
    Draft,
    Fee,
    Step,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
)
from desktop_wallet.registry.invalidations import InvalidationRows, record_invalidation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.registry.database import Connection

_FIXED: Final = (
    "id",
    "network",
    "family",
    "sender",
    "recipient",
    "asset",
    "amount",
    "kind",
    "replaces",
    "transaction_id",
    "raw",
    "nonce",
    "attempt",
    "fee_asset",
    "fee_expected",
    "fee_most",
)
_HEIGHT: Final = ("kind", "number", "hash", "parent_hash", "time_s", "commitment")
_CHANGING: Final = (
    "state",
    *(f"block_{name}" for name in _HEIGHT),
    "fee_paid",
    *(f"settled_{name}" for name in _HEIGHT),
    "final",
    "closed",
    "note",
)
_COLUMNS: Final = _FIXED + _CHANGING
# Only names of columns, all of them ours, are put together here.
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM transfers ORDER BY place"  # noqa: S608
_INSERT: Final = f"INSERT INTO transfers ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_STEPS: Final = "SELECT transfer, state, at_s, height, host FROM transfer_steps ORDER BY transfer, place"
_STORED: Final = """SELECT state, (SELECT count(*) FROM transfer_steps WHERE transfer = id) FROM transfers
    WHERE id = ?"""
_STEPS_AT_ONCE: Final = 500
_TRANSFERS_AT_ONCE: Final = 25


class TransferRows(InvalidationRows):
    """Keeps every transaction that was ever signed. None is ever deleted."""

    async def add_transfer(self, transfer: Transfer, scopes: Iterable[Scope], cause: str) -> int:
        """Return the new seq, once transfer, steps and invalidation stand on the disk, and the last in memory too.

        All of it or nothing: AlreadyThere (what="transfer") if its network knows the transaction, the id, or the
        attempt at that nonce already; StorageFull, StorageReadOnly. Cancelling does what it does to `invalidate`.
        """
        if not transfer.steps:
            raise ValueError("a transfer without a step")
        chosen = frozenset(scopes)
        at_s = self._clock.now().wall_s
        values = (*_fixed(transfer), *_changing(transfer))

        def work(connection: Connection) -> int:
            connection.execute(_INSERT, values)
            _append(connection, transfer, 0)
            return record_invalidation(connection, chosen, cause, at_s)

        return await self._database.write(work, then=lambda seq: self.invalidations.record(seq, chosen))

    async def update_transfer(
        self, before: Transfer, after: Transfer, scopes: Iterable[Scope] = (), cause: str = ""
    ) -> int | None:
        """Return the new seq, None without scopes, once `after` stands where `before` stood, as `add_transfer` does.

        StorageFailure (problem="overtaken") if the stored state or number of steps is not `before`'s. What is equal in
        both is not written: a note that was taken in the meantime stays. What was signed cannot be changed.
        """
        steps = len(before.steps)
        if _fixed(before) != _fixed(after) or after.steps[:steps] != before.steps:
            raise ValueError("another transfer, or another history")
        chosen = frozenset(scopes)
        at_s = self._clock.now().wall_s
        changed = {
            name: new
            for name, old, new in zip(_CHANGING, _changing(before), _changing(after), strict=True)
            if new != old
        }

        def work(connection: Connection) -> int | None:
            if connection.execute(_STORED, (before.id,)).fetchone() != (before.state.value, steps):
                raise StorageFailure(problem="overtaken")
            if changed:
                places = ", ".join(f"{name} = ?" for name in changed)
                statement = f"UPDATE transfers SET {places} WHERE id = ?"  # noqa: S608 - names of our own columns
                connection.execute(statement, (*changed.values(), before.id))
            _append(connection, after, steps)
            return record_invalidation(connection, chosen, cause, at_s) if chosen else None

        def follow(seq: int | None) -> None:
            if seq is not None:
                self.invalidations.record(seq, chosen)

        return await self._database.write(work, then=follow)

    async def load_transfers(self) -> tuple[Transfer, ...]:
        """Return every transfer with its history, oldest first; RegistryDamaged if one cannot be read.

        They are made in slices of about a millisecond, so that a paint never waits for thousands.
        """

        def work(connection: Connection) -> tuple[list[Any], list[Any]]:
            return connection.execute(_SELECT).fetchall(), connection.execute(_STEPS).fetchall()

        rows, histories = await self._database.read(work)
        try:
            steps: dict[str, list[Step]] = defaultdict(list)
            for count, (transfer, state, at_s, height, host) in enumerate(histories, start=1):
                steps[transfer].append(Step(TransferState(state), at_s, height, host))
                if count % _STEPS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            found = []
            for count, columns in enumerate(rows, start=1):
                row = dict(zip(_COLUMNS, columns, strict=True))
                found.append(_transfer(row, tuple(steps[row["id"]])))
                if count % _TRANSFERS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            return tuple(found)
        except (ValueError, TypeError) as error:
            raise RegistryDamaged(problem="transfers") from error


def _append(connection: Connection, transfer: Transfer, known: int) -> None:
    connection.executemany(
        "INSERT INTO transfer_steps VALUES (?, ?, ?, ?, ?, ?)",
        [
            (transfer.id, place, step.state.value, step.at_s, step.height, step.host)
            for place, step in enumerate(transfer.steps)
            if place >= known
        ],
    )


def _fixed(transfer: Transfer) -> tuple[object, ...]:
    # A network has one family, so both addresses are of the sender's.
    draft, fee = transfer.draft, transfer.fee
    return (
        transfer.id,
        str(draft.network),
        draft.sender.family.value,
        draft.sender.text,
        draft.recipient.text,
        str(draft.asset),
        str(draft.amount),
        draft.kind.value,
        draft.replaces,
        transfer.transaction,
        transfer.raw,
        transfer.nonce,
        transfer.attempt,
        str(fee.asset),
        str(fee.expected),
        str(fee.most),
    )


def _changing(transfer: Transfer) -> tuple[object, ...]:
    return (
        transfer.state.value,
        *_height_columns(transfer.block),
        None if transfer.fee_paid is None else str(transfer.fee_paid),
        *_height_columns(transfer.settled),
        int(transfer.final),
        int(transfer.closed),
        transfer.note,
    )


def _height_columns(height: Height | None) -> tuple[object, ...]:
    if height is None:
        return (None,) * len(_HEIGHT)
    return height.kind.value, height.number, height.hash, height.parent_hash, height.time_s, height.commitment


def _height(row: Mapping[str, Any], of: str) -> Height | None:
    kind, *others = (row[f"{of}_{name}"] for name in _HEIGHT)
    return None if kind is None else Height(HeightKind(kind), *others)


def _transfer(row: Mapping[str, Any], steps: Sequence[Step]) -> Transfer:
    state, block = TransferState(row["state"]), _height(row, "block")
    if not steps or (block is None and (state.is_mined or state is TransferState.REPLACED)):
        raise ValueError("a transfer without its history")
    family = Family(row["family"])
    return Transfer(
        id=TransferId(row["id"]),
        draft=Draft(
            network=NetworkId.parse(row["network"]),
            sender=Address(family, row["sender"]),
            recipient=Address(family, row["recipient"]),
            asset=AssetId.parse(row["asset"]),
            amount=int(row["amount"]),
            kind=TransferKind(row["kind"]),
            replaces=None if row["replaces"] is None else TransferId(row["replaces"]),
        ),
        transaction=TransactionId(row["transaction_id"]),
        raw=bytes(row["raw"]),
        nonce=row["nonce"],
        attempt=row["attempt"],
        fee=Fee(AssetId.parse(row["fee_asset"]), int(row["fee_expected"]), int(row["fee_most"])),
        state=state,
        steps=tuple(steps),
        block=block,
        fee_paid=None if row["fee_paid"] is None else int(row["fee_paid"]),
        settled=_height(row, "settled"),
        final=bool(row["final"]),
        closed=bool(row["closed"]),
        note=row["note"],
    )
