"""A transfer stands with its history and its invalidation, or not at all; and it comes back as it was stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.core.errors import AlreadyThere, RegistryDamaged, StorageFailure, StorageFull, StorageReadOnly
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.receipts import Received
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.core.transfers import Fee, Step, TransferId, TransferKind, TransferState, advance, scopes
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK, reading
from tests.fakes.transfers import COIN, RECIPIENT, SENDER, STRANGER, TOKEN, block, signed, through

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.core.transfers import Transfer

DATA_KEY = bytes(range(32))
S = TransferState
MOST = 2**256 - 1


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    opened = await _open(tmp_path)
    yield opened
    await opened.close()


async def _open(folder: Path) -> Registry:
    return await Registry.open(folder / "registry.db", DATA_KEY, FakeClock())


async def _again(registry: Registry, folder: Path) -> Registry:
    await registry.close()
    return await _open(folder)


async def _execute(registry: Registry, statement: str) -> None:
    def work(connection: Any) -> None:  # noqa: ANN401 - a library without types
        connection.execute(statement)

    await registry._database.write(work)


async def _add(registry: Registry, transfer: Transfer) -> int:
    return await registry.add_transfer(transfer, scopes(transfer), "signed")


async def test_every_field_comes_back_after_a_restart_in_the_order_of_signing(tmp_path: Path) -> None:
    plain = signed(3)
    rich = replace(
        signed(
            4,
            7,
            fee=Fee(COIN, MOST, MOST),
            asset=TOKEN,
            amount=MOST,
            kind=TransferKind.CANCEL,
            replaces=TransferId("transfer-x"),
            recipient=SENDER,
        ),
        steps=(Step(S.SIGNED, 1.25), Step(S.BROADCAST, 2.5, 9, "one.example"), Step(S.CONFIRMED, 3.75, 10, "b")),
        state=S.CONFIRMED,
        block=block(10),
        fee_paid=MOST,
        settled=replace(block(12), time_s=None, commitment="final"),
        final=True,
        closed=True,
        note="r\u00e9nt \u2028 for 'May'; DROP TABLE transfers",
        raw=bytes(range(256)),
    )
    first = signed(2)
    registry = await _open(tmp_path)
    for transfer in (plain, rich, first):
        await _add(registry, transfer)
    registry = await _again(registry, tmp_path)
    assert await registry.load_transfers() == (plain, rich, first)
    await registry.close()


async def test_a_signed_transfer_makes_earlier_readings_stale_in_memory_and_after_a_restart(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    early = reading(1, seq=registry.invalidations.counter, registry=registry.id)
    assert registry.invalidations.covers(early)
    assert await _add(registry, signed()) == 1
    for _ in range(2):
        assert not registry.invalidations.covers(early)
        assert registry.invalidations.covers(reading(1, seq=1, registry=registry.id))
        assert [(entry.seq, entry.cause, entry.scopes) for entry in await registry.recent_invalidations(9)] == [
            (1, "signed", 2)
        ]
        registry = await _again(registry, tmp_path)
    await registry.close()


@pytest.mark.parametrize(
    "other",
    [
        replace(signed(5, 1), transaction=signed(4, 0).transaction),
        replace(signed(4, 0), id=TransferId("other"), transaction=TransactionId("0xother")),
        replace(signed(5, 0), id=signed(4, 0).id),
    ],
)
async def test_what_only_one_transfer_can_have_is_taken_once_and_a_refusal_changes_nothing(
    registry: Registry, other: Transfer
) -> None:
    await _add(registry, signed(4, 0))
    with pytest.raises(AlreadyThere) as refusal:
        await _add(registry, other)
    assert refusal.value.what == "transfer"
    assert await registry.load_transfers() == (signed(4, 0),)
    assert registry.invalidations.counter == 1
    assert len(await registry.recent_invalidations(9)) == 1


async def test_further_attempts_other_senders_and_other_networks_have_that_nonce_too(registry: Registry) -> None:
    elsewhere = NetworkId("eip155", "10")
    some = (
        signed(4, 0),
        signed(4, 1),
        replace(signed(4, 0, sender=STRANGER), id=TransferId("b"), transaction=TransactionId("0xb")),
        replace(signed(4, 0, network=elsewhere), id=TransferId("c")),  # the same transaction id, on another network
    )
    for transfer in some:
        await _add(registry, transfer)
    assert await registry.load_transfers() == some


async def test_steps_are_appended_and_invalidate_only_with_scopes(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    transfer = signed()
    await _add(registry, transfer)
    sent = through(transfer, [S.BROADCAST])
    assert await registry.update_transfer(transfer, sent) is None
    mined = through(sent, [S.CONFIRMED], block(7), fee_paid=20)
    assert await registry.update_transfer(sent, mined, scopes(mined), "confirmed") == 2
    settled = replace(mined, settled=block(8))
    assert await registry.update_transfer(mined, settled) is None
    undone = through(settled, [S.BROADCAST, S.CONFIRMED, S.FINALIZED], block(9, "b"), fee_paid=19)
    assert await registry.update_transfer(settled, undone, scopes(undone), "reorg") == 3
    assert registry.invalidations.required(KEY) == 3
    registry = await _again(registry, tmp_path)
    assert await registry.load_transfers() == (undone,)
    assert (registry.invalidations.counter, registry.invalidations.required(KEY)) == (3, 3)
    await registry.close()


async def test_an_update_of_what_has_changed_since_is_refused_and_changes_nothing(registry: Registry) -> None:
    transfer = signed()
    await _add(registry, transfer)
    sent = through(transfer, [S.BROADCAST])
    await registry.update_transfer(transfer, sent)
    lost = through(transfer, [S.UNKNOWN])
    back = through(sent, [S.CONFIRMED, S.BROADCAST], block(5))
    await registry.update_transfer(sent, back)
    for before in (transfer, sent, signed(9)):
        with pytest.raises(StorageFailure, match="overtaken"):
            await registry.update_transfer(
                before, through(before, [S.UNKNOWN] if before.state is S.SIGNED else [S.DROPPED]), [Scope()], "late"
            )
    assert lost.steps[:1] == transfer.steps
    assert await registry.load_transfers() == (back,)
    assert registry.invalidations.counter == 1


async def test_of_two_updates_at_once_one_is_refused(registry: Registry) -> None:
    transfer = signed()
    await _add(registry, transfer)
    outcomes = await asyncio.gather(
        registry.update_transfer(transfer, through(transfer, [S.BROADCAST]), [Scope()], "one"),
        registry.update_transfer(transfer, through(transfer, [S.UNKNOWN]), [Scope()], "other"),
        return_exceptions=True,
    )
    assert outcomes[0] == 2
    assert isinstance(outcomes[1], StorageFailure)
    assert await registry.load_transfers() == (through(transfer, [S.BROADCAST]),)
    assert registry.invalidations.counter == 2


async def test_a_note_taken_in_the_meantime_stays(registry: Registry) -> None:
    transfer = through(signed(), [S.BROADCAST])
    await _add(registry, transfer)
    mined = through(transfer, [S.CONFIRMED], block(5))
    await registry.update_transfer(transfer, replace(transfer, note="rent"))
    await registry.update_transfer(transfer, mined)
    assert await registry.load_transfers() == (replace(mined, note="rent"),)


async def test_what_was_signed_and_what_happened_cannot_be_rewritten(registry: Registry) -> None:
    transfer = through(signed(), [S.BROADCAST])
    await _add(registry, transfer)
    for other in (
        replace(transfer, raw=b"other"),
        replace(transfer, nonce=8),
        replace(transfer, fee=Fee(COIN, 1, 1)),
        replace(transfer, steps=transfer.steps[:1]),
        replace(transfer, steps=(Step(S.SIGNED, 0.0), *transfer.steps[1:])),
    ):
        with pytest.raises(ValueError, match="another"):
            await registry.update_transfer(transfer, other)
    with pytest.raises(ValueError, match="without a step"):
        await _add(registry, replace(signed(1), steps=()))
    assert await registry.load_transfers() == (transfer,)


async def test_a_cancelled_caller_leaves_disk_and_memory_agreed(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    for nonce in range(10):
        transfer = signed(nonce)
        for call in (
            _add(registry, transfer),
            registry.update_transfer(transfer, through(transfer, [S.BROADCAST]), [Scope()], "sent"),
        ):
            task = asyncio.ensure_future(call)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    last = await registry.invalidate([Scope()], "kept")
    assert (registry.invalidations.counter, last) == (21, 21)
    registry = await _again(registry, tmp_path)
    assert registry.invalidations.counter == last
    assert await registry.load_transfers() == tuple(through(signed(nonce), [S.BROADCAST]) for nonce in range(10))
    await registry.close()


async def test_a_full_disk_stores_neither_transfer_nor_invalidation(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    kept = signed(0)
    await _add(registry, kept)
    await _execute(registry, "PRAGMA max_page_count = 60")
    with pytest.raises(StorageFull):
        await _add(registry, replace(signed(1), raw=bytes(500_000)))
    with pytest.raises(StorageFull):
        await registry.update_transfer(
            kept, replace(through(kept, [S.BROADCAST]), note="x" * 500_000), scopes(kept), "sent"
        )
    assert registry.invalidations.counter == 1
    assert await registry.load_transfers() == (kept,)
    await registry.update_transfer(kept, replace(kept, note="fits"))
    registry = await _again(registry, tmp_path)
    assert await registry.load_transfers() == (replace(kept, note="fits"),)
    assert (registry.invalidations.counter, len(await registry.recent_invalidations(9))) == (1, 1)
    await registry.close()


async def test_a_registry_that_cannot_be_written_stores_neither(registry: Registry) -> None:
    kept = signed(0)
    await _add(registry, kept)

    async def read_only(on: int) -> None:
        def work() -> None:
            connection: Any = registry._database._connection
            connection.execute(f"PRAGMA query_only = {on}")

        await registry._database.run(work)

    await read_only(1)
    with pytest.raises(StorageReadOnly):
        await _add(registry, signed(1))
    with pytest.raises(StorageReadOnly):
        await registry.update_transfer(kept, through(kept, [S.BROADCAST]), scopes(kept), "sent")
    await read_only(0)
    assert registry.invalidations.counter == 1
    assert await registry.load_transfers() == (kept,)
    assert await _add(registry, signed(1)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE transfers SET state = 'paid'",
        "UPDATE transfers SET amount = 'much'",
        "UPDATE transfers SET asset = 'ether'",
        "UPDATE transfers SET block_kind = NULL",
        "UPDATE transfers SET block_kind = 'stone'",
        "UPDATE transfer_steps SET state = 'walking'",
        "DELETE FROM transfer_steps",
    ],
)
async def test_a_row_that_cannot_be_read_is_damage(registry: Registry, damage: str) -> None:
    await _add(registry, through(signed(), [S.BROADCAST, S.CONFIRMED], block(5)))
    await _execute(registry, damage)
    with pytest.raises(RegistryDamaged):
        await registry.load_transfers()


async def test_a_transfer_with_a_step_at_a_time_comes_back_exactly(registry: Registry) -> None:
    transfer = signed()
    await _add(registry, transfer)
    for n in range(200):
        state = S.UNKNOWN if transfer.state in (S.SIGNED, S.DROPPED) else S.DROPPED
        after = advance(transfer, Step(state, 1_790_000_000.1 + n / 3, n, f"host-{n}"))
        await registry.update_transfer(transfer, after)
        transfer = after
    assert await registry.load_transfers() == (transfer,)


def received(number: int, **chosen: Any) -> Received:  # noqa: ANN401 - passed on
    fields: dict[str, Any] = {
        "network": NETWORK,
        "address": SENDER,
        "asset": TOKEN,
        "amount": MOST - number,
        "from_height": 10 * number,
        "to_height": 10 * number + 9,
        "seen_at_s": 1_790_000_000.5 + number,
        "host": "one.example",
        **chosen,
    }
    return Received(**fields)


async def test_what_came_in_comes_back_newest_first_and_once(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    unordered = received(5, from_height=None, to_height=None)
    await registry.add_received([received(2), received(1), unordered])
    await registry.add_received([received(1, seen_at_s=9e9, host="two.example"), received(3, address=RECIPIENT)])
    registry = await _again(registry, tmp_path)
    expected = (unordered, received(3, address=RECIPIENT), received(2), received(1))
    assert await registry.load_received(9) == expected
    assert await registry.load_received(2) == expected[:2]
    assert registry.invalidations.counter == 0
    await _execute(registry, "UPDATE received SET amount = '1e3'")
    with pytest.raises(RegistryDamaged):
        await registry.load_received(9)
    await registry.close()


async def test_the_height_from_which_an_address_is_known_stays_the_first(tmp_path: Path) -> None:
    elsewhere = NetworkId("eip155", "10")
    registry = await _open(tmp_path)
    await registry.note_known_from(NETWORK, SENDER, 700)
    await registry.note_known_from(NETWORK, SENDER, 900)
    await registry.note_known_from(elsewhere, SENDER, 5)
    await registry.note_known_from(NETWORK, RECIPIENT, 0)
    registry = await _again(registry, tmp_path)
    assert await registry.load_known_from() == {
        (NETWORK, SENDER): 700,
        (elsewhere, SENDER): 5,
        (NETWORK, RECIPIENT): 0,
    }
    await registry.close()


async def test_hundreds_are_made_in_slices_between_which_the_loop_serves_others(registry: Registry) -> None:
    def work(connection: Any) -> None:  # noqa: ANN401 - a library without types
        columns = "network, family, sender, recipient, asset, amount, kind, raw, attempt, fee_asset, fee_expected"
        columns += ", fee_most, state, final, closed, note"
        for number in range(1, 250):
            connection.execute(
                f"INSERT INTO transfers (id, transaction_id, nonce, {columns}) SELECT ?, ?, ?, {columns} "  # noqa: S608
                "FROM transfers WHERE nonce = 0",
                (f"copy {number}", f"0x{number}", number),
            )
            connection.execute("INSERT INTO transfer_steps VALUES (?, 0, 'signed', 1.0, NULL, '')", (f"copy {number}",))

    await _add(registry, signed(0))
    await registry._database.write(work)
    turns: list[int] = [0]
    read = registry._database.read

    async def read_and_note(asked: Any) -> Any:  # noqa: ANN401 - passed on
        rows = await read(asked)
        turns.append(0)
        return rows

    registry._database.read = read_and_note  # type: ignore[method-assign, assignment] # only to know when it is done
    loading = asyncio.ensure_future(registry.load_transfers())
    while not loading.done():
        turns[-1] += 1
        await asyncio.sleep(0)
    assert len(await loading) == 250
    assert turns[-1] >= 8
