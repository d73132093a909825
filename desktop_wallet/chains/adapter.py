"""What every family of networks offers to the services.

One adapter serves one network. It never raises for a network's fault while reading: each key it was given comes back
as a Reading or as a ReadFailure, in batches, as they are read. All readings of one batch share one position, which
comes from the same call as the amounts:

- EVM: block height from inside the multicall, its time and parent hash; or pinned to a header fetched first.
- Solana: `context.slot` and the commitment; several token accounts of one owner add up to one balance.
- Fuel: the block height in the same GraphQL document; coins add up to one balance.
- REST without heights: `Unordered`, with the server's record mark.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from desktop_wallet.core.balances import FailureReason, ReadFailure
from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    NetworkFailure,
    NoEndpointLeft,
    Offline,
    UntrustedReply,
    WalletError,
    WrongChain,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.balances import BalanceKey, Reading, RegistryId
    from desktop_wallet.core.fees import GasFee
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Endpoint, Network
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.quotes import Quote
    from desktop_wallet.core.receipts import TransferLog
    from desktop_wallet.core.sightings import Sighting
    from desktop_wallet.core.signing import GasPrice, SignedTransaction, TransactionId, UnsignedTransaction
    from desktop_wallet.core.transfers import Draft
    from desktop_wallet.net.pool import EndpointStatus


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read, all on the adapter's network, each key once.

    `seq` and `registry` are stamped on every reading: the counter before the first request leaves. `user_asked` reads
    go before background ones. `avoid` names hosts that shall not answer (a laggard, or the first witness).
    """

    keys: tuple[BalanceKey, ...]
    seq: int
    registry: RegistryId
    user_asked: bool = False
    avoid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What one call answered: readings at one position, and the keys it gave no number for."""

    readings: tuple[Reading, ...] = ()
    failures: tuple[ReadFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """What a server says of its chain. `chain_hash` is the genesis block's hash; `block_time_s` is measured."""

    reference: str
    chain_hash: str
    height: int
    block_time_s: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """A transaction to look for: its id, whose nonce it uses, and the block it was last seen in."""

    transaction: TransactionId
    sender: Address
    nonce: int
    block: Height | None = None


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction that `told_by` says is mined: its block, and the nonce of `sender` that it used up there."""

    block: Height
    sender: Address
    nonce: int
    told_by: str = ""


class Acknowledgement(enum.Enum):
    """What a server said when it was given a transaction. Nothing it says proves that nobody else has it."""

    TAKEN = "taken"
    """It named our id, or has the very transaction already."""
    REFUSED = "refused"
    """It answered with an error and does not have it."""
    UNANSWERED = "unanswered"
    """Nothing that can be understood came back."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one server made of a broadcast. `words` are the server's own, cleaned: for details and the log, as such."""

    host: str
    acknowledgement: Acknowledgement
    words: str = ""


class BlockSeen(enum.Enum):
    """What a server made of being asked for one block and what is in it."""

    READ = "read"
    """It has the block, and read there."""
    NOT_YET = "not-yet"
    """It has not got so far."""
    ANOTHER = "another"
    """Another block stands there."""
    FORGOTTEN = "forgotten"
    """It has the block and refuses to read there: full nodes keep the state of about 128 blocks."""
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class Witness:
    """What one server said of a block; `batch` only with READ."""

    host: str
    block: BlockSeen
    batch: ReadBatch | None = None


@dataclass(frozen=True, slots=True)
class DecodedTransaction:
    """What signed bytes really say, read back from them: the draft they carry out, and what they may cost at most.

    `draft.replaces` is None and `draft.kind` PAYMENT always: bytes do not know. `fee_most` is without the data fee.
    """

    draft: Draft
    nonce: int
    gas_limit: int
    price: GasPrice
    fee_most: int
    id: TransactionId


class Heads(Protocol):
    """New blocks as a server pushes them. A head proves no balance: it says that one may have changed."""

    async def next(self) -> Height:
        """Return the next head, however long that takes; raises NetworkFailure, UntrustedReply."""
        ...


class LogRefusal(enum.Enum):
    """Why a server told of no transfers."""

    TOO_MUCH = "too-much"
    """More blocks, or more logs, than it answers for at once."""
    NO_LOGS = "no-logs"
    """No server of the network has logs."""


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """The token transfers in a range of blocks up to `through`, in their order; or why there is no answer."""

    logs: tuple[TransferLog, ...] = ()
    through: int = 0
    host: str = ""
    refusal: LogRefusal | None = None
    chain_hash: str | None = None


@runtime_checkable
class ReadsTransferLogs(Protocol):
    """An adapter of a family whose networks log token transfers."""

    async def transfers_to(self, addresses: Sequence[Address], first: int, last: int) -> LogAnswer:
        """Return the token transfers to these addresses in blocks `first` to `last`; NetworkFailure, UntrustedReply."""
        ...


class ChainAdapter(Protocol):
    """One network, seen through its family's code."""

    @property
    def network(self) -> Network:
        """Return the network it serves."""
        ...

    def read_balances(self, request: ReadRequest) -> AsyncIterator[ReadBatch]:
        """Yield batches until every key of the request has its Reading or its ReadFailure."""
        ...

    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        """Return whether the block still stands at its height; None if no server could tell or it has no hash."""
        ...

    async def standing(self, heights: Sequence[Height]) -> Mapping[Height, bool | None]:
        """Return of each block whether it still stands at its height, asked in one batch; None as `is_on_chain`."""
        ...

    def pushes(self, endpoint: Endpoint) -> bool:
        """Return whether that server can be asked to push heads at all."""
        ...

    def heads(self, endpoint: Endpoint) -> AbstractAsyncContextManager[Heads]:
        """Yield the heads that a server pushes, once it has shown its chain; raises NetworkFailure, UntrustedReply."""
        ...

    async def used_addresses(self, addresses: Sequence[Address]) -> Collection[Address]:
        """Return those that have ever sent or that hold the network's coin; raises NetworkFailure, UntrustedReply."""
        ...

    async def contracts(self, addresses: Sequence[Address]) -> Collection[Address]:
        """Return those that are contracts, accounts that only delegate to one not included; raises as above."""
        ...

    async def describe_token(self, reference: str, *, user_asked: bool = True) -> Asset:
        """Return the token at that contract or mint; raises InvalidToken, InvalidAddress, NetworkFailure."""
        ...

    async def identify(self) -> ChainIdentity:
        """Return what the network's servers say of their chain; raises WrongChain, NetworkFailure."""
        ...

    async def quote(self, draft: Draft) -> Quote:
        """Return fees, nonces, codes and the simulated outcome, all from one batch to one server.

        An amount beyond the balance, or a contract that gives up, is an Outcome that does not succeed, and no error.
        Raises NetworkFailure, UntrustedReply.
        """
        ...

    def build(self, draft: Draft, fee: GasFee, nonce: int) -> UnsignedTransaction:
        """Return the transaction that carries out the draft, for the signer."""
        ...

    def decode(self, raw: bytes) -> DecodedTransaction:
        """Return what signed bytes say, by another way than they were made; ValueError if they are no transfer."""
        ...

    def broadcast(self, signed: SignedTransaction) -> AsyncIterator[Delivery]:
        """Hand the transaction to several servers at once and yield what each made of it, as the answers come.

        (An iterator, so that one server that never answers keeps nobody waiting who has the answer of another.)

        Never raises for a network's fault. "Already known" is TAKEN only if that server shows it under our id.
        """
        ...

    async def look_up(self, wanted: Sequence[Wanted], *, everywhere: bool = False) -> tuple[Sighting, ...]:
        """Return what the best server says of transactions, or every server; those that do not answer are missing."""
        ...

    async def read_settled(self, request: ReadRequest, mined: Sequence[Mined], *, at_least: int) -> ReadBatch | None:
        """Return readings pinned to a header of that height or above, from a server on which all of it is mined.

        On that server every block stands and every nonce is used up at the header; whoever told of a transaction is
        asked last. None where no server has got there yet, or one that has gainsays it.
        """
        ...

    async def witnesses(self, request: ReadRequest, at: Height) -> tuple[Witness, ...]:
        """Return what servers not in `request.avoid` say of the keys at that block, up to the first that read there.

        Never raises for a network's fault; empty where there is no such server.
        """
        ...

    def endpoint_statuses(self) -> tuple[EndpointStatus, ...]:
        """Return how each endpoint does, best first."""
        ...


_REASONS: tuple[tuple[type[WalletError], FailureReason], ...] = (
    (WrongChain, FailureReason.WRONG_CHAIN),
    (UntrustedReply, FailureReason.UNTRUSTED),
    (EndpointTimeout, FailureReason.TIMEOUT),
    (EndpointRateLimited, FailureReason.RATE_LIMITED),
    (EndpointRefused, FailureReason.REFUSED),
    (EndpointUnreachable, FailureReason.UNREACHABLE),
    (Offline, FailureReason.OFFLINE),
)


def failure_of(key: BalanceKey, error: NetworkFailure | UntrustedReply, at: Instant) -> ReadFailure:
    """Return the failure to show for a key when a whole call failed with that error."""
    last = error.data.get("last") if isinstance(error, NoEndpointLeft) else None
    cause = last if isinstance(last, WalletError) else error
    reason = next((r for kind, r in _REASONS if isinstance(cause, kind)), FailureReason.UNREACHABLE)
    after = cause.data.get("after_s", cause.data.get("retry_after_s"))
    return ReadFailure(
        key,
        reason,
        at,
        host=str(cause.data.get("host", "")),
        after_s=float(after) if isinstance(after, int | float) else None,
    )
