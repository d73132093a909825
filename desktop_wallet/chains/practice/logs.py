"""The token transfers that a practice network's blocks logged (`eth_getLogs`, for EIP-20's `Transfer` alone)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_wallet.chains.practice.refusals import INVALID_PARAMS, SERVER_ERROR, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_wallet.chains.practice.state import State

TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak-256 of `Transfer(address,address,uint256)` (EIP-20)"""
MOST_BLOCKS = 1_000
"""As many public servers have it, so that whoever asks for more at once finds out here."""


def transfer_logs(state: State, asked: dict[str, Any]) -> list[dict[str, object]]:
    """Return the logs from `fromBlock` to `toBlock` whose topics are the wanted ones; None stands for any."""
    first, last = (state.tags.number(asked[name]) for name in ("fromBlock", "toBlock"))
    if last - first >= MOST_BLOCKS:
        raise Refused(SERVER_ERROR, f"query exceeds max block range {MOST_BLOCKS}")
    wanted = asked.get("topics", [])
    if not wanted or wanted[0] != TRANSFER_TOPIC:
        raise Refused(INVALID_PARAMS, "a practice network logs transfers of tokens only")
    found: list[dict[str, object]] = []
    places: dict[int, int] = {}
    for block, token, sender, recipient, amount, transaction in _moved(state):
        header = state.blocks.header(block)
        if header is None:
            continue
        topics = [TRANSFER_TOPIC, *("0x" + party[2:].rjust(64, "0") for party in (sender, recipient))]
        places[block] = place = places.get(block, -1) + 1
        if first <= block <= last and all(_fits(topic, want) for topic, want in zip(topics, wanted, strict=False)):
            found.append(
                {
                    "address": token,
                    "topics": topics,
                    "data": f"0x{amount:064x}",
                    "blockNumber": hex(block),
                    "blockHash": header.hash,
                    "transactionHash": transaction,
                    "transactionIndex": "0x0",
                    "logIndex": hex(place),
                    "removed": False,
                }
            )
    return found


def _moved(state: State) -> Iterator[tuple[int, str, str, str, int, str]]:
    for drop in state.contents.airdrops:
        yield drop.block, drop.token, drop.sender, drop.recipient, drop.amount, drop.transaction
    for receipt in state.contents.receipts.values():
        for moved in receipt.movements:
            if moved.token is not None:
                yield receipt.block, moved.token, moved.sender, moved.recipient, moved.amount, receipt.transaction.hash


def _fits(topic: str, want: object) -> bool:
    return want is None or topic == want or (isinstance(want, list) and topic in want)
