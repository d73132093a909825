"""Payments that logs tell of: each once, none of our own, and none of blocks that are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.errors import StorageFull
from desktop_wallet.core.receipts import FoundState
from desktop_wallet.core.spam import SuspicionKind
from desktop_wallet.services.discovery import ASKS_A_ROUND, FIRST_SPAN
from desktop_wallet.services.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.engine import until
from tests.fakes.transfers import signed

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.transfers import Transfer

from tests.fakes.discovery_stage import ME, NET, NEW, OTHER, STRANGER, USDC, Logs, log, stage


async def test_a_payment_is_told_by_its_log_with_sender_and_transaction(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        s.server.logs.append(log(105, 700))
        await s.read(110, 700, before=0)
        await s.look()
        (row,) = s.incoming.all()
        assert row.trace is not None
        assert (row.amount, row.trace.sender, row.trace.transaction, row.to_height) == (
            700,
            STRANGER,
            f"0x{105:064x}",
            105,
        )
        assert s.told == [700]


async def test_the_difference_stands_until_the_logs_were_looked_through_and_never_beside_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        s.server.logs += [log(103, 300), log(108, 400)]
        await s.read(110, 700, before=0)
        assert s.amounts == [700]
        assert s.told == []  # the logs will tell more
        s.server.head = 105  # a server that is not there yet
        await s.look()
        assert s.amounts == [700]
        s.server.head = 200
        await s.look()
        assert s.amounts == [400, 300]
        assert sorted(s.told) == [300, 400]


async def test_a_rise_that_no_log_explains_stays_a_difference_and_is_told_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        await s.read(110, 7, before=0)
        await s.look()
        await s.look()
        assert s.amounts == s.told == [7]


async def test_without_logs_differences_tell_at_once_and_the_network_is_left_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, Logs(without_logs=True)) as s:
        assert s.discovery.follows_logs(NET.id)
        await s.read(100)
        await s.read(110, 7, before=0)
        await s.look()
        assert s.told == [7]
        assert not s.discovery.follows_logs(NET.id)
        await s.read(120, 9, before=7)
        await s.look()
        assert s.told == [7, 2]
        assert len(s.server.asked) == 1
        s.clock.advance(3_601)
        s.server.without_logs = False
        await s.look()
        assert s.discovery.follows_logs(NET.id)


async def test_what_failed_is_told_by_difference_and_not_again_when_logs_come(tmp_path: Path) -> None:
    async with stage(tmp_path, Logs(down=True)) as s:
        await s.read(100)
        s.server.logs.append(log(105, 700))
        await s.read(110, 700, before=0)
        await s.look()
        assert s.told == [700]
        s.server.down = False
        await s.look()
        assert len(s.server.asked) == 1  # it is left alone for a while
        s.clock.advance(61)
        await s.look()
        assert s.told == s.amounts == [700]
        assert s.incoming.all()[0].trace is not None


async def test_nothing_is_told_twice_after_a_restart(tmp_path: Path) -> None:
    server, clock = Logs(), FakeClock()
    async with stage(tmp_path, server, clock) as s:
        await s.read(100)
        server.logs.append(log(105, 700))
        await s.read(110, 700, before=0)
        await s.look()
    clock.restart()
    async with stage(tmp_path, server, clock) as s:
        assert s.amounts == [700]
        await s.read(130, 700)
        await s.look()
        assert (s.amounts, s.told) == ([700], [])
        assert server.asked[-1][:2] == (101, 130)  # the last blocks once more, and none from before it was known


async def test_what_came_before_an_account_was_first_read_is_no_news(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        s.server.logs += [log(99, 1), log(100, 2), log(101, 3)]
        await s.read(100, 3)
        await s.read(110, 3)
        await s.look()
        assert s.amounts == s.told == [3]


async def test_an_account_that_came_later_is_not_told_of_what_it_had(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        await s.look()
        s.server.logs += [log(105, 1, to=OTHER), log(106, 2, index=1), log(112, 3, to=OTHER)]
        s.incoming.note([s.reading(110, 1, of=OTHER)], [])
        await s.read(110, 2)
        await s.look()
        await s.read(120, 2)
        await s.look()
        assert sorted(s.amounts) == sorted(s.told) == [2, 3]
        assert {count for _, _, count in s.server.asked[-1:]} == {2}  # both in one question


async def test_our_own_payments_between_our_accounts_are_not_received_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        ours = own_transfer(NET.id)
        await s.parts.transfers.add(ours, "signed")
        s.server.logs += [
            replace(log(105, 50), sender=OTHER, transaction=ours.transaction),
            log(106, 60),
        ]
        await s.read(110, 110)
        await s.look()
        assert s.amounts == s.told == [60]


async def test_a_block_that_left_the_chain_takes_its_payments_with_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        s.server.logs += [log(104, 40), log(105, 50)]
        await s.read(110)
        await s.look()
        lost = s.server.logs.pop()
        await s.read(120)
        await s.look()
        assert s.amounts == [50, 40]  # left out by a server, but the block stands: a lie proves nothing
        s.server.gone.add(lost.block_hash)
        s.server.logs.append(log(107, 50, branch="b"))
        s.server.logs[-1] = replace(s.server.logs[-1], transaction=lost.transaction)
        await s.read(130)
        await s.look()
        assert sorted((row.amount, row.to_height) for row in s.incoming.all()) == [(40, 104), (50, 107)]
        assert sorted(s.told) == [40, 50]  # the payment that moved to another block is no news
        assert {row.to_height for row in await s.registry.load_logged(9)} == {104, 107}


async def test_ranges_are_halved_until_a_server_answers_and_rounds_are_bounded(tmp_path: Path) -> None:
    async with stage(tmp_path, Logs(most_blocks=100)) as s:
        await s.read(1_000)
        s.server.logs.append(log(1_950, 9))
        await s.read(2_000)
        await s.look()
        assert len(s.server.asked) == ASKS_A_ROUND
        assert [last - first + 1 for first, last, _ in s.server.asked[:5]] == [FIRST_SPAN, 500, 250, 125, 62]
        for _ in range(3):
            await s.look()
        assert s.amounts == [9]


async def test_one_full_block_does_not_slow_down_all_later_looks(tmp_path: Path) -> None:
    async with stage(tmp_path, Logs(most_blocks=1)) as s:
        await s.read(1_000)
        await s.read(5_000)
        for _ in range(4):
            await s.look()  # down to a single block
        s.server.most_blocks = 10**9
        for _ in range(20):
            await s.look()
        scan = s.incoming.scan(NET.id, ME)
        assert scan is not None
        assert scan.through == 5_000


async def test_a_chain_that_began_anew_is_looked_through_from_its_head(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(1_000)
        await s.look()
        await s.read(1_100, chain="0xother")
        s.server.logs.append(log(1_050, 9))
        await s.look()
        assert s.amounts == []
        await s.read(1_110, chain="0xother")
        s.server.logs.append(log(1_105, 8))
        await s.look()
        assert s.amounts == [8]


async def test_nothing_is_asked_while_looking_is_switched_off(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        s.settings.now = Settings(discover=False)
        await s.read(100)
        await s.read(110, 7, before=0)
        await s.look()
        assert (s.server.asked, s.told) == ([], [7])


async def test_a_full_disk_loses_no_payment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        s.server.logs.append(log(105, 700))
        await s.read(110)

        async def full(*_: Any) -> None:  # noqa: ANN401 - stands for any write
            raise StorageFull(name="registry.db")

        with monkeypatch.context() as patch:
            patch.setattr(s.registry, "add_logged", full)
            await s.look()
            assert s.amounts == []
        await s.look()
        assert s.amounts == s.told == [700]


async def test_a_token_in_no_list_is_asked_once_and_judged_and_shown_as_no_balance(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        s.server.words[NEW.reference] = Asset(NEW, "PEPPER", "Pepper", 18, AssetOrigin.BY_HAND)
        await s.read(100)
        s.server.logs += [log(105, 70, asset=NEW), log(106, 80, asset=NEW)]
        await s.read(110)
        await s.look()
        await s.look()
        (found,) = s.tokens.of(NET.id)
        assert found.words is not None
        assert (found.words.symbol, found.words.origin) == ("PEPPER", AssetOrigin.DISCOVERED)
        assert s.server.described == [NEW.reference]
        assert s.tokens.reasons(NEW) == ()
        assert sorted(s.amounts) == [70, 80]
        assert s.told == []  # whoever makes tokens must not reach a person by notices
        await s.tokens.take(NEW)
        assert s.shelf.held[-1].symbol == "PEPPER"
        assert s.tokens.of(NET.id) == ()
        s.server.logs.append(log(120, 90, asset=NEW))
        await s.read(125)
        await s.look()
        assert s.told == [90]


async def test_spam_is_out_of_sight_with_its_reason_and_nobody_is_told(tmp_path: Path) -> None:
    fake = AssetId(NET.id, "erc20", "0x" + "e" * 40)
    mute = AssetId(NET.id, "erc20", "0x" + "f" * 40)
    async with stage(tmp_path) as s:
        s.server.words[fake.reference] = Asset(fake, "U\u0405DC", "USD Coin", 6, AssetOrigin.BY_HAND)
        await s.read(100)
        s.server.logs += [log(105, 0), log(106, 10**9, asset=fake), log(107, 5, asset=mute), log(108, 33)]
        await s.read(110)
        await s.look()
        why = {row.amount: s.tokens.suspicion(row) for row in s.incoming.all()}
        assert {amount: reason and reason.kind for amount, reason in why.items()} == {
            0: SuspicionKind.ZERO_VALUE,
            10**9: SuspicionKind.LOOK_ALIKE,
            5: SuspicionKind.UNREADABLE,
            33: None,
        }
        assert s.told == [33]


async def test_a_hidden_token_stays_hidden_after_a_restart_and_comes_back_when_asked(tmp_path: Path) -> None:
    server = Logs(words={NEW.reference: Asset(NEW, "PEPPER", "Pepper", 18, AssetOrigin.BY_HAND)})
    clock = FakeClock()
    async with stage(tmp_path, server, clock) as s:
        await s.read(100)
        server.logs.append(log(105, 70, asset=NEW))
        await s.read(110)
        await s.look()
        await s.tokens.hide(NEW)
    async with stage(tmp_path, server, clock) as s:
        (row,) = s.incoming.all()
        reason = s.tokens.suspicion(row)
        assert reason is not None
        assert reason.kind is SuspicionKind.UNWANTED
        assert s.tokens.of(NET.id)[0].state is FoundState.HIDDEN
        await s.tokens.hide(NEW, hidden=False)
        assert s.tokens.suspicion(row) is None


async def test_a_flood_of_made_up_tokens_fills_neither_memory_nor_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_wallet.services.found_tokens.MOST_FOUND", 3)
    monkeypatch.setattr("desktop_wallet.registry.receipts.MOST_WORTHLESS", 4)
    async with stage(tmp_path) as s:
        await s.read(100)
        s.server.logs.append(log(195, 700))
        for n in range(40):
            made_up = AssetId(NET.id, "erc20", f"0x{n % 20:040x}")
            s.server.logs.append(log(102 + n, 5, asset=made_up))
        await s.read(200, 700, before=0)
        await s.look()
        assert len(await s.registry.load_found_tokens()) == 3
        kept = await s.registry.load_logged(100)
        assert sum(row.asset != USDC.id for row in kept) == 4
        assert [row.amount for row in kept if row.asset == USDC.id] == [700]
        assert s.told == [700]


async def test_a_server_that_does_not_describe_a_token_is_asked_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        s.server.words[NEW.reference] = Asset(NEW, "PEPPER", "Pepper", 18, AssetOrigin.BY_HAND)
        await s.read(100)
        s.server.logs.append(log(105, 70, asset=NEW))
        await s.read(110)
        await s.look()
        s.server.described.clear()
        await s.tokens._keep([replace(s.tokens.of(NET.id)[0], described=False, words=None)])
        s.server.down = True
        await s.tokens.describe(NET.id)
        assert s.tokens.of(NET.id)[0].words is None
        s.server.down = False
        await s.tokens.describe(NET.id)
        assert s.tokens.of(NET.id)[0].words is not None


async def test_a_token_whose_balance_moved_is_looked_for_in_a_moment(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.read(100)
        s.server.logs.append(log(105, 700))
        s.incoming.on_moved = s.discovery.look_soon
        await s.read(110, 700, before=0)
        await until(lambda: s.told == [700])


def own_transfer(of: NetworkId) -> Transfer:
    """Return a payment of ours from one account of ours to another."""
    return signed(network=of, sender=OTHER, recipient=ME, asset=USDC.id, amount=50)
