"""A practice network: speaks JSON-RPC in process, grows with the clock, and does what the tour asks of it.

It is no evidence for how real networks behave: the same tests run against anvil, which is.
"""

from __future__ import annotations

import asyncio
import enum
import json
from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.execution import TRANSFER_GAS
from desktop_wallet.chains.practice.refusals import Refused
from desktop_wallet.chains.practice.rpc import Rpc
from desktop_wallet.chains.practice.state import Dice, State
from desktop_wallet.chains.practice.transactions import DYNAMIC_FEE, Transaction
from desktop_wallet.chains.practice.worlds import PracticeToken
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout, EndpointUnreachable
from desktop_wallet.core.instants import Clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_wallet.chains.practice.worlds import PracticeWorld

_RETRY_AFTER_S = 8.0
_TIMEOUT_S = 10.0
_TRANSFER = bytes.fromhex("a9059cbb")
"""`transfer(address,uint256)` (ERC-20)"""


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
    UNANSWERED = "unanswered"
    """What was asked for is done, and nothing is answered: a timeout."""


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
        self._sleep = sleep
        self._latency_s = latency_s
        self._faults: list[PracticeFault] = []
        self._state = State(world, clock, Dice(f"{world.chain_id}/{seed}"))
        self._rpc = Rpc(self._state)

    @property
    def host(self) -> str:
        """Return the host under which the wallet knows it."""
        return self.world.network.endpoints[0].host

    @property
    def height(self) -> int:
        """Return the number of the newest block."""
        return self._state.blocks.head

    async def answer(self, body: bytes) -> bytes:
        """Return the reply to a JSON-RPC request or batch; raises the NetworkFailure it was told to."""
        self.answered += 1
        shortest, longest = self._latency_s
        wait_s = (
            self.delay_s
            + shortest
            + (longest - shortest) * self._state.dice.draw(f"latency/{self.answered}", 1000) / 1000
        )
        if wait_s:
            await self._sleep(wait_s)
        fault = self._faults.pop(0) if self._faults else None
        if self.outage or fault is PracticeFault.UNREACHABLE:
            raise EndpointUnreachable(host=self.host, problem="connect")
        if fault is PracticeFault.TIMEOUT:
            raise EndpointTimeout(host=self.host, after_s=_TIMEOUT_S)
        if fault is PracticeFault.RATE_LIMITED:
            raise EndpointRateLimited(host=self.host, retry_after_s=_RETRY_AFTER_S)
        self._state.catch_up()
        reply = json.dumps(
            self._rpc.reply(_request(body), refuse=fault is PracticeFault.REFUSED, empty=fault is PracticeFault.EMPTY),
            separators=(",", ":"),
        ).encode()
        if fault is PracticeFault.UNANSWERED:
            raise EndpointTimeout(host=self.host, after_s=_TIMEOUT_S)
        return reply[: len(reply) // 2] if fault is PracticeFault.NONSENSE else reply

    def fail_next(self, fault: PracticeFault, times: int = 1) -> None:
        """Let the next answers go wrong."""
        self._faults.extend([fault] * times)

    def stand_still(self) -> None:
        """Stop making blocks: the head grows old."""
        self._state.catch_up()
        self._state.blocks.stop()

    def go_on(self) -> None:
        """Make blocks again."""
        self._state.blocks.go_on()

    def hold_back(self) -> None:
        """Make blocks without transactions: what is sent waits."""
        self._state.catch_up()
        self._state.contents.held = True

    def take_again(self) -> None:
        """Put into the next block what waits."""
        self._state.catch_up()
        self._state.contents.held = False

    def drop(self, transaction: str) -> None:
        """Forget a transaction that waits, as if it had never come."""
        self._state.catch_up()
        self._state.pool.drop(transaction)

    def reorganise(self, depth: int, *, lose: bool = False) -> None:
        """Replace the newest blocks by others at the same heights.

        Gifts and drips come again in the same blocks. Transactions wait again, and the next block takes them; with
        `lose` nobody knows them any more.
        """
        self._state.reorganise(depth, lose=lose)

    def raise_fees(self, times: int) -> None:
        """Let gas cost so many times as much as at first, from the next block on; 1 ends that."""
        self._state.catch_up()
        self._state.prices.raise_from(self._state.blocks.head + 1, times)

    def simulates(self, known: bool) -> None:  # noqa: FBT001 - a switch
        """Know `eth_simulateV1`, or be a server that does not, as many are."""
        self._rpc.simulates = known

    def delegate(self, account: Address, contract: Address | None) -> None:
        """Let a contract act for an account (EIP-7702), or none any more."""
        delegates = self._state.contracts.delegates
        delegates.pop(account.text, None)
        if contract is not None:
            delegates[account.text] = contract.text

    def welcome(self, address: Address) -> None:
        """Give an address the newcomer's gift, at once; one that had it already gets nothing more."""
        self._state.catch_up()
        self._state.contents.welcome(address.text)

    def airdrop(
        self, recipient: Address, amount: int, *, symbol: str, name: str, decimals: int = 18, sender: str = ""
    ) -> str:
        """Let a stranger's token log a payment in the next block, and return its contract; what moves is worth nothing.

        The same words make the same contract. A symbol of this network's own makes its real contract log it.
        """
        self._state.catch_up()
        digest = self._state.dice.digest
        own = {token.symbol: token.address for token in self.world.tokens}
        contract = own.get(symbol) or f"0x{digest(f'stranger/{symbol}/{name}')[-40:]}"
        if symbol not in own:
            self._state.contracts.deploy(PracticeToken(contract, symbol, name, decimals, 0, 0))
        place = len(self._state.contents.airdrops)
        self._state.contents.airdrop(
            contract,
            sender or f"0x{digest(f'crowd/{place}')[-40:]}",
            recipient.text,
            amount,
            digest(f"airdrop/{place}"),
        )
        return contract

    def transfer(self, sender: Address, recipient: Address, amount: int, token: str | None = None) -> str:
        """Return the hash of a transaction that moves play money in the next block; ValueError if there is too little.

        `amount` in base units of the coin, or of the token at that address. The sender pays a fee in the coin; nobody
        has to sign.
        """
        self._state.catch_up()
        source, head, prices = sender.text, self._state.blocks.head, self._state.prices
        nonce = self._state.pool.next_nonce(source)
        tip_wei = prices.tip_wei(head)
        transaction = Transaction(
            hash=self._state.dice.digest(f"transaction/{source}/{nonce}/{head}"),
            kind=DYNAMIC_FEE,
            sender=source,
            nonce=nonce,
            to=token or recipient.text,
            value_wei=0 if token else max(amount, 0),
            data=_TRANSFER + bytes.fromhex(recipient.text[2:].rjust(64, "0")) + _word(amount) if token else b"",
            gas=TRANSFER_GAS * (3 if token else 1),
            max_fee_wei=2 * prices.base_fee_wei(head + 1) + tip_wei,
            tip_wei=tip_wei,
        )
        if amount < 0 or self._state.ledger.newest(token, source) < amount:
            raise ValueError("not that much play money")
        try:
            self._state.pool.add(transaction)
        except Refused as refused:
            raise ValueError("not that much play money") from refused
        return transaction.hash


def _request(body: bytes) -> object:
    """Return what the body says; None, which is no request, where it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _word(number: int) -> bytes:
    return max(number, 0).to_bytes(32, "big")
