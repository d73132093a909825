"""The JSON-RPC methods of a practice network that are about payments: try one, hand one in, see what became of it.

Source: ethereum/execution-apis (also for `eth_simulateV1`); errors and the logs of coins as go-ethereum writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_wallet.chains.practice.execution import Call, Effect
from desktop_wallet.chains.practice.logs import TRANSFER_TOPIC
from desktop_wallet.chains.practice.refusals import INVALID_PARAMS, NOT_ENOUGH, REVERTED, SERVER_ERROR, Refused
from desktop_wallet.chains.practice.tags import quantity
from desktop_wallet.chains.practice.transactions import LEGACY, Transaction, read_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.chains.practice.contents import Receipt
    from desktop_wallet.chains.practice.execution import Movement
    from desktop_wallet.chains.practice.state import State

NO_HASH = "0x" + "0" * 64
EMPTY_BLOOM = "0x" + "0" * 512
_COIN_LOGS = "0x" + "e" * 40
"""The address that a simulation names as the token when it reports a movement of the coin."""
_NOBODY = "0x" + "0" * 40


class Payments:
    """Answers about transactions from what the network's parts know."""

    def __init__(self, state: State) -> None:
        self._state = state

    def send(self, params: list[Any]) -> str:
        """Take a signed transaction into the pool and return its hash."""
        transaction = read_transaction(bytes.fromhex(params[0].removeprefix("0x")), self._state.world.chain_id)
        self._state.pool.add(transaction)
        return transaction.hash

    def transaction(self, params: list[Any]) -> object:
        """Return a transaction that waits or stands in a block, None for any other."""
        receipt = self._state.contents.receipts.get(params[0])
        if receipt is not None:
            return self.mined(receipt)
        waiting = self._state.pool.get(params[0])
        return None if waiting is None else self._fields(waiting, waiting.max_fee_wei)

    def mined(self, receipt: Receipt) -> dict[str, object]:
        """Return a transaction that stands in a block, whole."""
        fields = self._fields(receipt.transaction, receipt.price_wei)
        place = {"transactionIndex": hex(receipt.place), "blockNumber": hex(receipt.block)}
        return {**fields, **place, "blockHash": self._hash(receipt.block)}

    def receipt(self, params: list[Any]) -> object:
        """Return the receipt of a transaction, None while there is none."""
        receipt = self._state.contents.receipts.get(params[0])
        if receipt is None:
            return None
        transaction = receipt.transaction
        return {
            "transactionHash": transaction.hash,
            "transactionIndex": hex(receipt.place),
            "blockHash": self._hash(receipt.block),
            "blockNumber": hex(receipt.block),
            "from": transaction.sender,
            "to": transaction.to,
            "cumulativeGasUsed": hex(receipt.gas_before + receipt.gas),
            "gasUsed": hex(receipt.gas),
            "effectiveGasPrice": hex(receipt.price_wei),
            "contractAddress": None,
            "logs": self._logs(receipt.movements, receipt.block, transaction.hash, coins=False),
            "logsBloom": EMPTY_BLOOM,
            "status": hex(receipt.succeeded),
            "type": hex(transaction.kind),
        }

    def call(self, params: list[Any]) -> str:
        """Return what a call answers."""
        effect = self._try(_call(params[0]), params)
        if effect.reverted is not None:
            raise _reverted(effect)
        return "0x" + effect.answer.hex()

    def estimate(self, params: list[Any]) -> str:
        """Return the gas that a call uses."""
        effect = self._try(_call(params[0]), [params[0], *(params[1:] or ["latest"])])
        if effect.reverted is not None:
            raise _reverted(effect)
        return hex(effect.gas)

    def simulate(self, params: list[Any]) -> list[dict[str, object]]:
        """Return the block that one call would make, with what it moves; blocks and calls beyond one are refused."""
        asked, tag = params[0], params[1] if len(params) > 1 else "latest"
        calls = [call for block in asked["blockStateCalls"] for call in block.get("calls", [])]
        if len(calls) != 1 or any(block.get("stateOverrides") for block in asked["blockStateCalls"]):
            raise Refused(INVALID_PARAMS, "a practice network simulates one call, on the state as it is")
        call, block = _call(calls[0]), self._state.tags.state(tag) + 1
        effect = self._try(call, [calls[0], tag], NOT_ENOUGH)
        result: dict[str, object] = {
            "returnData": "0x" + (effect.reverted.data if effect.reverted else effect.answer).hex(),
            "gasUsed": hex(effect.gas),
            "status": hex(effect.reverted is None),
            "logs": self._logs(effect.movements, block, NO_HASH, coins=bool(asked.get("traceTransfers"))),
        }
        if effect.reverted is not None:
            refused = _reverted(effect)
            result["error"] = {"code": refused.code, "message": refused.message, "data": refused.data}
        return [{"number": hex(block), "hash": NO_HASH, "gasUsed": hex(effect.gas), "calls": [result]}]

    def _try(self, call: Call, params: list[Any], broke: int = SERVER_ERROR) -> Effect:
        """Return what a call would do at a block; Refused with the code `broke` if its sender cannot pay for it."""
        asked, block = params[0], self._state.tags.state(params[1])
        price_wei = quantity(asked.get("maxFeePerGas", asked.get("gasPrice", "0x0")))
        gas = quantity(asked.get("gas", "0x0"))
        have, want = self._state.ledger.balance(None, call.sender, block), call.value_wei + gas * price_wei
        if want > have:
            message = f"insufficient funds for gas * price + value: address {call.sender} have {have} want {want}"
            raise Refused(broke, message)
        effect = self._state.execution.effect(call, block)
        if gas and effect.gas > gas:
            raise Refused(SERVER_ERROR, f"out of gas: have {gas}, want {effect.gas}")
        return effect

    def _fields(self, transaction: Transaction, price_wei: int) -> dict[str, object]:
        v, r, s = transaction.signature
        fields: dict[str, object] = {
            "hash": transaction.hash,
            "type": hex(transaction.kind),
            "from": transaction.sender,
            "to": transaction.to,
            "nonce": hex(transaction.nonce),
            "value": hex(transaction.value_wei),
            "input": "0x" + transaction.data.hex(),
            "gas": hex(transaction.gas),
            "gasPrice": hex(price_wei),
            "chainId": hex(self._state.world.chain_id),
            "v": hex(v),
            "r": hex(r),
            "s": hex(s),
            "blockHash": None,
            "blockNumber": None,
            "transactionIndex": None,
        }
        if transaction.kind != LEGACY:
            prices = {"maxFeePerGas": transaction.max_fee_wei, "maxPriorityFeePerGas": transaction.tip_wei}
            fields.update({name: hex(wei) for name, wei in prices.items()}, accessList=[], yParity=hex(v))
        return fields

    def _hash(self, block: int) -> str:
        header = self._state.blocks.header(block)
        return NO_HASH if header is None else header.hash

    def _logs(
        self, movements: Iterable[Movement], block: int, transaction: str, *, coins: bool
    ) -> list[dict[str, object]]:
        told = [moved for moved in movements if coins or moved.token is not None]
        return [
            {
                "address": moved.token or _COIN_LOGS,
                "topics": [
                    TRANSFER_TOPIC,
                    *("0x" + party[2:].rjust(64, "0") for party in (moved.sender, moved.recipient)),
                ],
                "data": f"0x{moved.amount:064x}",
                "blockNumber": hex(block),
                "blockHash": self._hash(block),
                "transactionHash": transaction,
                "transactionIndex": "0x0",
                "logIndex": hex(place),
                "removed": False,
            }
            for place, moved in enumerate(told)
        ]


def _call(asked: dict[str, Any]) -> Call:
    return Call(
        sender=asked.get("from", _NOBODY).lower(),
        to=asked["to"].lower(),
        value_wei=quantity(asked.get("value", "0x0")),
        data=bytes.fromhex(asked.get("data", asked.get("input", "0x"))[2:]),
    )


def _reverted(effect: Effect) -> Refused:
    reason = f": {effect.reverted}" if str(effect.reverted) else ""
    data = effect.reverted.data if effect.reverted else b""
    return Refused(REVERTED, f"execution reverted{reason}", "0x" + data.hex())
