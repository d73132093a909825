"""Payments that logs tell of: each once, none of our own, and none of blocks that are gone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from desktop_wallet.chains.adapter import LogAnswer, LogRefusal
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, native_asset
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod, RegistryId
from desktop_wallet.core.errors import EndpointTimeout, InvalidToken, StorageFull
from desktop_wallet.core.networks import Family
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.receipts import FoundState, Received, TransferLog
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.core.spam import SuspicionKind
from desktop_wallet.services.discovery import ASKS_A_ROUND, FIRST_SPAN, Discovery
from desktop_wallet.services.found_tokens import FoundTokens
from desktop_wallet.services.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, engine, network, until
from tests.fakes.transfers import signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from desktop_wallet.chains.adapter import ChainAdapter
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.adapters import Adapters
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.incoming import Incoming
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.settings import SettingsKeeper

NET = network()
ME, OTHER = ADDRESSES[:2]
STRANGER = Address(Family.EVM, "0x" + "9" * 40)
COIN = native_asset(NET)
USDC = Asset(AssetId(NET.id, "erc20", "0x" + "c" * 40), "USDC", "USD Coin", 6, AssetOrigin.LIST)
NEW = AssetId(NET.id, "erc20", "0x" + "d" * 40)


def log(
    block: int, amount: int = 5, *, asset: AssetId = USDC.id, to: Address = ME, index: int = 0, branch: str = "a"
) -> TransferLog:
    """Return a log; the transaction is one a block, whatever branch has it."""
    block_hash = f"0x{branch}{block:063x}"
    return TransferLog(asset, STRANGER, to, amount, TransactionId(f"0x{block:064x}"), index, block, block_hash)


@dataclass
class Logs:
    """A network's server: what it logged, how it refuses, and what its contracts say of themselves."""

    network: Network = NET
    logs: list[TransferLog] = field(default_factory=list)
    head: int = 10**9
    most_blocks: int = 10**9
    without_logs: bool = False
    down: bool = False
    gone: set[str] = field(default_factory=set)
    words: dict[str, Asset] = field(default_factory=dict)
    asked: list[tuple[int, int, int]] = field(default_factory=list)
    described: list[str] = field(default_factory=list)

    async def transfers_to(self, addresses: Sequence[Address], first: int, last: int) -> LogAnswer:
        self.asked.append((first, last, len(addresses)))
        if self.down:
            raise EndpointTimeout(host="server0.example", after_s=10.0)
        if self.without_logs:
            return LogAnswer(refusal=LogRefusal.NO_LOGS)
        if last - first >= self.most_blocks:
            return LogAnswer(refusal=LogRefusal.TOO_MUCH)
        through = min(last, self.head)
        found = tuple(e for e in self.logs if first <= e.block <= through and e.recipient in addresses)
        return LogAnswer(found, through, "server0.example")

    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        return height.hash not in self.gone

    async def describe_token(self, reference: str) -> Asset:
        self.described.append(reference)
        if self.down:
            raise EndpointTimeout(host="server0.example", after_s=10.0)
        if reference not in self.words:
            raise InvalidToken(network=NET.id, address=reference, problem="no-decimals")
        return self.words[reference]


class Shelf:
    """The catalogue as discovery sees it."""

    def __init__(self) -> None:
        self.version = 1
        self.chosen = True
        self.held: list[Asset] = [COIN, USDC]

    def networks(self) -> tuple[Network, ...]:
        return (NET,)

    def assets(self, of: NetworkId) -> tuple[Asset, ...]:
        return tuple(asset for asset in self.held if asset.id.network == of)

    async def add_token(self, asset: Asset) -> None:
        self.held.append(replace(asset, origin=AssetOrigin.BY_HAND))
        self.version += 1


@dataclass
class Stage:
    """The parts a test works with."""

    clock: FakeClock
    server: Logs
    shelf: Shelf
    settings: SimpleNamespace
    parts: SessionParts
    discovery: Discovery
    tokens: FoundTokens
    came: list[Received]

    @property
    def incoming(self) -> Incoming:
        return self.parts.incoming

    @property
    def registry(self) -> Registry:
        return self.parts.registry

    async def read(self, height: int, amount: int = 0, *, before: int | None = None, chain: str = "0xgenesis") -> None:
        """Let a reading of our USDC arrive; `before` is the amount that was held at the height before it."""
        self.clock.advance(12)
        after = self.reading(height, amount, chain)
        moved = [] if before is None else [(self.reading(height - 10, before, chain), after)]
        self.incoming.note([after], moved)
        await self.kept()

    def reading(self, height: int, amount: int, chain: str) -> Reading:
        now = self.clock.now()
        key = BalanceKey(NET.id, ME, USDC.id)
        at = Height(HeightKind.BLOCK, height, f"0x{height:x}")
        return Reading(key, amount, 6, at, "s.example", ReadMethod.MULTICALL, 1, now, now, 0, RegistryId("r"), chain)

    async def look(self) -> None:
        await self.discovery.look(NET.id)
        await self.kept()

    async def kept(self) -> None:
        await self.incoming.stop()
        await until(lambda: not self.parts.feed._scheduled)

    @property
    def amounts(self) -> list[int]:
        """Return what Activity shows, newest first."""
        return [row.amount for row in self.incoming.all()]

    @property
    def told(self) -> list[int]:
        """Return what a person was told of."""
        return [row.amount for row in self.came]


@asynccontextmanager
async def stage(folder: Path, server: Logs | None = None, clock: FakeClock | None = None) -> AsyncIterator[Stage]:
    clock = clock or FakeClock()
    server = server or Logs()
    async with engine(folder, clock=clock, networks=(NET,), addresses=ADDRESSES[:2]) as e:
        shelf = Shelf()
        adapters = SimpleNamespace(of=lambda _: cast("ChainAdapter", server))
        parts = replace(e.parts, adapters=cast("Adapters", adapters))
        await parts.transfers.load(parts.slicer)
        await parts.incoming.load()
        accounts = SimpleNamespace(
            accounts=lambda: [SimpleNamespace(address=address, hidden=False) for address in (ME, OTHER)]
        )
        settings = SimpleNamespace(now=Settings())
        tokens = FoundTokens(parts, cast("Catalogue", shelf), {NET.id: (USDC,)})
        await tokens.load()
        discovery = Discovery(parts, cast("Accounts", accounts), cast("SettingsKeeper", settings), tokens)
        parts.incoming.on_moved = lambda _: None  # a test says when somebody looks
        came: list[Received] = []
        parts.feed.subscribe(lambda changes: came.extend(changes.came))
        try:
            yield Stage(clock, server, shelf, settings, parts, discovery, tokens, came)
        finally:
            await discovery.stop()
            await parts.incoming.stop()


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
