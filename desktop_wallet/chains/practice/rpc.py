"""The JSON-RPC methods of a practice network: those that the EVM adapter uses. What is about payments: payments.py.

Source: ethereum/execution-apis; EIP-1559 (fee history).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_wallet.chains.practice.logs import transfer_logs
from desktop_wallet.chains.practice.payments import EMPTY_BLOOM, NO_HASH, Payments
from desktop_wallet.chains.practice.pool import BLOCK_GAS_LIMIT
from desktop_wallet.chains.practice.refusals import INVALID_PARAMS, INVALID_REQUEST, NO_METHOD, Refused, refuse
from desktop_wallet.chains.practice.tags import quantity
from desktop_wallet.core.networks import HeightCall

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.blocks import Header
    from desktop_wallet.chains.practice.state import State

_SIMULATE = "eth_simulateV1"
_MAX_FEE_BLOCKS = 1024


class Rpc:
    """Answers calls from the network's parts. `simulates`: whether it knows `eth_simulateV1`."""

    def __init__(self, state: State) -> None:
        self.simulates = True
        self._state = state
        self._payments = payments = Payments(state)
        self._methods = {
            "eth_chainId": lambda _: hex(state.world.chain_id),
            "eth_blockNumber": lambda _: hex(state.blocks.head),
            "eth_gasPrice": self._gas_price,
            "eth_maxPriorityFeePerGas": lambda _: hex(state.prices.tip_wei(state.blocks.head)),
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getTransactionByHash": payments.transaction,
            "eth_getTransactionReceipt": payments.receipt,
            "eth_getCode": self._code,
            "eth_getLogs": lambda params: transfer_logs(state, params[0]),
            "eth_call": payments.call,
            "eth_estimateGas": payments.estimate,
            _SIMULATE: payments.simulate,
            "eth_sendRawTransaction": payments.send,
        }

    def reply(self, request: object, *, refuse: bool = False, empty: bool = False) -> object:
        """Return the reply to a request or a batch (JSON-RPC 2.0). `empty` lets every contract answer with nothing."""
        if isinstance(request, list) and request:
            return [self._reply_one(call, refuse_all=refuse, empty=empty) for call in request]
        return self._reply_one(request, refuse_all=refuse, empty=empty)

    def _reply_one(self, call: object, *, refuse_all: bool, empty: bool) -> dict[str, object]:
        if not isinstance(call, dict):
            return Refused(INVALID_REQUEST, "invalid request").reply(None)
        name, params = call.get("method"), call.get("params", [])
        known = isinstance(name, str) and (self.simulates or name != _SIMULATE)
        method = self._methods.get(name) if isinstance(name, str) and known else None
        try:
            if refuse_all:
                raise refuse("this server refuses, as it was told to")
            if method is None:
                raise Refused(NO_METHOD, f"the method {name} does not exist/is not available")
            if not isinstance(params, list):
                raise Refused(INVALID_PARAMS, "invalid params")
            result = "0x" if empty and name == "eth_call" else method(params)
        except Refused as refused:
            return refused.reply(call.get("id"))
        except (ValueError, IndexError, KeyError, TypeError, AttributeError):
            return Refused(INVALID_PARAMS, "invalid params").reply(call.get("id"))
        return {"jsonrpc": "2.0", "id": call.get("id"), "result": result}

    def _block_by_number(self, params: list[Any]) -> object:
        header = self._state.blocks.header(self._state.tags.number(params[0]))
        return None if header is None else self._block(header, whole=params[1:] == [True])

    def _block_by_hash(self, params: list[Any]) -> object:
        header, _ = self._state.blocks.by_hash(params[0])
        return None if header is None else self._block(header, whole=params[1:] == [True])

    def _balance(self, params: list[Any]) -> str:
        return hex(self._state.ledger.balance(None, params[0].lower(), self._state.tags.state(params[1])))

    def _transaction_count(self, params: list[Any]) -> str:
        account, tag = params[0].lower(), params[1]
        if tag == "pending":
            return hex(self._state.pool.next_nonce(account))
        return hex(self._state.ledger.nonce(account, self._state.tags.state(tag)))

    def _code(self, params: list[Any]) -> str:
        self._state.tags.state(params[1])
        return self._state.contracts.code(params[0].lower())

    def _gas_price(self, _: list[Any]) -> str:
        head, prices = self._state.blocks.head, self._state.prices
        return hex(prices.base_fee_wei(head + 1) + prices.tip_wei(head))

    def _fee_history(self, params: list[Any]) -> dict[str, object]:
        count = min(quantity(params[0]), _MAX_FEE_BLOCKS)
        newest = self._state.tags.number(params[1])
        percentiles = params[2] if len(params) > 2 and params[2] else []
        if self._state.blocks.header(newest) is None:
            raise refuse("request beyond head block")
        blocks = range(max(newest - count + 1, 0), newest + 1)
        prices = self._state.prices
        history: dict[str, object] = {
            "oldestBlock": hex(blocks.start),
            "baseFeePerGas": [hex(prices.base_fee_wei(block)) for block in range(blocks.start, blocks.stop + 1)],
            "gasUsedRatio": [self._gas_used(block) / BLOCK_GAS_LIMIT for block in blocks],
        }
        if percentiles:
            history["reward"] = [[hex(prices.tip_wei(block, part)) for part in percentiles] for block in blocks]
        return history

    def _gas_used(self, block: int) -> int:
        own = sum(receipt.gas for receipt in self._state.contents.inside(block))
        return own + self._state.prices.crowd_gas(block)

    def _block(self, header: Header, *, whole: bool) -> dict[str, object]:
        inside = self._state.contents.inside(header.number)
        block: dict[str, object] = {
            "number": hex(header.number),
            "hash": header.hash,
            "parentHash": header.parent_hash,
            "timestamp": hex(header.time_s),
            "gasLimit": hex(BLOCK_GAS_LIMIT),
            "gasUsed": hex(self._gas_used(header.number)),
            "baseFeePerGas": hex(self._state.prices.base_fee_wei(header.number)),
            "logsBloom": EMPTY_BLOOM,
            "miner": "0x" + "0" * 40,
            "difficulty": "0x0",
            "extraData": "0x",
            "nonce": "0x" + "0" * 16,
            "mixHash": NO_HASH,
            "size": "0x220",
            "transactions": [self._payments.mined(each) if whole else each.transaction.hash for each in inside],
            "uncles": [],
        }
        if self._state.world.network.height_call is HeightCall.ARBSYS:
            block["l1BlockNumber"] = hex(self._state.contracts.parent_network_block(header.number))
        return block
