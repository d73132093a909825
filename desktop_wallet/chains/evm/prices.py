"""What a unit of gas costs on a network, as one of its servers says.

Source: execution-apis (`eth_feeHistory`, `eth_gasPrice`), EIP-1559, EIP-155 for networks without a base fee.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.wire import value_of
from desktop_wallet.core.errors import ContradictoryReply, MalformedReply
from desktop_wallet.core.fees import market_prices
from desktop_wallet.core.signing import GasPrice, LegacyPrice
from desktop_wallet.net.json_rpc import Call, hex_quantity
from desktop_wallet.net.json_text import JsonDecimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.networks import Network
    from desktop_wallet.net.json_rpc import Result

_BLOCKS = 20
_PERCENTILES = (10, 50, 90)
"""What the cheapest, the middle and the dearest senders of a block paid: slow, normal, fast."""
PRICE_CALLS = (Call("eth_feeHistory", (hex(_BLOCKS), "latest", list(_PERCENTILES))), Call("eth_gasPrice"))

_DEAREST_WEI = 10**15
"""A unit of gas never costs more: coins of very little worth come to 3 * 10^14."""
_DEAREST_ETHER_WEI = 10**13
"""A unit of gas on a network that is paid in Ether never costs more: 10,000 gwei, over all that Ethereum has seen."""
_ETHER = 60
_LEAST_TIP_WEI = 1
"""Nodes take no transaction without a tip into their pool (go-ethereum's PriceLimit)."""
_LEGACY_PERCENT = (100, 110, 150)
"""Without a base fee there is one price to go by, and it cannot follow the market once it is signed."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Slow, normal and fast; `base_fee_wei` is the next block's, 0 on networks without one."""

    base_fee_wei: int
    speeds: tuple[GasPrice, GasPrice, GasPrice]


def understand_prices(results: Sequence[Result], base_fee: object, network: Network, host: str) -> Prices:
    """Return what the answers to PRICE_CALLS say; `base_fee` is the newest header's `baseFeePerGas`, None without.

    Raises UntrustedReply, also for a price beyond any that was ever paid (a tip is paid in full, so a server that
    invents one takes no profit but a person's money), EndpointRefused, EndpointRateLimited.
    """
    dearest_wei = _DEAREST_ETHER_WEI if network.native_slip44 == _ETHER and not network.added_by_hand else _DEAREST_WEI
    gas_price_wei = _price(value_of(results[1], host), dearest_wei, host)
    if base_fee is None:
        slow, normal, fast = (LegacyPrice((gas_price_wei * percent + 99) // 100) for percent in _LEGACY_PERCENT)
        return Prices(0, (slow, normal, fast))
    head_fee_wei = _price(base_fee, dearest_wei, host)
    base_fees_wei, tips_wei = _history(value_of(results[0], host), dearest_wei, host)
    if not tips_wei:
        # Nobody sent anything lately: the server's own suggestion is all there is.
        tips_wei = [(max(gas_price_wei - head_fee_wei, _LEAST_TIP_WEI),) * len(_PERCENTILES)]
    low, middle, high = market_prices(base_fees_wei, tips_wei)
    return Prices(base_fees_wei[-1], (low, middle, high))


def _history(value: object, dearest_wei: int, host: str) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return the base fees, the next block's last, and the tips of the blocks that were not empty."""
    if not isinstance(value, dict):
        raise MalformedReply(host=host, problem="fee history")
    fees, ratios, rewards = (_list(value.get(name), host) for name in ("baseFeePerGas", "gasUsedRatio", "reward"))
    if len(fees) != len(rewards) + 1 or len(ratios) != len(rewards) or not 1 <= len(rewards) <= _BLOCKS:
        raise MalformedReply(host=host, problem="fee history")
    tips = []
    for ratio, reward in zip(ratios, rewards, strict=True):
        row = _list(reward, host)
        if len(row) != len(_PERCENTILES):
            raise MalformedReply(host=host, problem="fee history")
        paid = tuple(max(_price(tip, dearest_wei, host), _LEAST_TIP_WEI) for tip in row)
        if _is_some(ratio, host):  # the tips of an empty block are zeros that nobody paid
            tips.append(paid)
    return [_price(fee, dearest_wei, host) for fee in fees], tips


def _is_some(ratio: object, host: str) -> bool:
    if isinstance(ratio, JsonDecimal):
        return float(ratio.text) > 0
    if type(ratio) is not int:  # True is no ratio
        raise MalformedReply(host=host, problem="fee history")
    return ratio > 0


def _price(value: object, dearest_wei: int, host: str) -> int:
    wei = hex_quantity(value, host)
    if wei > dearest_wei:
        raise ContradictoryReply(host=host, problem="gas price")
    return wei


def _list(value: object, host: str) -> list[object]:
    if not isinstance(value, list):
        raise MalformedReply(host=host, problem="fee history")
    return value
