"""A chain with branches, servers that each see a part of it, and answers that travel: the truth and its witnesses.

Every block that ever was stays in the model, with the balances after it, so that any number can be held against the
chain it claims to be from. A server has a view of its own: it may lag, stand still or follow another branch. Without
heights (`Kind.UNORDERED`) each server is a replica that learns of payments in its own time.
"""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from desktop_wallet.chains.adapter import Acknowledgement, Delivery, ReadBatch, failure_of
from desktop_wallet.core.balances import Reading, ReadMethod
from desktop_wallet.core.errors import EndpointTimeout, NoEndpointLeft
from desktop_wallet.core.fees import FeeChoices, GasFee, Speed, market_prices
from desktop_wallet.core.positions import Height, HeightKind, Unordered
from desktop_wallet.core.quotes import Code, CodeKind, Movement, Outcome, Quote, SimulationMethod
from desktop_wallet.core.sightings import Presence, Seen, Sighting
from desktop_wallet.core.signing import TransactionId
from tests.fakes.model_chain import BASE_FEE_WEI, GAS, ModelChain, Payment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from desktop_wallet.chains.adapter import Mined, ReadRequest, Wanted
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.positions import Position
    from desktop_wallet.core.signing import SignedTransaction
    from desktop_wallet.core.transfers import Draft
    from tests.fakes.clock import FakeClock

RICH = 10**12
"""What every address has in the first block."""
FINAL_DEPTH = 12
"""Blocks; as much time as a head may be old before a number is Stale."""


class Kind(enum.Enum):
    """What a position says on this chain."""

    HEIGHTS = "heights"
    SLOTS = "slots"
    UNORDERED = "unordered"


@dataclass(frozen=True, eq=False)
class Node:
    """A block on some branch, and all that is true after it."""

    number: int
    hash: str
    parent: Node | None
    time_s: int
    genesis: str
    payments: tuple[Payment, ...] = ()

    @cached_property
    def ids(self) -> frozenset[str]:
        """Return every payment up to here."""
        before = self.parent.ids if self.parent else frozenset()
        return before | {payment.id for payment in self.payments} if self.payments else before

    @cached_property
    def _changes(self) -> dict[str, tuple[int, int]]:
        changes = dict(self.parent._changes) if self.parent else {}
        for payment in self.payments:
            for address, change, sent in (
                (payment.sender, -payment.value - payment.fee, 1),
                (payment.to, payment.value, 0),
            ):
                had, count = changes.get(address, (0, 0))
                changes[address] = (had + change, count + sent)
        return changes

    def balance(self, address: str) -> int:
        return RICH + self._changes.get(address, (0, 0))[0]

    def count(self, address: str) -> int:
        """Return how many transactions of an address stand up to here."""
        return self._changes.get(address, (0, 0))[1]

    def line(self) -> Iterator[Node]:
        """Yield this block and those below it."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def at(self, number: int) -> Node | None:
        """Return the block of this branch at a height."""
        return next((node for node in self.line() if node.number == number), None)

    def stands_on(self, other: Node) -> bool:
        """Return whether `other` is this block or one below it."""
        return self.at(other.number) is other


@dataclass
class View:
    """One server: the block it has got to, and what it does."""

    tip: Node
    follows: bool = True
    lag: int = 0
    down: bool = False
    swallows: bool = False
    """Says that it took a transaction, and forgets it."""
    proves: bool = True
    """Tells which block it was that it read at."""
    pool: dict[TransactionId, Payment] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """What a server said, and when it said it: `at_s` on a clock that nobody sets.

    `asked` is how long the story was when the question left the wallet.
    """

    host: str
    node: Node
    at_s: float
    asked: int


class BranchingChain(ModelChain):
    """The chain, its servers, and the adapter before them. `slow` holds every message back until it is let go."""

    def __init__(self, network: Network, clock: FakeClock, kind: Kind) -> None:
        self._network = network
        self._clock = clock
        self.kind = kind
        self.commitment = "confirmed"
        self.slow = False
        self.travelling: list[asyncio.Future[bool]] = []
        self.served: list[Served] = []
        """Every answer with numbers; readings carry its index in `batch`, a field that the engine only passes on."""
        self.given: dict[TransactionId, Payment] = {}
        """All that was ever handed to a server, with the most it may take."""
        self.nodes: dict[str, Node] = {}
        self.story: list[str] = []
        self.lost = 0
        self.turned = False
        """Whether a number may ever have been of another branch, another chain or another commitment."""
        self._passed_s = 0.0
        self._last_boot_s = clock.boot_s
        self._genesis = 0
        self._made = 0
        self.order = [endpoint.host for endpoint in network.endpoints]
        self.tip = self._first()
        self.views = {host: View(self.tip) for host in self.order}
        self.mine(6)

    # What a history does

    @override
    def mine(self, blocks: int = 1, *, take: bool = True) -> None:
        for _ in range(0 if self.kind is Kind.UNORDERED else blocks):
            self.tip = self._block(self.tip, self._waiting() if take else ())
        for view in self.views.values():
            view.pool = {i: p for i, p in view.pool.items() if self.tip.count(p.sender) <= p.nonce}
        self.sync()

    @override
    def reorg(self, depth: int, *, lose: bool = False) -> None:
        """Put a longer branch of empty blocks in the place of the newest ones."""
        self.turned = True
        gone = self._below(self.tip, depth)
        lost = [payment for node in self.tip.line() if node.number > gone.number for payment in node.payments]
        self.tip = gone
        for _ in range(depth + 1):
            self.tip = self._block(self.tip, ())
        if not lose:
            for view in self.views.values():
                view.pool |= {payment.id: payment for payment in lost}
        self.sync()

    def begin_anew(self) -> None:
        """Begin another chain under the same name, lower than this one."""
        self.turned = True
        self.tip = self._first()
        for view in self.views.values():
            view.tip = self.tip
            view.pool.clear()
        self.mine(1)

    def sync(self) -> None:
        """Let every server that follows get to where it stands behind the newest block."""
        for view in self.views.values():
            if view.follows and self.kind is Kind.UNORDERED:
                missing = [p for p in self._all_payments() if p.id not in view.tip.ids]
                view.tip = self._block(view.tip, missing) if missing else view.tip
            elif view.follows:
                to = self._below(self.tip, view.lag)
                if to.genesis != view.tip.genesis or to.number > view.tip.number or not view.tip.stands_on(to):
                    view.tip = to

    def fall_behind(self, host: str, blocks: int) -> None:
        """Let a server stand that many blocks behind, from now on."""
        view = self.views[host]
        view.lag, view.tip = blocks, self._below(self.tip, blocks)

    def pay_from_outside(self, sender: str, to: str, value: int) -> None:
        """Let somebody pay without this wallet."""
        self._made += 1
        first = self.views[self.order[0]]
        if self.kind is Kind.UNORDERED:
            first.tip = self._block(first.tip, (self._from_outside(sender, to, value, first.tip),))
            return
        payment = self._from_outside(sender, to, value, self.tip)
        for view in self.views.values():
            view.pool[payment.id] = payment

    def _from_outside(self, sender: str, to: str, value: int, at: Node) -> Payment:
        name = TransactionId(f"0xoutside{self._made}")
        return Payment(name, sender, at.count(sender), to, value, GAS * 10**4)

    def let_go(self, which: int, *, arrives: bool) -> None:
        """Let one message arrive, or be lost."""
        message = self.travelling.pop(which)
        self.lost += not arrives
        if not message.done():
            message.set_result(arrives)

    @property
    def well(self) -> bool:
        """Return whether every server is up and at the newest block, and always was on this chain."""
        views = self.views.values()
        return not self.turned and all(not view.down and view.tip is self.tip for view in views)

    @property
    def now_s(self) -> float:
        """Return the seconds since the model began, through every restart of the wallet."""
        passed = self._clock.boot_s - self._last_boot_s
        return self._passed_s + passed

    def note_restart(self) -> None:
        """Go on counting time when the clock of a new run begins."""
        self._passed_s = self.now_s
        self._clock.restart(f"run-{len(self.story)}")
        self._last_boot_s = self._clock.boot_s

    def tell(self, what: str) -> None:
        self.story.append(f"{self.now_s:8.1f} s  {what}")

    # What the adapter does

    @override
    async def read_balances(self, request: ReadRequest) -> AsyncIterator[ReadBatch]:
        started, asked = self._clock.now(), len(self.story)
        host = self._best(request.avoid)
        if await self._travels() and host is not None and not self.views[host].down:
            batch = self._answer(request, host, ReadMethod.MULTICALL, asked)
            if await self._travels():
                yield _arrived(batch, started, self._clock)
                return
        fault, now = EndpointTimeout(host=host or "all", after_s=10.0), self._clock.now()
        yield ReadBatch(failures=tuple(failure_of(key, fault, now) for key in request.keys))

    @override
    async def read_settled(self, request: ReadRequest, mined: Sequence[Mined], *, at_least: int) -> ReadBatch | None:
        started, asked = self._clock.now(), len(self.story)
        if self.kind is Kind.UNORDERED or not await self._travels():
            return None
        for host in self.order:
            view = self.views[host]
            stands = all((node := view.tip.at(each.block.number)) and self._stands(node, each.block) for each in mined)
            if not view.down and stands and view.tip.number >= at_least:
                batch = self._answer(request, host, ReadMethod.PINNED, asked)
                return _arrived(batch, started, self._clock) if await self._travels() else None
        return None

    @override
    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        host = self._best(avoid)
        if not await self._travels() or host is None or self.views[host].down or height.hash is None:
            return None
        node = self.views[host].tip.at(height.number)
        answer = None if node is None else node.hash == height.hash
        return answer if await self._travels() else None

    @override
    async def quote(self, draft: Draft) -> Quote:
        started = self._clock.now()
        host = next((host for host in self.order if not self.views[host].down), None)
        if host is None or not await self._travels():
            raise NoEndpointLeft(network=self._network.id, last=EndpointTimeout(host="all", after_s=10.0))
        view = self.views[host]
        prices = market_prices([BASE_FEE_WEI, BASE_FEE_WEI], [[1, 2, 3]])
        fees = [
            GasFee(speed, price, GAS, GAS, BASE_FEE_WEI)
            for speed, price in zip((Speed.SLOW, Speed.NORMAL, Speed.FAST), prices, strict=True)
        ]
        used = view.tip.count(draft.sender.text)
        waiting = sum(1 for p in view.pool.values() if p.sender == draft.sender.text)
        moves = (
            Movement(draft.sender, draft.asset, -draft.amount),
            Movement(draft.recipient, draft.asset, draft.amount),
        )
        return Quote(
            draft,
            FeeChoices(*fees),
            used,
            used + waiting,
            Code(CodeKind.NONE),
            Code(CodeKind.NONE),
            Outcome(SimulationMethod.SIMULATE, True, GAS, moves),
            self._block_position(view.tip),
            host,
            started,
        )

    @override
    async def broadcast(self, signed: SignedTransaction) -> AsyncIterator[Delivery]:
        read = self.decode(signed.raw)
        sender = read.draft.sender.text
        payment = Payment(
            signed.id, sender, read.nonce, read.draft.recipient.text, read.draft.amount, GAS * BASE_FEE_WEI
        )
        self.given[signed.id] = replace(payment, fee=read.fee_most)
        for host in tuple(self.order):
            arrived = await self._travels()
            view = self.views[host]
            if not arrived or view.down:
                yield Delivery(host, Acknowledgement.UNANSWERED)
                continue
            swallows = view.swallows and self.kind is not Kind.UNORDERED  # there nobody else could be believed
            known = swallows or self._accept(host, payment, read.fee_most)
            self.tell(f"{host} {'took' if known else 'refused'} {signed.id[:8]}{' and forgot it' * swallows}")
            if not await self._travels():
                yield Delivery(host, Acknowledgement.UNANSWERED)
            else:
                yield Delivery(host, Acknowledgement.TAKEN if known else Acknowledgement.REFUSED, "nonce too low")

    @override
    async def look_up(self, wanted: Sequence[Wanted], *, everywhere: bool = False) -> tuple[Sighting, ...]:
        hosts = [host for host in self.order if not self.views[host].down]
        if self.kind is Kind.UNORDERED or not await self._travels():
            return ()
        seen = tuple(self._sight(host, wanted) for host in (hosts if everywhere else hosts[:1]))
        return seen if await self._travels() else ()

    @override
    def _sight(self, host: str, wanted: Sequence[Wanted]) -> Sighting:
        view = self.views[host]
        seen = {}
        for want in wanted:
            found = next(
                (
                    Seen(Presence.MINED, self._block_position(node), True, payment.fee)
                    for node in view.tip.line()
                    for payment in node.payments
                    if payment.id == want.transaction
                ),
                None,
            )
            waits = want.transaction in view.pool
            seen[want.transaction] = found or Seen(Presence.WAITING if waits else Presence.ABSENT)
        standing = {
            want.block.hash: node.hash == want.block.hash
            for want in wanted
            if want.block is not None and want.block.hash is not None and (node := view.tip.at(want.block.number))
        }
        used = {want.sender: view.tip.count(want.sender.text) for want in wanted}
        final = max(view.tip.number - FINAL_DEPTH, 0)
        return Sighting(host, self._block_position(view.tip), final, seen, used, standing)

    @override
    def endpoint_statuses(self) -> tuple[object, ...]:
        return tuple(_Status(host) for host in self.order)

    # Within

    async def _travels(self) -> bool:
        """Return whether a message arrives; in its own time."""
        if not self.slow:
            return True
        message = asyncio.get_running_loop().create_future()
        self.travelling.append(message)
        try:
            return bool(await message)
        finally:
            if message in self.travelling:
                self.travelling.remove(message)

    def _best(self, avoid: frozenset[str]) -> str | None:
        return next((host for host in self.order if host not in avoid), None)

    def _answer(self, request: ReadRequest, host: str, method: ReadMethod, asked: int) -> ReadBatch:
        view = self.views[host]
        node = view.tip
        if self.kind is Kind.SLOTS and self.commitment == "finalized" and method is ReadMethod.MULTICALL:
            node = self._below(node, 2)
        self.served.append(Served(host, node, self.now_s, asked))
        number = len(self.served) - 1
        self.tell(f"{host} answered #{number} at {node.hash}: {[node.balance(k.address.text) for k in request.keys]}")
        now = self._clock.now()
        readings = [
            Reading(
                key,
                node.balance(key.address.text),
                18,
                self._position(node, key.address.text, proved=view.proves or method is ReadMethod.PINNED),
                host,
                method,
                number,
                now,
                now,
                request.seq,
                request.registry,
                None if self.kind is Kind.UNORDERED else node.genesis,
            )
            for key in request.keys
        ]
        return ReadBatch(tuple(readings))

    def _position(self, node: Node, address: str, *, proved: bool) -> Position:
        if self.kind is Kind.UNORDERED:
            return Unordered(str(node.count(address)))
        if self.kind is Kind.SLOTS:
            return Height(HeightKind.SLOT, node.number, None, None, node.time_s, self.commitment)
        return replace(self._block_position(node), hash=node.hash if proved else None)

    def _block_position(self, node: Node) -> Height:
        if self.kind is Kind.SLOTS:
            return Height(HeightKind.SLOT, node.number, node.hash, None, node.time_s, "confirmed")
        return Height(HeightKind.BLOCK, node.number, node.hash, node.parent.hash if node.parent else None, node.time_s)

    def _stands(self, node: Node, block: Height) -> bool:
        return self.kind is Kind.SLOTS or node.hash == block.hash

    def _accept(self, host: str, payment: Payment, most: int) -> bool:
        view = self.views[host]
        if self.kind is Kind.UNORDERED:
            if view.tip.count(payment.sender) == payment.nonce:
                view.tip = self._block(view.tip, (payment,))
            return payment.id in view.tip.ids
        rivals = [p for p in view.pool.values() if (p.sender, p.nonce) == (payment.sender, payment.nonce)]
        dearer = all(self.given[p.id].fee < most for p in rivals if p.id in self.given)
        if payment.id not in view.pool and dearer and payment.nonce >= view.tip.count(payment.sender):
            for rival in rivals:
                del view.pool[rival.id]
            view.pool[payment.id] = payment
        return payment.id in view.pool

    def _waiting(self) -> list[Payment]:
        taken: list[Payment] = []
        waiting = {p.id: p for view in self.views.values() for p in view.pool.values()}
        used: dict[str, int] = {}
        for payment in sorted(waiting.values(), key=lambda p: (p.nonce, -p.fee, p.id)):
            nonce = used.get(payment.sender, self.tip.count(payment.sender))
            spent = sum(p.value + p.fee for p in taken if p.sender == payment.sender)
            if payment.nonce == nonce and self.tip.balance(payment.sender) >= spent + payment.value + payment.fee:
                taken.append(payment)
                used[payment.sender] = nonce + 1
        return taken

    def _all_payments(self) -> list[Payment]:
        known = {p.id: p for view in self.views.values() for node in view.tip.line() for p in node.payments}
        return sorted(known.values(), key=lambda p: (p.nonce, p.id))

    def _first(self) -> Node:
        self._genesis += 1
        return self._keep(Node(0, f"g{self._genesis}", None, int(self._clock.wall_s), f"genesis-{self._genesis}"))

    def _block(self, on: Node, payments: Sequence[Payment]) -> Node:
        self._made += 1
        name = f"{on.number + 1}.{self._made}"
        return self._keep(Node(on.number + 1, name, on, int(self._clock.wall_s), on.genesis, tuple(payments)))

    def _keep(self, node: Node) -> Node:
        self.nodes[node.hash] = node
        return node

    @staticmethod
    def _below(node: Node, blocks: int) -> Node:
        for _ in range(blocks):
            node = node.parent or node
        return node


def _arrived(batch: ReadBatch, started: Instant, clock: FakeClock) -> ReadBatch:
    """Return the batch as the adapter hands it on: begun before the request left, ended when the answer came."""
    ended = clock.now()
    return ReadBatch(tuple(replace(reading, started=started, ended=ended) for reading in batch.readings))


@dataclass(frozen=True)
class _Status:
    host: str
    rate_limited_for_s: float = 0.0
