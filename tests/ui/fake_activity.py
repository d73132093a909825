"""A session with transfers in every state, for the tests of the Activity page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import Asset, AssetId
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import NotAllowed
from desktop_wallet.core.fees import Speed
from desktop_wallet.core.networks import Family
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.receipts import LogTrace, Received
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.core.spam import Suspicion, SuspicionKind
from desktop_wallet.core.transfers import (
    Ahead,
    Draft,
    Fee,
    Step,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
    advance,
)
from tests.ui.fake_session import FakeCatalogue, FakeSession, FakeTransferBook, small_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.networks import NetworkId
    from tests.fakes.clock import FakeClock

FRIEND = Address(Family.EVM, "0x52908400098527886e0f7030069857d2e4169ee8")
ETH = 10**18
_S = TransferState
_MINED_AT = 21_884_320


class KnowingCatalogue(FakeCatalogue):
    """As the real one, it raises KeyError for an asset that it does not know."""

    @override
    def asset(self, asset: AssetId, /) -> Asset:
        found = next((known for known in self._assets.get(asset.network, ()) if known.id == asset), None)
        if found is None:
            raise KeyError(asset)
        return found


class FakeTransfers(FakeTransferBook):
    def __init__(self) -> None:
        super().__init__()
        self.held: dict[TransferId, Transfer] = {}

    @override
    def all(self) -> tuple[Transfer, ...]:
        return tuple(reversed(self.held.values()))

    def get(self, transfer: TransferId, /) -> Transfer:
        return self.held[transfer]

    def siblings(self, transfer: Transfer, /) -> tuple[Transfer, ...]:
        return tuple(t for t in self.held.values() if t.slot == transfer.slot and t.id != transfer.id)


@dataclass(slots=True)
class FakeSending:
    session: ActivitySession
    asked: list[tuple[object, ...]] = field(default_factory=list)
    again: TransferState = TransferState.BROADCAST
    in_doubt: bool = False

    async def send_again(self, transfer: TransferId) -> Transfer:
        self.asked.append(("send again", transfer))
        return self.session.step(transfer, self.again)

    async def draft_faster(self, transfer: TransferId) -> tuple[Draft, Speed]:
        self.asked.append(("faster", transfer))
        if self.in_doubt:
            raise NotAllowed(why="in-doubt")
        return replace(self.session.book.get(transfer).draft, replaces=transfer), Speed.FAST

    async def draft_cancel(self, transfer: TransferId) -> tuple[Draft, Speed]:
        self.asked.append(("cancel", transfer))
        draft = self.session.book.get(transfer).draft
        cancel = replace(draft, recipient=draft.sender, amount=0, kind=TransferKind.CANCEL, replaces=transfer)
        return cancel, Speed.FAST

    async def close_by_hand(self, transfer: TransferId) -> Transfer:
        self.asked.append(("close", transfer))
        return self.session.change(transfer, closed=True)

    async def note(self, transfer: TransferId, text: str) -> Transfer:
        self.asked.append(("note", transfer, text))
        return self.session.change(transfer, note=text.strip())


@dataclass(slots=True)
class FakeSettling:
    looks: int = 0
    ahead: Ahead = field(default_factory=Ahead)

    def look_now(self) -> None:
        self.looks += 1

    def ahead_of(self, transfer: Transfer) -> Ahead:
        return self.ahead


@dataclass(slots=True)
class FakeIncoming:
    came: list[Received] = field(default_factory=list)
    known: dict[NetworkId, int] = field(default_factory=dict)

    def all(self) -> tuple[Received, ...]:
        return tuple(self.came)

    def known_from(self, network: NetworkId) -> int | None:
        return self.known.get(network)


@dataclass(slots=True)
class FakeFoundTokens:
    """What tokens in no list call themselves, and which payments are suspected."""

    called: dict[AssetId, Asset] = field(default_factory=dict)
    why: dict[AssetId, Suspicion] = field(default_factory=dict)
    imitations: dict[AssetId, Asset] = field(default_factory=dict)
    asked: list[tuple[str, AssetId]] = field(default_factory=list)

    def suspicion(self, received: Received, /) -> Suspicion | None:
        return self.why.get(received.asset) or (None if received.amount else EMPTY)

    def words(self, asset: AssetId, /) -> Asset | None:
        return self.called.get(asset)

    def imitated(self, asset: Asset, /) -> Asset | None:
        return self.imitations.get(asset.id)

    async def take(self, asset: AssetId) -> None:
        self.asked.append(("take", asset))

    async def hide(self, asset: AssetId, *, hidden: bool = True) -> None:
        self.asked.append(("hide" if hidden else "show", asset))


@dataclass(slots=True)
class FakeDiscovery:
    logs: set[NetworkId] = field(default_factory=set)
    looks: int = 0

    def follows_logs(self, network: NetworkId) -> bool:
        return network in self.logs

    def look_now(self) -> None:
        self.looks += 1


EMPTY = Suspicion(SuspicionKind.ZERO_VALUE)


class ActivitySession(FakeSession):
    """A session whose transfers are put in by hand."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        small = small_session(clock)
        super().__init__(small.clock)
        self.accounts = small.accounts
        self.catalogue = KnowingCatalogue()
        self.catalogue.__dict__.update(small.catalogue.__dict__)
        self.transfers = self.book = FakeTransfers()
        self.sending = FakeSending(self)
        self.settling = FakeSettling()
        self.incoming = FakeIncoming()
        self.found_tokens = FakeFoundTokens()
        self.discovery = FakeDiscovery()

    def send(
        self,
        *states: TransferState,
        nonce: int = 0,
        attempt: int = 0,
        network: int = 0,
        asset: int = 0,
        amount: int = ETH // 4,
        ago_s: float = 0.0,
        **other: Any,  # noqa: ANN401 - fields of the draft or of the transfer
    ) -> Transfer:
        """Hold a transfer that went through these states after Signed; mined in one block for all."""
        on = self.catalogue.networks()[network]
        assets = self.catalogue.assets(on.id)
        number = len(self.book.held)
        now_s = self.clock.now().wall_s - ago_s
        sender = self.accounts.accounts()[0].address
        draft = Draft(on.id, sender, FRIEND, assets[asset].id, amount)
        fields = {name: other.pop(name) for name in ("recipient", "kind", "replaces") if name in other}
        transfer = Transfer(
            TransferId(f"t{number}"),
            replace(draft, **fields),
            TransactionId(f"0x{number + 1:064x}"),
            b"signed",
            nonce,
            attempt,
            Fee(assets[0].id, 21_000 * 10**10, 21_000 * 2 * 10**10),
            _S.SIGNED,
            (Step(_S.QUOTED, now_s - 9, 21_884_300, "ethereum.example"), Step(_S.SIGNED, now_s)),
        )
        for state in states:
            transfer = _stepped(transfer, state, now_s + 2)
        transfer = replace(transfer, **other)
        self.book.held[transfer.id] = transfer
        return transfer

    def step(self, transfer: TransferId, state: TransferState) -> Transfer:
        """Have a transfer go one step, and tell the window."""
        before = self.book.get(transfer)
        if before.state is not state:
            self._put(_stepped(before, state, self.clock.now().wall_s))
        return self.book.get(transfer)

    def change(self, transfer: TransferId, **fields: Any) -> Transfer:  # noqa: ANN401 - fields of the transfer
        """Change a transfer, and tell the window."""
        self._put(replace(self.book.get(transfer), **fields))
        return self.book.get(transfer)

    def receive(self, amount: int = ETH, *, from_height: int | None = 120, to_height: int | None = 131) -> Received:
        """Have an amount of the first asset come in to the second account."""
        key = self.key(1, 0, 0)
        now_s = self.clock.now().wall_s
        came = Received(key.network, key.address, key.asset, amount, from_height, to_height, now_s, "ethereum.example")
        self.incoming.came.insert(0, came)
        self.tell(ChangeSet(received=True))
        return came

    def receive_logged(self, amount: int = ETH, *, asset: AssetId | None = None, block: int = 140) -> Received:
        """Have a contract log that a stranger paid a token to the second account."""
        key = self.key(1, 0, 1)
        trace = LogTrace(FRIEND, TransactionId(f"0x{block:064x}"), 0, f"0x{block + 1:064x}")
        now_s = self.clock.now().wall_s
        came = Received(
            key.network, key.address, asset or key.asset, amount, block, block, now_s, "ethereum.example", trace
        )
        self.incoming.came.insert(0, came)
        self.tell(ChangeSet(received=True))
        return came

    def tell_catalogue(self) -> None:
        """Tell the window that networks or assets changed."""
        self.tell(ChangeSet(catalogue=True))

    def _put(self, transfer: Transfer) -> None:
        self.book.held[transfer.id] = transfer
        self.tell(ChangeSet(transfers=frozenset({transfer.id})))


def at(number: int = _MINED_AT) -> Height:
    return Height(HeightKind.BLOCK, number, f"0x{number:064x}", None, 1_790_000_000)


def _stepped(transfer: Transfer, state: TransferState, at_s: float) -> Transfer:
    mined = state in (_S.CONFIRMED, _S.FAILED, _S.REPLACED)
    host = "" if state is _S.UNKNOWN else "ethereum.example"
    return advance(
        transfer,
        Step(state, at_s, _MINED_AT if mined else None, host),
        block=at() if mined else None,
        fee_paid=21_000 * 9 * 10**9 if mined and state is not _S.REPLACED else None,
        final=False,
    )


def every_state(session: ActivitySession) -> Sequence[Transfer]:
    """Put a transfer of every state into a session, the newest last."""
    sent = session.send
    done: dict[str, Any] = {"settled": at(_MINED_AT + 2)}
    return (
        sent(_S.BROADCAST, _S.CONFIRMED, _S.FINALIZED, nonce=1, ago_s=400_000, **done, final=True, note="Rent, May"),
        sent(_S.BROADCAST, _S.CONFIRMED, nonce=2, network=1, asset=1, amount=1_250_000_000, ago_s=90_000, **done),
        sent(_S.BROADCAST, _S.FAILED, nonce=3, ago_s=7_000, asset=1, amount=90_000_000, **done),
        sent(_S.BROADCAST, _S.REPLACED, nonce=4, ago_s=5_000, amount=3 * ETH),
        sent(_S.BROADCAST, _S.CONFIRMED, nonce=4, attempt=1, ago_s=4_900, amount=3 * ETH, **done),
        sent(_S.BROADCAST, _S.REPLACED, nonce=5, ago_s=4_000, amount=2 * ETH),
        sent(
            _S.BROADCAST,
            _S.CONFIRMED,
            nonce=5,
            attempt=1,
            ago_s=3_900,
            amount=0,
            kind=TransferKind.CANCEL,
            recipient=session.accounts.accounts()[0].address,
            **done,
        ),
        sent(_S.BROADCAST, _S.REPLACED, nonce=6, ago_s=3_000),
        sent(_S.BROADCAST, _S.DROPPED, nonce=7, ago_s=2_000, network=2, amount=512 * ETH + 300_100_000_000_000_000),
        sent(_S.UNKNOWN, nonce=8, ago_s=1_500, closed=True),
        sent(_S.UNKNOWN, nonce=9, ago_s=300),
        sent(_S.BROADCAST, _S.CONFIRMED, nonce=10, ago_s=40, recipient=session.accounts.accounts()[1].address),
        sent(_S.BROADCAST, nonce=11, ago_s=14, amount=1_234_567_890_123_456_789),
        sent(nonce=12, ago_s=1),
    )
