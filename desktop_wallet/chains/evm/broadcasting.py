"""Handing a signed transaction to servers, and finding out what each made of it.

A server's yes counts only with our own id, its no only after a look at what it has: "already known" can be about
another transaction, and "nonce too low" about this very one, mined a moment ago.

Source: execution-apis (`eth_sendRawTransaction`, `eth_getTransactionByHash`). The words of errors are not standard.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import Acknowledgement, Delivery
from desktop_wallet.chains.evm.line import Question, always
from desktop_wallet.chains.evm.wire import ANOTHER_TRANSACTION, block_hash, transaction_of, value_of
from desktop_wallet.core.errors import ContradictoryReply, EndpointRefused, NoEndpointLeft
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from desktop_wallet.chains.evm.line import Line
    from desktop_wallet.core.signing import SignedTransaction, TransactionId
    from desktop_wallet.net.json_rpc import Result

_SERVERS = 3
"""One can drop it, one can be slow: the third makes both together harmless. More learn no more than our address."""
_PATIENCE_S = 25.0
"""For one server: two requests at the longest, and a little to wait for its rate limit."""


async def broadcast(line: Line, signed: SignedTransaction) -> AsyncGenerator[Delivery, None]:
    """Yield what each of the best servers made of the transaction, as the answers come; never raises for a network.

    Who stops listening stops what is still under way.
    """
    hosts = line.pool.hosts[:_SERVERS]
    answers: asyncio.Queue[Delivery] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_hand_over(line, host, signed, answers)) for host in hosts]
        try:
            for _ in hosts:
                yield await answers.get()
        except GeneratorExit:
            for task in tasks:
                task.cancel()
            return  # the group would wrap it in a group of errors


async def _hand_over(line: Line, host: str, signed: SignedTransaction, answers: asyncio.Queue[Delivery]) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            delivery = await _deliver(line, host, signed)
    except TimeoutError:
        delivery = Delivery(host, Acknowledgement.UNANSWERED)
    except NoEndpointLeft as error:
        last = error.data.get("last")
        another = isinstance(last, ContradictoryReply) and last.data.get("problem") == ANOTHER_TRANSACTION
        delivery = Delivery(host, Acknowledgement.UNANSWERED, ANOTHER_TRANSACTION if another else "")
    answers.put_nowait(delivery)


async def _deliver(line: Line, host: str, signed: SignedTransaction) -> Delivery:
    """Return what the server made of it; raises NoEndpointLeft where nothing that can be understood came back."""
    given = Question(
        always(Call("eth_sendRawTransaction", (f"0x{signed.raw.hex()}",))),
        lambda results, host: _refusal(results[0], signed.id, host),
    )
    try:
        refusal = (await line.ask(given, user_asked=True, only=host)).value
    except NoEndpointLeft as error:
        # Some servers say with the HTTP status that they do not want a transaction, or have it already.
        if isinstance(error.data.get("last"), EndpointRefused) and await _has(line, host, signed.id):
            return Delivery(host, Acknowledgement.TAKEN)
        raise
    if refusal is None or await _has(line, host, signed.id):
        return Delivery(host, Acknowledgement.TAKEN, "" if refusal is None else refusal.message)
    return Delivery(host, Acknowledgement.REFUSED, refusal.message)


def _refusal(result: Result, transaction: TransactionId, host: str) -> RpcError | None:
    """Return the server's error, None if it named our id; raises UntrustedReply, EndpointRateLimited."""
    if isinstance(result, RpcError) and not result.is_rate_limit and result.code != NO_ANSWER:
        return result
    if block_hash(value_of(result, host), host) != transaction:
        raise ContradictoryReply(host=host, problem=ANOTHER_TRANSACTION)
    return None


async def _has(line: Line, host: str, transaction: TransactionId) -> bool:
    """Return whether the server shows the transaction under our id; raises NoEndpointLeft."""

    def understand(results: Sequence[Result], host: str) -> bool:
        return transaction_of(value_of(results[0], host), transaction, host) is not None

    question = Question(always(Call("eth_getTransactionByHash", (transaction,))), understand)
    return (await line.ask(question, user_asked=True, only=host)).value
