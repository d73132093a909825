"""The JSON-RPC methods of a practice network: those that the EVM adapter uses, and those a send will need.

Source: ethereum/execution-apis; EIP-1898 (block parameter by hash), EIP-1559 (fee history).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop_wallet.chains.practice.contracts import Contracts, Reverted
from desktop_wallet.core.networks import HeightCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.chains.practice.blocks import Blocks, Header
    from desktop_wallet.chains.practice.ledger import Ledger
    from desktop_wallet.chains.practice.worlds import PracticeWorld

GAS_PRICE_WEI = 1_000_000_000
TRANSFER_GAS = 21_000
_BASE_FEE_WEI = GAS_PRICE_WEI // 2
_GAS_LIMIT = 30_000_000
_STATE_BLOCKS = 128
"""Full nodes forget the state of older blocks, and so does this one."""
_MAX_FEE_BLOCKS = 1024
_TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak-256 of `Transfer(address,address,uint256)` (EIP-20)"""
_EMPTY_BLOOM = "0x" + "0" * 512
_NO_HASH = "0x" + "0" * 64

_INVALID_REQUEST = -32600
_NO_METHOD = -32601
_INVALID_PARAMS = -32602
_SERVER_ERROR = -32000
_NOT_FOUND = -32001
_REVERTED = 3


class Refused(Exception):
    """A call that is answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transfer of play money and the block it is in; amount in base units, token None for the coin."""

    hash: str
    block: int
    sender: str
    recipient: str
    amount: int
    token: str | None
    gas: int


class Rpc:
    """Answers calls from the blocks and the ledger."""

    def __init__(self, world: PracticeWorld, blocks: Blocks, ledger: Ledger, receipts: Mapping[str, Receipt]) -> None:
        self._world = world
        self._blocks = blocks
        self._ledger = ledger
        self._receipts = receipts
        self._contracts = Contracts(world, ledger, blocks)
        self._methods = {
            "eth_chainId": lambda _: hex(world.chain_id),
            "eth_blockNumber": lambda _: hex(blocks.head),
            "eth_gasPrice": lambda _: hex(GAS_PRICE_WEI),
            "eth_maxPriorityFeePerGas": lambda _: hex(GAS_PRICE_WEI - _BASE_FEE_WEI),
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getCode": self._code,
            "eth_call": self._call,
        }

    def reply(self, request: object, *, refuse: bool = False, empty: bool = False) -> object:
        """Return the reply to a request or a batch (JSON-RPC 2.0). `empty` lets every contract answer with nothing."""
        if isinstance(request, list) and request:
            return [self._reply_one(call, refuse=refuse, empty=empty) for call in request]
        return self._reply_one(request, refuse=refuse, empty=empty)

    def _reply_one(self, call: object, *, refuse: bool, empty: bool) -> dict[str, object]:
        if not isinstance(call, dict):
            return _error(None, Refused(_INVALID_REQUEST, "invalid request"))
        name, params = call.get("method"), call.get("params", [])
        method = self._methods.get(name) if isinstance(name, str) else None
        try:
            if refuse:
                raise Refused(_SERVER_ERROR, "this server refuses, as it was told to")
            if method is None:
                raise Refused(_NO_METHOD, "the method does not exist")
            if not isinstance(params, list):
                raise Refused(_INVALID_PARAMS, "invalid params")
            result = "0x" if empty and name == "eth_call" else method(params)
        except Refused as refused:
            return _error(call.get("id"), refused)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError):
            return _error(call.get("id"), Refused(_INVALID_PARAMS, "invalid params"))
        return {"jsonrpc": "2.0", "id": call.get("id"), "result": result}

    def _block_by_number(self, params: list[Any]) -> object:
        header = self._blocks.header(self._number(params[0]))
        return None if header is None else self._block(header)

    def _block_by_hash(self, params: list[Any]) -> object:
        header, _ = self._blocks.by_hash(params[0])
        return None if header is None else self._block(header)

    def _balance(self, params: list[Any]) -> str:
        return hex(self._ledger.balance(None, params[0].lower(), self._state_block(params[1])))

    def _transaction_count(self, params: list[Any]) -> str:
        return hex(self._ledger.nonce(params[0].lower(), self._state_block(params[1])))

    def _code(self, params: list[Any]) -> str:
        self._state_block(params[1])
        return self._contracts.code(params[0].lower())

    def _call(self, params: list[Any]) -> str:
        call, block = params[0], self._state_block(params[1])
        data = bytes.fromhex(call.get("data", call.get("input", "0x"))[2:])
        try:
            return "0x" + self._contracts.run(call["to"].lower(), data, block).hex()
        except Reverted:
            raise Refused(_REVERTED, "execution reverted") from None

    def _receipt(self, params: list[Any]) -> object:
        receipt = self._receipts.get(params[0])
        header = None if receipt is None else self._blocks.header(receipt.block)
        if receipt is None or header is None:
            return None
        return {
            "transactionHash": receipt.hash,
            "transactionIndex": "0x0",
            "blockHash": header.hash,
            "blockNumber": hex(header.number),
            "from": receipt.sender,
            "to": receipt.token or receipt.recipient,
            "cumulativeGasUsed": hex(receipt.gas),
            "gasUsed": hex(receipt.gas),
            "effectiveGasPrice": hex(GAS_PRICE_WEI),
            "contractAddress": None,
            "logs": [_transfer_log(receipt, header)] if receipt.token else [],
            "logsBloom": _EMPTY_BLOOM,
            "status": "0x1",
            "type": "0x2",
        }

    def _fee_history(self, params: list[Any]) -> dict[str, object]:
        count = min(_quantity(params[0]), _MAX_FEE_BLOCKS)
        newest = self._number(params[1])
        percentiles = params[2] if len(params) > 2 and params[2] else []
        if self._blocks.header(newest) is None:
            raise Refused(_SERVER_ERROR, "request beyond head block")
        oldest = max(newest - count + 1, 0)
        blocks = newest - oldest + 1
        history: dict[str, object] = {
            "oldestBlock": hex(oldest),
            "baseFeePerGas": [hex(_BASE_FEE_WEI)] * (blocks + 1),
            "gasUsedRatio": [0.0] * blocks,
        }
        if percentiles:
            history["reward"] = [[hex(GAS_PRICE_WEI - _BASE_FEE_WEI)] * len(percentiles)] * blocks
        return history

    def _block(self, header: Header) -> dict[str, object]:
        inside = [receipt for receipt in self._receipts.values() if receipt.block == header.number]
        block: dict[str, object] = {
            "number": hex(header.number),
            "hash": header.hash,
            "parentHash": header.parent_hash,
            "timestamp": hex(header.time_s),
            "gasLimit": hex(_GAS_LIMIT),
            "gasUsed": hex(sum(receipt.gas for receipt in inside)),
            "baseFeePerGas": hex(_BASE_FEE_WEI),
            "logsBloom": _EMPTY_BLOOM,
            "miner": "0x" + "0" * 40,
            "difficulty": "0x0",
            "extraData": "0x",
            "nonce": "0x" + "0" * 16,
            "mixHash": _NO_HASH,
            "size": "0x220",
            "transactions": [receipt.hash for receipt in inside],
            "uncles": [],
        }
        if self._world.network.height_call is HeightCall.ARBSYS:
            block["l1BlockNumber"] = hex(self._contracts.parent_network_block(header.number))
        return block

    def _number(self, tag: object) -> int:
        if tag in ("latest", "pending", "safe", "finalized"):
            return self._blocks.head
        return 0 if tag == "earliest" else _quantity(tag)

    def _state_block(self, tag: object) -> int:
        """Return the block whose state is meant; Refused where it is unknown, replaced or forgotten (EIP-1898)."""
        if isinstance(tag, dict) and "blockHash" in tag:
            header, canonical = self._blocks.by_hash(tag["blockHash"])
            if header is None:
                raise Refused(_NOT_FOUND, "header not found")
            if not canonical and tag.get("requireCanonical"):
                raise Refused(_SERVER_ERROR, "hash is not currently canonical")
            number = header.number
        else:
            number = self._number(tag["blockNumber"] if isinstance(tag, dict) else tag)
        if self._blocks.header(number) is None:
            raise Refused(_NOT_FOUND, "header not found")
        if number < self._blocks.head - _STATE_BLOCKS:
            raise Refused(_SERVER_ERROR, "missing trie node")
        return number


def _quantity(value: object) -> int:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not a quantity")
    return int(value, 16)


def _error(call_id: object, refused: Refused) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": call_id, "error": {"code": refused.code, "message": refused.message}}


def _transfer_log(receipt: Receipt, header: Header) -> dict[str, object]:
    return {
        "address": receipt.token,
        "topics": [
            _TRANSFER_TOPIC,
            *("0x" + party[2:].rjust(64, "0") for party in (receipt.sender, receipt.recipient)),
        ],
        "data": f"0x{receipt.amount:064x}",
        "blockNumber": hex(header.number),
        "blockHash": header.hash,
        "transactionHash": receipt.hash,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }
