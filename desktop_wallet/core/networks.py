"""Networks, their endpoints, and what is known of their heartbeat."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from typing_extensions import override

_CAIP2 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")


class Family(enum.Enum):
    """The kind of code a network needs."""

    EVM = "evm"
    SOLANA = "solana"
    FUEL = "fuel"
    RELAY = "relay"


@dataclass(frozen=True, slots=True, order=True)
class NetworkId:
    """One concrete chain, as CAIP-2 names it: `eip155:1`. The reference `0` is a valid one."""

    namespace: str
    reference: str

    @override
    def __str__(self) -> str:
        """Return the CAIP-2 text."""
        return f"{self.namespace}:{self.reference}"

    @classmethod
    def parse(cls, text: str) -> NetworkId:
        """Return the id that a CAIP-2 text names; ValueError if it is none."""
        if not _CAIP2.fullmatch(text):
            msg = f"not a CAIP-2 id: {text!r}"
            raise ValueError(msg)
        namespace, _, reference = text.partition(":")
        return cls(namespace, reference)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server of a network. The URL may carry an access key: only `host` is for eyes and logs."""

    url: str = field(repr=False)
    operator: str = ""
    added_by_hand: bool = False

    @property
    def host(self) -> str:
        """Return the host and port without user, password, path or query."""
        parts = urlsplit(self.url)
        name = parts.hostname or ""
        return f"{name}:{parts.port}" if parts.port else name


class HeightCall(enum.Enum):
    """Which contract call tells the block that a batch was answered at."""

    MULTICALL3 = "multicall3"
    ARBSYS = "arbsys"
    """Arbitrum: `block.number` inside a call is Ethereum's, so its own precompile is asked."""


class DataFee(enum.Enum):
    """What a network takes for a transaction's data, beside its gas."""

    NONE = "none"
    ORACLE = "oracle"
    """Taken beside the gas, not fixed by signing; a contract tells it (OP stack, GasPriceOracle)."""
    IN_GAS = "in-gas"
    """Paid in gas: what a transaction uses depends on what its data costs just then (Arbitrum)."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the wallet knows of one network. Times in seconds.

    `chain_hash` is the genesis block's hash where it is known beforehand. `multicall` is None where no Multicall3 is
    deployed: then reads are pinned one by one.
    """

    id: NetworkId
    family: Family
    name: str
    block_time_s: float
    max_head_age_s: float
    native_symbol: str
    native_name: str
    native_decimals: int
    native_slip44: int
    endpoints: tuple[Endpoint, ...] = ()
    height_call: HeightCall = HeightCall.MULTICALL3
    multicall: str | None = None
    data_fee: DataFee = DataFee.NONE
    explorer: str = ""
    testnet: bool = False
    practice: bool = False
    added_by_hand: bool = False
    chain_hash: str | None = None
