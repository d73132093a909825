"""The networks and tokens that ship with the program, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.networks import DataFee, Endpoint, Family, HeightCall, Network, NetworkId
from desktop_wallet.core.prices import CoinId
from desktop_wallet.resources import load_networks_document, load_tokens_documents

if TYPE_CHECKING:
    from collections.abc import Mapping


def known_networks() -> tuple[Network, ...]:
    """Return the networks of `resources/networks.toml`, in its order."""
    return tuple(_network(entry) for entry in load_networks_document()["network"])


def known_tokens() -> Mapping[NetworkId, tuple[Asset, ...]]:
    """Return the tokens of `resources/tokens/`, by network."""
    return {
        NetworkId.parse(network): tuple(_token(NetworkId.parse(network), entry) for entry in document["token"])
        for network, document in load_tokens_documents().items()
    }


def known_coins() -> Mapping[AssetId, CoinId]:
    """Return by which name a source of prices knows the coins and tokens of `resources/`, each bound to its contract.

    Those of which nobody is sure, and those of test networks, are not in it: they have no price.
    """
    coins = {
        AssetId.parse(entry["native"]["asset"]): CoinId(entry["native"]["coingecko"])
        for entry in load_networks_document()["network"]
        if "coingecko" in entry["native"]
    }
    for network, document in load_tokens_documents().items():
        for entry in document["token"]:
            if "coingecko" in entry:
                coins[AssetId.parse(f"{network}/erc20:{entry['address']}")] = CoinId(entry["coingecko"])
    return coins


def _network(entry: Mapping[str, Any]) -> Network:
    native = entry["native"]
    return Network(
        id=NetworkId.parse(entry["id"]),
        family=Family(entry["family"]),
        name=entry["name"],
        block_time_s=entry["block_time_s"],
        max_head_age_s=entry["max_head_age_s"],
        native_symbol=native["symbol"],
        native_name=native["name"],
        native_decimals=native["decimals"],
        native_slip44=native["slip44"],
        endpoints=tuple(Endpoint(server["url"], server["operator"]) for server in entry["endpoint"]),
        height_call=HeightCall(entry["height_call"]),
        multicall=entry.get("multicall"),
        data_fee=DataFee(entry["data_fee"]),
        explorer=entry["explorer"],
        testnet=entry["testnet"],
        chain_hash=entry.get("chain_hash"),
    )


def _token(network: NetworkId, entry: Mapping[str, Any]) -> Asset:
    return Asset(
        AssetId.parse(f"{network}/erc20:{entry['address']}"),
        entry["symbol"],
        entry["name"],
        entry["decimals"],
        AssetOrigin.LIST,
    )
