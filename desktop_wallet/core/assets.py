"""Assets: the coin of a network and the tokens on it."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from typing_extensions import override

from desktop_wallet.core.networks import Network, NetworkId

_CAIP19 = re.compile(r"(?P<chain>[^/]+)/(?P<namespace>[-a-z0-9]{3,8}):(?P<reference>[-.%a-zA-Z0-9]{1,128})")


@dataclass(frozen=True, slots=True, order=True)
class AssetId:
    """One asset, as CAIP-19 names it: `eip155:1/slip44:60`, `eip155:1/erc20:0xa0b8…` (EVM references in lower case)."""

    network: NetworkId
    namespace: str
    reference: str

    @override
    def __str__(self) -> str:
        """Return the CAIP-19 text."""
        return f"{self.network}/{self.namespace}:{self.reference}"

    @classmethod
    def parse(cls, text: str) -> AssetId:
        """Return the id that a CAIP-19 text names; ValueError if it is none."""
        match = _CAIP19.fullmatch(text)
        if match is None:
            msg = f"not a CAIP-19 id: {text!r}"
            raise ValueError(msg)
        network = NetworkId.parse(match["chain"])
        reference = match["reference"]
        return cls(network, match["namespace"], reference.lower() if network.namespace == "eip155" else reference)

    @property
    def is_native(self) -> bool:
        """Return whether this is the network's own coin."""
        return self.namespace == "slip44"


class AssetOrigin(enum.Enum):
    """How the wallet came to know an asset."""

    NATIVE = "native"
    LIST = "list"
    BY_HAND = "by-hand"
    DISCOVERED = "discovered"


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset with the words shown for it. Symbol and name may come from a server: plain text, never markup."""

    id: AssetId
    symbol: str
    name: str
    decimals: int
    origin: AssetOrigin

    @property
    def base_unit(self) -> str:
        """Return the word for one base unit."""
        return "wei" if self.id.is_native and self.decimals == 18 else "base units"


def native_asset(network: Network) -> Asset:
    """Return the coin of a network."""
    return Asset(
        AssetId(network.id, "slip44", str(network.native_slip44)),
        network.native_symbol,
        network.native_name,
        network.native_decimals,
        AssetOrigin.NATIVE,
    )


def clean_label(text: str, *, limit: int) -> str:
    """Return a server's word for an asset, fit to show: printable, on one line, at most `limit` characters.

    Control, format and direction characters are dropped, so that a name cannot rearrange what stands around it.
    """
    visible = "".join(c for c in text if c.isprintable())
    return " ".join(visible.split())[:limit]
