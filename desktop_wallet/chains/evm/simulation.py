"""How a transaction would end, tried out on a server: by `eth_simulateV1`, or where that is missing by `eth_call`.

Both are asked in one batch, so that a server without the first costs no second request. What a contract emits is its
own claim: a movement names the contract, and only of that contract's asset.

Source: execution-apis (`eth_simulateV1`, whose transfers of the coin are logs of 0xeeee…eeee), ERC-20, ERC-721,
ERC-1155; Solidity, "Error handling" (`Error(string)`, `Panic(uint256)`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.evm import abi
from desktop_wallet.chains.evm.movements import movements_of
from desktop_wallet.chains.evm.wire import gave_up, value_of
from desktop_wallet.core.assets import clean_label
from desktop_wallet.core.errors import MalformedReply
from desktop_wallet.core.quotes import Outcome, SimulationMethod
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError, clean_message, hex_data, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.net.json_rpc import Result

SIMULATE = "eth_simulateV1"
_MAX_RESULT_BYTES = 64 * 1024
_REASON_LENGTH = 200
_GAS_BITS = 63
_ERROR = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_SELECTOR = 4
_TRUE = (1).to_bytes(32, "big")
_POOR = ("insufficient funds", "insufficient balance", "sender balance", "account balance", "outoffund", "out of fund")
_REVERTED = "execution reverted"


def simulation_calls(transaction: dict[str, str]) -> tuple[Call, ...]:
    """Return what to ask: the gas, the simulation, and the call that serves where there is no simulation."""
    simulated = {"blockStateCalls": [{"calls": [transaction]}], "traceTransfers": True, "validation": False}
    return (
        Call("eth_estimateGas", (transaction,)),
        Call(SIMULATE, (simulated, "latest")),
        Call("eth_call", (transaction, "latest")),
    )


def understand_simulation(
    results: Sequence[Result], coin: AssetId, token: AssetId | None, host: str
) -> tuple[Outcome, int | None]:
    """Return how it would end, and how much gas it takes (None if it fails), from the answers to `simulation_calls`.

    `token` is set where an ERC-20's `transfer` is called: that fails too if it answers with false. Raises
    UntrustedReply, EndpointRefused, EndpointRateLimited.
    """
    gas = _estimate(results[0], host)
    outcome = _simulated(results[1], coin, token, host)
    if outcome is None:
        outcome = _called(results[2], token, gas, host)
    if isinstance(gas, str):
        if outcome.succeeds:
            # One of the two is wrong, and a wallet does not bet on the better one.
            outcome = Outcome(outcome.method, succeeds=False, gas_used=outcome.gas_used, reason=gas)
        return outcome, None
    return outcome, gas


def _estimate(result: Result, host: str) -> int | str:
    """Return the gas that it takes, or why it fails."""
    if isinstance(result, RpcError) and _is_outcome(result):
        return _words(result)
    return hex_quantity(value_of(result, host), host, _GAS_BITS)


def _simulated(result: Result, coin: AssetId, token: AssetId | None, host: str) -> Outcome | None:
    """Return what the simulation says, None where the server does not know how."""
    method = SimulationMethod.SIMULATE
    if isinstance(result, RpcError):
        return Outcome(method, succeeds=False, gas_used=0, reason=_words(result)) if _is_outcome(result) else None
    call = _only(_only(result.value, host).get("calls"), host)
    gas_used = hex_quantity(call.get("gasUsed"), host, _GAS_BITS)
    returned = hex_data(call.get("returnData"), host, _MAX_RESULT_BYTES)
    if hex_quantity(call.get("status"), host, 1):
        movements = movements_of(call.get("logs"), coin, token, host)
        if token is not None and not _is_taken(returned):
            return Outcome(method, succeeds=False, gas_used=gas_used)
        return Outcome(method, succeeds=True, gas_used=gas_used, movements=movements)
    error = call.get("error")
    told = error if isinstance(error, dict) else {}
    return Outcome(
        method,
        succeeds=False,
        gas_used=gas_used,
        reason=_reason(returned)
        or _reason(_revert_data(told.get("data")))
        or _plain(clean_message(told.get("message"))),
    )


def _called(result: Result, token: AssetId | None, gas: int | str, host: str) -> Outcome:
    method = SimulationMethod.CALL
    if isinstance(result, RpcError) and _is_outcome(result):
        return Outcome(method, succeeds=False, gas_used=0, reason=_words(result))
    returned = hex_data(value_of(result, host), host, _MAX_RESULT_BYTES)
    gas_used = gas if isinstance(gas, int) else 0
    return Outcome(method, succeeds=token is None or _is_taken(returned), gas_used=gas_used)


def _is_outcome(error: RpcError) -> bool:
    """Return whether the error tells how the transaction would end, and not that the server cannot tell."""
    if error.is_rate_limit or error.code == NO_ANSWER:
        return False
    words = error.message.lower()
    return gave_up(error) or any(sign in words for sign in _POOR)


def _is_taken(returned: bytes) -> bool:
    """Return whether a token's `transfer` went through: true, or nothing as with many old tokens."""
    return not returned or returned == _TRUE


def _words(error: RpcError) -> str:
    return _reason(_revert_data(error.data)) or _plain(error.message)


def _plain(message: str) -> str:
    """Return a server's words without go-ethereum's before a contract's, which say nothing by themselves."""
    return message.removeprefix(_REVERTED).removeprefix(": ")[:_REASON_LENGTH]


def _revert_data(value: object) -> bytes:
    if not isinstance(value, str):
        return b""
    try:
        return hex_data(value, "", _MAX_RESULT_BYTES)
    except MalformedReply:
        # Beside an error anything may stand: some servers put words there.
        return b""


def _reason(returned: bytes) -> str:
    """Return a contract's own words for giving up, cleaned; empty where it has none."""
    selector, argument = returned[:_SELECTOR], returned[_SELECTOR:]
    if selector == _ERROR:
        return clean_label(abi.decode_text(argument), limit=_REASON_LENGTH) if len(argument) >= 2 * len(_TRUE) else ""
    number = abi.decode_uint(argument)
    return f"Panic(0x{number:02x})"[:_REASON_LENGTH] if selector == _PANIC and number is not None else ""


def _only(value: object, host: str) -> dict[str, object]:
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise MalformedReply(host=host, problem="simulation")
    only: dict[str, object] = value[0]
    return only
