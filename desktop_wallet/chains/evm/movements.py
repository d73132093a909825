"""Which balances a simulated transaction changes, from the logs that it left."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import MalformedReply
from desktop_wallet.core.networks import Family
from desktop_wallet.core.quotes import Movement
from desktop_wallet.net.json_rpc import hex_data

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""`Transfer(address indexed, address indexed, uint256)`: ERC-20, and ERC-721 with the number indexed too"""
_TRANSFER = bytes.fromhex(TRANSFER_TOPIC[2:])
_TRANSFER_SINGLE = bytes.fromhex("c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62")
"""ERC-1155 `TransferSingle(address indexed, address indexed, address indexed, uint256, uint256)`"""
_TRANSFER_BATCH = bytes.fromhex("4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb")
"""ERC-1155 `TransferBatch(address indexed, address indexed, address indexed, uint256[], uint256[])`"""
_COIN = bytes.fromhex("ee" * 20)
_ADDRESS = 20
_WORD = 32
_TOPICS = 4
_MAX_DATA_BYTES = 64 * 1024
_MOST_LOGS = 10_000


def movements_of(logs: object, coin: AssetId, token: AssetId | None, host: str) -> tuple[Movement, ...]:
    """Return the net change of each balance, none that is zero; raises MalformedReply.

    What moved and is neither the coin nor an ERC-20 is not hidden: ERC-721 and ERC-1155 have namespaces of their own,
    in which a change counts pieces. A log in which no addresses stand is no transfer, whatever it is called.
    """
    if not isinstance(logs, list) or len(logs) > _MOST_LOGS:
        raise MalformedReply(host=host, problem="logs")
    changes: dict[tuple[bytes, AssetId], int] = defaultdict(int)
    for log in logs:
        for sender, recipient, asset, amount in _transfers(log, coin, token, host):
            changes[sender, asset] -= amount
            changes[recipient, asset] += amount
    return tuple(
        Movement(Address(Family.EVM, f"0x{address.hex()}"), asset, change)
        for (address, asset), change in changes.items()
        if change
    )


def _transfers(
    log: object, coin: AssetId, token: AssetId | None, host: str
) -> Iterator[tuple[bytes, bytes, AssetId, int]]:
    if not isinstance(log, dict):
        raise MalformedReply(host=host, problem="logs")
    emitter = hex_data(log.get("address"), host, _ADDRESS, min_bytes=_ADDRESS)
    data = hex_data(log.get("data"), host, _MAX_DATA_BYTES)
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) > _TOPICS:
        raise MalformedReply(host=host, problem="logs")
    words = [hex_data(topic, host, _WORD, min_bytes=_WORD) for topic in topics]
    kind, indexed = (words[0], words[1:]) if words else (b"", [])
    if kind not in (_TRANSFER, _TRANSFER_SINGLE, _TRANSFER_BATCH):
        return
    if kind == _TRANSFER and len(data) >= _WORD * (_TOPICS - len(words)):
        # What is not indexed stands in the data, in its order: some old contracts index less.
        said = [*indexed, *(data[at : at + _WORD] for at in range(0, _WORD * (_TOPICS - len(words)), _WORD))]
        yield from _moved(said[0], said[1], *_asset(emitter, len(words), said[2], coin, token))
    elif kind in (_TRANSFER_SINGLE, _TRANSFER_BATCH) and len(words) == _TOPICS:
        amount = int.from_bytes(data[_WORD : 2 * _WORD], "big") if kind == _TRANSFER_SINGLE else 1
        yield from _moved(indexed[1], indexed[2], AssetId(coin.network, "erc1155", f"0x{emitter.hex()}"), amount)


def _asset(emitter: bytes, topics: int, number: bytes, coin: AssetId, token: AssetId | None) -> tuple[AssetId, int]:
    """Return what moved and how much of it, by who says so and how much of it is indexed."""
    reference = f"0x{emitter.hex()}"
    amount = int.from_bytes(number, "big")
    if emitter == _COIN:
        return coin, amount
    if topics == _TOPICS - 1 or (token is not None and token.reference == reference):
        return AssetId(coin.network, "erc20", reference), amount
    return AssetId(coin.network, "erc721", reference), 1


def _moved(sender: bytes, recipient: bytes, asset: AssetId, amount: int) -> Iterator[tuple[bytes, bytes, AssetId, int]]:
    padding = _WORD - _ADDRESS
    if not any(sender[:padding]) and not any(recipient[:padding]):
        yield sender[padding:], recipient[padding:], asset, amount
