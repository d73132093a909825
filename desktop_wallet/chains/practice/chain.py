"""A practice network: speaks JSON-RPC in process, grows with the clock, and does what the tour asks of it.

It is no evidence for how real networks behave: the same tests run against anvil, which is.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import json
from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.blocks import AGE_AT_BIRTH_BLOCKS, Blocks
from desktop_wallet.chains.practice.ledger import Ledger
from desktop_wallet.chains.practice.rpc import GAS_PRICE_WEI, TRANSFER_GAS, Receipt, Rpc
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout, EndpointUnreachable
from desktop_wallet.core.instants import Clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_wallet.chains.practice.worlds import PracticeWorld

_RETRY_AFTER_S = 8.0
_TIMEOUT_S = 10.0


class PracticeFault(enum.Enum):
    """What can be made to go wrong with an answer."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    """At once: what is waited for is only said."""
    RATE_LIMITED = "rate-limited"
    REFUSED = "refused"
    """Every call is answered with an error."""
    EMPTY = "empty"
    """Every contract answers with nothing."""
    NONSENSE = "nonsense"
    """The answer is cut in the middle."""


class PracticeChain:
    """One practice network. `answer` is the whole server; the other methods are the hands that work it.

    `outage` makes it unreachable while set. `delay_s` is added to every answer, on top of a seeded latency of
    `latency_s` (shortest, longest). `sleep` is how it waits.
    """

    def __init__(
        self,
        world: PracticeWorld,
        clock: Clock,
        *,
        seed: int = 1,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        latency_s: tuple[float, float] = (0.05, 0.2),
    ) -> None:
        self.world = world
        self.outage = False
        self.delay_s = 0.0
        self.answered = 0
        self._seed = f"{world.chain_id}/{seed}"
        self._sleep = sleep
        self._latency_s = latency_s
        self._faults: list[PracticeFault] = []
        self._ledger = Ledger()
        self._receipts: dict[str, Receipt] = {}
        self._newcomers: list[str] = []
        self._blocks = Blocks(clock, world.block_time_s, self._seed)
        self._rpc = Rpc(world, self._blocks, self._ledger, self._receipts)
        self._dripped = AGE_AT_BIRTH_BLOCKS

    @property
    def host(self) -> str:
        """Return the host under which the wallet knows it."""
        return self.world.network.endpoints[0].host

    @property
    def height(self) -> int:
        """Return the number of the newest block."""
        return self._blocks.head

    async def answer(self, body: bytes) -> bytes:
        """Return the reply to a JSON-RPC request or batch; raises the NetworkFailure it was told to."""
        self.answered += 1
        shortest, longest = self._latency_s
        wait_s = self.delay_s + shortest + (longest - shortest) * self._draw(f"latency/{self.answered}", 1000) / 1000
        if wait_s:
            await self._sleep(wait_s)
        fault = self._faults.pop(0) if self._faults else None
        if self.outage or fault is PracticeFault.UNREACHABLE:
            raise EndpointUnreachable(host=self.host, problem="connect")
        if fault is PracticeFault.TIMEOUT:
            raise EndpointTimeout(host=self.host, after_s=_TIMEOUT_S)
        if fault is PracticeFault.RATE_LIMITED:
            raise EndpointRateLimited(host=self.host, retry_after_s=_RETRY_AFTER_S)
        self._drip()
        reply = json.dumps(
            self._rpc.reply(_request(body), refuse=fault is PracticeFault.REFUSED, empty=fault is PracticeFault.EMPTY),
            separators=(",", ":"),
        ).encode()
        return reply[: len(reply) // 2] if fault is PracticeFault.NONSENSE else reply

    def fail_next(self, fault: PracticeFault, times: int = 1) -> None:
        """Let the next answers go wrong."""
        self._faults.extend([fault] * times)

    def stand_still(self) -> None:
        """Stop making blocks: the head grows old."""
        self._drip()
        self._blocks.stop()

    def go_on(self) -> None:
        """Make blocks again."""
        self._blocks.go_on()

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by others at the same heights."""
        self._drip()
        self._blocks.reorganise(depth)

    def welcome(self, address: Address) -> None:
        """Give an address the newcomer's gift, at once; one that had it already gets nothing more."""
        self._drip()
        account = address.text
        if self._ledger.knows(account):
            return
        self._newcomers.append(account)
        head = self._blocks.head
        self._ledger.give(head, None, account, self.world.gift_wei)
        for token in self.world.tokens:
            self._ledger.give(head, token.address, account, token.gift)

    def transfer(self, sender: Address, recipient: Address, amount: int, token: str | None = None) -> str:
        """Return the hash of a transaction that moves play money in the next block; ValueError if there is too little.

        `amount` in base units of the coin, or of the token at that address. The sender pays a fee in the coin.
        """
        self._drip()
        source, target, block = sender.text, recipient.text, self._blocks.head + 1
        gas = TRANSFER_GAS if token is None else 2 * TRANSFER_GAS
        fee_wei = gas * GAS_PRICE_WEI
        needed_wei = fee_wei + (amount if token is None else 0)
        if amount < 0 or self._ledger.newest(None, source) < needed_wei:
            raise ValueError("not that much play money")
        self._ledger.take(block, token, source, amount)
        self._ledger.take(block, None, source, fee_wei)
        self._ledger.give(block, token, target, amount)
        nonce = self._ledger.count_transaction(block, source)
        receipt = Receipt(self._digest(f"transaction/{source}/{nonce}"), block, source, target, amount, token, gas)
        self._receipts[receipt.hash] = receipt
        return receipt.hash

    def _drip(self) -> None:
        """Let the faucet do what it has done since somebody last looked: one newcomer after the other gets a little."""
        every = self.world.drip_every_blocks
        head = self._blocks.head
        first = self._dripped // every + 1
        self._dripped = max(head, self._dripped)
        if not self._newcomers:
            return
        drips: list[tuple[str | None, int]] = [(None, self.world.drip_wei)]
        drips += [(token.address, token.drip) for token in self.world.tokens if token.drip]
        for turn in range(first, head // every + 1):
            token, most = drips[turn % len(drips)]
            account = self._newcomers[turn // len(drips) % len(self._newcomers)]
            share = 1 + self._draw(f"drip/{turn}", most)
            self._ledger.give(turn * every, token, account, share)

    def _digest(self, label: str) -> str:
        return "0x" + hashlib.blake2b(f"{self._seed}/{label}".encode(), digest_size=32).hexdigest()

    def _draw(self, label: str, below: int) -> int:
        """Return a seeded number from 0 to below − 1, the same in every run."""
        return int(self._digest(label), 16) % below


def _request(body: bytes) -> object:
    """Return what the body says; None, which is no request, where it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None
