"""A chain of one coin as its servers see it: a model small enough to be right, with every way in which servers err.

It stands behind the services as one network's adapter. What it lacks (real bytes, real gas) is what anvil is for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import (
    Acknowledgement,
    DecodedTransaction,
    Delivery,
    Mined,
    ReadBatch,
    ReadRequest,
    Wanted,
    failure_of,
)
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import Reading, ReadMethod
from desktop_wallet.core.errors import EndpointTimeout, NoEndpointLeft
from desktop_wallet.core.fees import FeeChoices, GasFee, Speed, market_prices
from desktop_wallet.core.networks import Family, Network
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.quotes import Code, CodeKind, Movement, Outcome, Quote, SimulationMethod
from desktop_wallet.core.sightings import Presence, Seen, Sighting
from desktop_wallet.core.signing import (
    EvmTransaction,
    MarketPrice,
    SignedTransaction,
    SignTransaction,
    TransactionId,
    UnsignedTransaction,
)
from desktop_wallet.core.transfers import Draft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tests.fakes.clock import FakeClock

GAS = 21_000
BASE_FEE_WEI = 1_000
FINAL_DEPTH = 6


@dataclass(frozen=True)
class Payment:
    """What the bytes of this chain say."""

    id: TransactionId
    sender: str
    nonce: int
    to: str
    value: int
    fee: int


@dataclass
class Server:
    """One server: how many blocks it lags, and what goes wrong with it."""

    lag: int = 0
    deaf: bool = False
    """Takes what it is given and never answers."""
    refuses: bool = False
    """Answers a broadcast with an error although it passes it on."""
    swallows: bool = False
    """Says that it took a transaction, and forgets it."""
    down: bool = False
    pool: dict[TransactionId, Payment] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """A block and what it holds; `hash` differs between branches."""

    number: int
    hash: str
    payments: tuple[Payment, ...]


class ModelChain:
    """The chain, its servers, and the adapter before them. Balances begin at `rich` for every address."""

    def __init__(self, network: Network, clock: FakeClock, *, rich: int = 10**18) -> None:
        self._network = network
        self._clock = clock
        self._rich = rich
        self._branch = 0
        self.blocks = [Block(0, "0xb0", ())]
        self.servers = {endpoint.host: Server() for endpoint in network.endpoints}
        self.broadcasts: deque[TransactionId] = deque()
        self.quotes = 0
        self.gifts: dict[str, int] = {}
        self.mine(10)

    # What a test does

    def mine(self, blocks: int = 1, *, take: bool = True) -> None:
        """Add blocks; the first takes what waits at any server, in the order of nonces."""
        for _ in range(blocks):
            payments: list[Payment] = []
            if take:
                waiting = {p.id: p for server in self.servers.values() for p in server.pool.values()}
                for payment in sorted(waiting.values(), key=lambda p: (p.nonce, -p.fee)):
                    if payment.nonce == self.count(payment.sender, payments=payments):
                        payments.append(payment)
            self._branch += 1
            self.blocks.append(Block(len(self.blocks), f"0xb{self._branch}", tuple(payments)))
            for server in self.servers.values():
                for payment in payments:
                    server.pool = {
                        i: p for i, p in server.pool.items() if (p.sender, p.nonce) != (payment.sender, payment.nonce)
                    }

    def reorg(self, depth: int, *, lose: bool = False) -> None:
        """Replace the newest blocks by empty ones; what they held waits again, or is lost."""
        gone = self.blocks[-depth:]
        del self.blocks[-depth:]
        self.mine(depth, take=False)
        if not lose:
            for server in self.servers.values():
                server.pool |= {p.id: p for block in gone for p in block.payments}

    def forget(self) -> None:
        """Let every server lose what waits with it."""
        for server in self.servers.values():
            server.pool.clear()

    def outside(self, sender: Address, nonce: int) -> None:
        """Let another program use up a nonce."""
        payment = Payment(TransactionId(f"0xoutside{nonce}"), sender.text, nonce, "0xelsewhere", 1, GAS * 10**6)
        next(iter(self.servers.values())).pool[payment.id] = payment

    def count(self, sender: str, upto: int | None = None, payments: Sequence[Payment] = ()) -> int:
        mined = [p for block in self.blocks[: None if upto is None else upto + 1] for p in block.payments]
        return sum(1 for p in (*mined, *payments) if p.sender == sender)

    def paid(self, to: Address) -> int:
        """Return how many payments to an address the chain holds."""
        return sum(1 for block in self.blocks for p in block.payments if p.to == to.text)

    def balance(self, address: str, upto: int | None = None) -> int:
        amount = self._rich + self.gifts.get(address, 0)
        for block in self.blocks[: None if upto is None else upto + 1]:
            for p in block.payments:
                amount += p.value if p.to == address else 0
                amount -= p.value + p.fee if p.sender == address else 0
        return amount

    # What the adapter does

    @property
    def network(self) -> Network:
        return self._network

    async def read_balances(self, request: ReadRequest) -> AsyncIterator[ReadBatch]:
        host = next((h for h, s in self.servers.items() if h not in request.avoid and not s.down), None)
        if host is None:
            fault, now = EndpointTimeout(host="all", after_s=10.0), self._clock.now()
            yield ReadBatch(failures=tuple(failure_of(key, fault, now) for key in request.keys))
            return
        yield self._read(request, host, self._head(host), ReadMethod.MULTICALL)

    async def read_settled(self, request: ReadRequest, mined: Sequence[Mined], *, at_least: int) -> ReadBatch | None:
        for host, server in self.servers.items():
            head = self._head(host)
            blocks = [each.block for each in mined]
            stands = all(b.number <= head and self.blocks[b.number].hash == b.hash for b in blocks)
            stands = stands and all(self.count(each.sender.text, head) > each.nonce for each in mined)
            if not server.down and stands and head >= at_least:
                return self._read(request, host, head, ReadMethod.PINNED)
        return None

    def _read(self, request: ReadRequest, host: str, head: int, method: ReadMethod) -> ReadBatch:
        now = self._clock.now()
        return ReadBatch(
            tuple(
                Reading(
                    key,
                    self.balance(key.address.text, head),
                    18,
                    self._height(head),
                    host,
                    method,
                    len(request.keys),
                    now,
                    now,
                    request.seq,
                    request.registry,
                    "0xgenesis",
                )
                for key in request.keys
            )
        )

    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        return height.number < len(self.blocks) and self.blocks[height.number].hash == height.hash

    async def quote(self, draft: Draft) -> Quote:
        self.quotes += 1
        host = next((h for h, s in self.servers.items() if not s.down), None)
        if host is None:
            raise NoEndpointLeft(network=self._network.id, last=EndpointTimeout(host="all", after_s=10.0))
        head = self._head(host)
        prices = market_prices([BASE_FEE_WEI, BASE_FEE_WEI], [[1, 2, 3]])
        fees = [
            GasFee(speed, price, GAS, GAS, BASE_FEE_WEI)
            for speed, price in zip((Speed.SLOW, Speed.NORMAL, Speed.FAST), prices, strict=True)
        ]
        used = self.count(draft.sender.text, head)
        waiting = sum(1 for p in self.servers[host].pool.values() if p.sender == draft.sender.text)
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
            self._height(head),
            host,
            self._clock.now(),
        )

    def build(self, draft: Draft, fee: GasFee, nonce: int) -> UnsignedTransaction:
        return EvmTransaction(
            int(self._network.id.reference), nonce, draft.recipient, draft.amount, b"", fee.gas_limit, fee.price
        )

    def decode(self, raw: bytes) -> DecodedTransaction:
        said = json.loads(raw)
        draft = Draft(
            self._network.id,
            Address(Family.EVM, said["from"]),
            Address(Family.EVM, said["to"]),
            native_asset(self._network).id,
            said["value"],
        )
        price = MarketPrice(said["max"], said["tip"])
        return DecodedTransaction(draft, said["nonce"], said["gas"], price, said["gas"] * said["max"], _id(raw))

    async def broadcast(self, signed: SignedTransaction) -> AsyncIterator[Delivery]:
        self.broadcasts.append(signed.id)
        for host, server in self.servers.items():
            await asyncio.sleep(0)
            if server.down:
                yield Delivery(host, Acknowledgement.UNANSWERED)
                continue
            read = self.decode(signed.raw)
            sender = read.draft.sender.text
            fresh = read.nonce >= self.count(sender) and not server.swallows
            if fresh:
                rivals = [p for p in server.pool.values() if (p.sender, p.nonce) == (sender, read.nonce)]
                if all(p.fee < read.gas_limit * read.price.most_wei for p in rivals):
                    for rival in rivals:
                        del server.pool[rival.id]
                    server.pool[signed.id] = Payment(
                        signed.id,
                        sender,
                        read.nonce,
                        read.draft.recipient.text,
                        read.draft.amount,
                        GAS * (BASE_FEE_WEI + _tip(read.price)),
                    )
            if server.deaf:
                yield Delivery(host, Acknowledgement.UNANSWERED)
            elif server.refuses:
                yield Delivery(host, Acknowledgement.REFUSED, "internal error")
            else:
                known = signed.id in server.pool or server.swallows
                yield Delivery(host, Acknowledgement.TAKEN if known else Acknowledgement.REFUSED, "nonce too low")

    async def look_up(self, wanted: Sequence[Wanted], *, everywhere: bool = False) -> tuple[Sighting, ...]:
        hosts = [h for h, s in self.servers.items() if not s.down]
        return tuple(self._sight(host, wanted) for host in (hosts if everywhere else hosts[:1]))

    def _sight(self, host: str, wanted: Sequence[Wanted]) -> Sighting:
        head = self._head(host)
        seen = {}
        for want in wanted:
            found = next(
                (
                    Seen(Presence.MINED, self._height(block.number), True, payment.fee)
                    for block in self.blocks[: head + 1]
                    for payment in block.payments
                    if payment.id == want.transaction
                ),
                None,
            )
            waits = want.transaction in self.servers[host].pool
            seen[want.transaction] = found or Seen(Presence.WAITING if waits else Presence.ABSENT)
        standing = {
            want.block.hash: self.blocks[want.block.number].hash == want.block.hash
            for want in wanted
            if want.block is not None and want.block.hash is not None and want.block.number <= head
        }
        used = {want.sender: self.count(want.sender.text, head) for want in wanted}
        return Sighting(host, self._height(head), max(head - FINAL_DEPTH, 0), seen, used, standing)

    def endpoint_statuses(self) -> tuple[object, ...]:
        return tuple(replace(_STATUS, host=host) for host in self.servers)

    def _head(self, host: str) -> int:
        return max(len(self.blocks) - 1 - self.servers[host].lag, 0)

    def _height(self, number: int) -> Height:
        block = self.blocks[number]
        return Height(HeightKind.BLOCK, number, block.hash, None, int(self._clock.wall_s))


class ModelVault:
    """Signs for the model chain; counts what it signed."""

    def __init__(self) -> None:
        self.signed = 0
        self.passwords: list[str | None] = []
        self.on_signing: Callable[[], None] = lambda: None
        """What happens while it signs."""

    async def sign(self, request: SignTransaction, password: str | None = None) -> SignedTransaction:
        await asyncio.sleep(0)
        self.on_signing()
        self.signed += 1
        self.passwords.append(password)
        made = request.transaction
        assert isinstance(made.price, MarketPrice)
        said = {
            "from": request.sender.text,
            "to": made.to.text,
            "value": made.value_wei,
            "nonce": made.nonce,
            "gas": made.gas_limit,
            "max": made.price.max_fee_wei,
            "tip": made.price.max_priority_fee_wei,
        }
        raw = json.dumps(said).encode()
        return SignedTransaction(raw, _id(raw))


def _id(raw: bytes) -> TransactionId:
    return TransactionId("0x" + hashlib.sha256(raw).hexdigest())


def _tip(price: object) -> int:
    assert isinstance(price, MarketPrice)
    return price.max_priority_fee_wei


@dataclass(frozen=True)
class _Status:
    host: str = ""
    rate_limited_for_s: float = 0.0


_STATUS = _Status()
