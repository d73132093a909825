"""All that is asked of a draft before it is signed: one batch to one server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.data_fees import DataFees, data_fee_calls, understand_data_fees
from desktop_wallet.chains.evm.deployed import LARGEST_CODE, code_of
from desktop_wallet.chains.evm.line import Question, always
from desktop_wallet.chains.evm.prices import PRICE_CALLS, Prices, understand_prices
from desktop_wallet.chains.evm.simulation import SIMULATE, simulation_calls, understand_simulation
from desktop_wallet.chains.evm.transactions import call_of
from desktop_wallet.chains.evm.wire import LATEST, Head, check_time, head_of, height_of, value_of
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.errors import ContradictoryReply, EndpointRefused, NoEndpointLeft
from desktop_wallet.core.fees import GAS_HEADROOM_PERCENT, FeeChoices, GasFee, Speed
from desktop_wallet.core.quotes import Code, CodeKind, Outcome, Quote
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError, hex_data, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.evm.line import Line
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.signing import GasPrice
    from desktop_wallet.core.transfers import Draft
    from desktop_wallet.net.json_rpc import Result

PLAIN_TRANSFER_GAS = 21_000
"""What moving the coin to an account without code takes (Yellow Paper, G_transaction)."""
_UNTOLD_GAS = 100_000
"""For a call that fails, so that nobody can say what it takes: it is not signed as it is."""
_MOST_GAS = 2**26
"""No transfer takes as much: Ethereum ends at 2^24 (EIP-7825), Arbitrum's gas has the data's cost in it."""
_GAS_BITS = 63
_NONCE_BITS = 48
"""No account ever sent as many; the next one has to fit into the registry, and into a transaction (EIP-2681)."""
_SIMULATION = slice(6, 9)
_CANNOT = RpcError(-32601, "")
"""Method not found (JSON-RPC 2.0)."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the server said, understood."""

    head: Head
    used_nonces: int
    waiting_nonces: int
    sender_code: Code
    recipient_code: Code
    outcome: Outcome
    fees: FeeChoices


async def quote(line: Line, clock: Clock, draft: Draft) -> Quote:
    """Return fees, nonces, codes and the outcome, all from one server; raises NoEndpointLeft."""
    inquiry = _Inquiry(line.network, draft, clock)
    try:
        heard = await line.ask(inquiry.question(), user_asked=True)
    except NoEndpointLeft as error:
        # A gateway may refuse a whole request for one method in it that is not in its plan.
        last = error.data.get("last")
        if not isinstance(last, EndpointRefused) or "status" not in last.data:
            raise
        heard = await line.ask(inquiry.question(simulates=False), user_asked=True)
    told = heard.value
    return Quote(
        draft,
        told.fees,
        told.used_nonces,
        told.waiting_nonces,
        told.sender_code,
        told.recipient_code,
        told.outcome,
        height_of(told.head),
        heard.host,
        heard.started,
    )


class _Inquiry:
    """The questions about one draft, and what the answers mean."""

    def __init__(self, network: Network, draft: Draft, clock: Clock) -> None:
        self._network = network
        self._draft = draft
        self._clock = clock
        self._carried = call_of(network, draft)
        self._token = None if draft.asset.is_native else draft.asset

    def question(self, *, simulates: bool = True) -> Question[_Told]:
        """Return what to ask; without `simulates` as if the server had said that it cannot."""
        calls = self._calls()
        if simulates:
            return Question(always(*calls), self._understand, lambda told: told.head.number)
        left_out = calls.index(next(call for call in calls if call.method == SIMULATE))

        def understand(results: Sequence[Result], host: str) -> _Told:
            return self._understand([*results[:left_out], _CANNOT, *results[left_out:]], host)

        asked = always(*calls[:left_out], *calls[left_out + 1 :])
        return Question(asked, understand, lambda told: told.head.number)

    def _calls(self) -> tuple[Call, ...]:
        draft, carried = self._draft, self._carried
        transaction = {"from": draft.sender.text, "to": carried.to.text, "value": hex(carried.value_wei)}
        if carried.data:
            transaction["data"] = f"0x{carried.data.hex()}"
        return (
            LATEST,
            Call("eth_getTransactionCount", (draft.sender.text, "latest")),
            Call("eth_getTransactionCount", (draft.sender.text, "pending")),
            *(_code(address) for address in (draft.sender, draft.recipient, carried.to)),
            *simulation_calls(transaction),
            *PRICE_CALLS,
            *data_fee_calls(self._network, carried),
        )

    def _understand(self, results: Sequence[Result], host: str) -> _Told:
        """Return what the answers say; raises UntrustedReply, EndpointRefused, EndpointRateLimited."""
        block = value_of(results[0], host)
        head = head_of(block, host)
        check_time(head.time_s, self._clock.now(), host)
        assert isinstance(block, dict)  # noqa: S101 - `head_of` takes nothing else
        used = hex_quantity(value_of(results[1], host), host, _NONCE_BITS)
        waiting = _waiting_nonces(results[2], used, host)
        sender, recipient, called = (
            code_of(hex_data(value_of(result, host), host, LARGEST_CODE)) for result in results[3:6]
        )
        coin = native_asset(self._network).id
        outcome, gas = understand_simulation(results[_SIMULATION], coin, self._token, host)
        if self._token is not None and called.kind is CodeKind.NONE:
            # A call of nothing succeeds, and moves nothing.
            outcome = Outcome(outcome.method, succeeds=False, gas_used=outcome.gas_used)
        start = _SIMULATION.stop
        prices = understand_prices(
            results[start : start + len(PRICE_CALLS)], block.get("baseFeePerGas"), self._network, host
        )
        data_fees = understand_data_fees(results[start + len(PRICE_CALLS) :], self._network, host)
        most = hex_quantity(block.get("gasLimit"), host, _GAS_BITS)
        if gas is not None:
            # Never less than what the simulation used, nor than any transaction takes.
            gas = max(gas, outcome.gas_used, PLAIN_TRANSFER_GAS)
            if gas > min(most, _MOST_GAS):
                raise ContradictoryReply(host=host, problem="gas")
        fees = self._fees(prices, data_fees, gas, min(most, _MOST_GAS), recipient)
        return _Told(head, used, waiting, sender, recipient, outcome, fees)

    def _fees(self, prices: Prices, data_fees: DataFees, gas: int | None, most: int, recipient: Code) -> FeeChoices:
        expected = gas
        if expected is None:
            expected = _UNTOLD_GAS if self._carried.data or recipient.kind is not CodeKind.NONE else PLAIN_TRANSFER_GAS
        limit = expected
        if not self._is_exact(expected, recipient):
            raised = (expected * (100 + GAS_HEADROOM_PERCENT) + 99) // 100
            limit = max(min(raised, most), expected)

        def fee(speed: Speed, price: GasPrice) -> GasFee:
            return GasFee(
                speed,
                price,
                gas_limit=limit,
                gas_expected=expected,
                base_fee_wei=prices.base_fee_wei,
                data_fee_wei=data_fees.likely_wei(expected),
                data_fee_most_wei=data_fees.most_wei(limit),
            )

        slow, normal, fast = prices.speeds
        return FeeChoices(fee(Speed.SLOW, slow), fee(Speed.NORMAL, normal), fee(Speed.FAST, fast))

    def _is_exact(self, gas: int, recipient: Code) -> bool:
        """Return whether the transfer takes that gas whatever happens until it is mined.

        By the server's own number, and not by rule alone: precompiled contracts have no code and take more, and so
        does every transfer where the data is paid in gas.
        """
        return not self._carried.data and recipient.kind is CodeKind.NONE and gas == PLAIN_TRANSFER_GAS


def _waiting_nonces(result: Result, used: int, host: str) -> int:
    """Return the count with what waits in the pool; what is mined where a server shows no pool."""
    if isinstance(result, RpcError) and not result.is_rate_limit and result.code != NO_ANSWER:
        return used
    return max(used, hex_quantity(value_of(result, host), host, _NONCE_BITS))


def _code(address: Address) -> Call:
    return Call("eth_getCode", (address.text, "latest"))
