"""What a network says of a draft before it is signed: fees, the nonce, who the recipient is, and how it would end."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.fees import FeeChoices
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.transfers import Draft


class CodeKind(enum.Enum):
    """What stands at an address."""

    NONE = "none"
    CONTRACT = "contract"
    DELEGATED = "delegated"
    """An account that lets a contract act for it (EIP-7702)."""


@dataclass(frozen=True, slots=True)
class Code:
    """What stands at an address; `delegate` is the contract of a delegated account."""

    kind: CodeKind
    delegate: Address | None = None


class SimulationMethod(enum.Enum):
    """How the outcome was found out."""

    SIMULATE = "eth_simulateV1"
    """Every change of every balance is known."""
    CALL = "eth_call and eth_estimateGas"
    """Only that it would go through; what else would change is not known."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of one balance in the simulation, in base units; the fee is not in it.

    Assets of the namespaces `erc721` and `erc1155` are counted in pieces; what is called so is what its contract says.
    """

    address: Address
    asset: AssetId
    change: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a draft would end at the block it was tried on. `reason`: the contract's own text, cleaned, when it fails."""

    method: SimulationMethod
    succeeds: bool
    gas_used: int
    movements: tuple[Movement, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """All that one batch to one server said of a draft.

    `used_nonces` is the sender's transaction count in the newest block, `waiting_nonces` that count with what waits in
    the server's pool (never below the first).
    """

    draft: Draft
    fees: FeeChoices
    used_nonces: int
    waiting_nonces: int
    sender_code: Code
    recipient_code: Code
    outcome: Outcome
    head: Height
    host: str
    started: Instant
