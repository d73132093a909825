"""What a rollup takes for a transaction's data beside its gas (OP stack), as its own contract tells.

Source: OP Stack specification, "L1-Cost fees" (Fjord), "Operator fee" (Isthmus, Jovian); GasPriceOracle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm import abi
from desktop_wallet.chains.evm.wire import gave_up, value_of
from desktop_wallet.core.errors import ContradictoryReply, MalformedReply
from desktop_wallet.core.networks import DataFee, Network
from desktop_wallet.net.json_rpc import Call, RpcError, hex_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.evm.transactions import Call as Carried
    from desktop_wallet.net.json_rpc import Result

GAS_PRICE_ORACLE = "0x420000000000000000000000000000000000000f"
_GET_L1_FEE = "49948e0e"
"""`getL1Fee(bytes) -> uint256`: takes the unsigned transaction and adds the signature's 68 bytes itself"""
_GET_OPERATOR_FEE = "275aedd2"
"""`getOperatorFee(uint256 gas) -> uint256`: a constant and so much a unit of gas; reverts before Isthmus"""
_GAS_SAMPLE = 10**9
_HEADROOM = 2
"""Held back is twice what the oracle says: it goes by Ethereum's base fee and blob base fee when the transaction is
mined. Both can rise by an eighth a block (EIP-1559, EIP-4844), so that covers six of Ethereum's blocks, over a minute,
while a rollup mines within seconds."""
_MOST_WEI = 10**20
"""No transfer's data ever cost a hundred coins, not even of those of little worth."""
_FILLER = bytes.fromhex("9d3b71c5e80f46a27ad15c93b46e28f7")
"""Stands for numbers that are not known yet: it has no two bytes alike, so the fee's compression gains nothing."""
_MAX_RESULT_BYTES = 1024


@dataclass(frozen=True, slots=True)
class DataFees:
    """What the contract told: for the data, and for the operator a constant and so much for a billion of gas."""

    data_wei: int = 0
    constant_wei: int = 0
    sample_wei: int = 0

    def likely_wei(self, gas: int) -> int:
        """Return what is likely taken beside the gas."""
        return self.data_wei + self._operator_wei(gas)

    def most_wei(self, gas_limit: int) -> int:
        """Return what is held back for it: nodes want to see the operator's part of the whole gas limit."""
        return _HEADROOM * (self.data_wei + self._operator_wei(gas_limit))

    def _operator_wei(self, gas: int) -> int:
        # Rounded up.
        return self.constant_wei - (self.constant_wei - self.sample_wei) * gas // _GAS_SAMPLE


def data_fee_calls(network: Network, carried: Carried) -> tuple[Call, ...]:
    """Return what to ask about a transaction; nothing where a network is known to take no such fee.

    Of one that a person added nothing is known: it may well be such a rollup.
    """
    if network.data_fee is not DataFee.ORACLE and not (network.added_by_hand and network.data_fee is DataFee.NONE):
        return ()
    data = abi.encode_bytes(_written_out(int(network.id.reference), carried))
    asked = (f"{_GET_L1_FEE}{data}", f"{_GET_OPERATOR_FEE}{0:064x}", f"{_GET_OPERATOR_FEE}{_GAS_SAMPLE:064x}")
    return tuple(Call("eth_call", ({"to": GAS_PRICE_ORACLE, "data": f"0x{each}"}, "latest")) for each in asked)


def understand_data_fees(results: Sequence[Result], network: Network, host: str) -> DataFees:
    """Return what the answers to `data_fee_calls` say; raises UntrustedReply, EndpointRefused, EndpointRateLimited."""
    if not results:
        return DataFees()
    data_wei, constant_wei, sample_wei = (_wei(result, host) for result in results)
    if data_wei is None:
        if network.data_fee is DataFee.ORACLE:
            raise MalformedReply(host=host, problem="data fee")
        return DataFees()
    constant_wei, sample_wei = constant_wei or 0, sample_wei or 0
    if max(data_wei, constant_wei) > _MOST_WEI or not constant_wei <= sample_wei <= _MOST_WEI * _GAS_SAMPLE:
        raise ContradictoryReply(host=host, problem="data fee")
    return DataFees(data_wei, constant_wei, sample_wei)


def _wei(result: Result, host: str) -> int | None:
    """Return the number in an answer, None where nothing answered."""
    if isinstance(result, RpcError) and gave_up(result):
        return None
    return abi.decode_uint(hex_data(value_of(result, host), host, _MAX_RESULT_BYTES))


def _written_out(chain_id: int, carried: Carried) -> bytes:
    """Return the unsigned transaction (EIP-1559), every number that is not known yet as wide as it may get."""
    nonce, tip, most, gas_limit = _FILLER[:4], _FILLER[4:12], _FILLER[8:16], _FILLER[2:6]
    value = _shortest(carried.value_wei)
    if carried.value_wei:
        value = value.rjust(12, _FILLER[:1])
    to = bytes.fromhex(carried.to.text[2:])
    fields = (_shortest(chain_id), nonce, tip, most, gas_limit, to, value, carried.data)
    body = b"".join(map(_field, fields)) + b"\xc0"
    return b"\x02\xf9" + len(body).to_bytes(2, "big") + body


def _field(data: bytes) -> bytes:
    # Longer than 55 bytes is only the data of a call, and that is shorter than 256 (RLP).
    return bytes([0x80 + len(data)]) + data if len(data) <= 55 else bytes([0xB8, len(data)]) + data


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
