"""Transfers as tests need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.networks import Family
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.core.transfers import Draft, Fee, Step, Transfer, TransferId, TransferState, advance
from tests.fakes.readings import KEY, NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

SENDER = KEY.address
RECIPIENT = Address(Family.EVM, "0x" + "22" * 20)
STRANGER = Address(Family.EVM, "0x" + "33" * 20)
COIN = KEY.asset
TOKEN = AssetId(NETWORK, "erc20", "0x" + "ab" * 20)
SIGNED_AT_S = 1_790_000_000.0


def block(number: int, branch: str = "a") -> Height:
    """Return a block of one branch of the chain; blocks of other branches have other hashes."""
    return Height(HeightKind.BLOCK, number, f"0x{branch}{number}", f"0x{branch}{number - 1}", 1_790_000_000 + number)


def draft(**chosen: Any) -> Draft:  # noqa: ANN401 - passed on
    fields: dict[str, Any] = {
        "network": NETWORK,
        "sender": SENDER,
        "recipient": RECIPIENT,
        "asset": COIN,
        "amount": 1_000,
        **chosen,
    }
    return Draft(**fields)


def signed(nonce: int = 0, attempt: int = 0, *, fee: Fee | None = None, **chosen: Any) -> Transfer:  # noqa: ANN401 - passed on
    """Return a transfer that is signed and not sent; `chosen` are fields of its draft."""
    name = f"{nonce}-{attempt}"
    return Transfer(
        id=TransferId(f"transfer-{name}"),
        draft=draft(**chosen),
        transaction=TransactionId(f"0x{name}"),
        raw=name.encode(),
        nonce=nonce,
        attempt=attempt,
        fee=fee or Fee(COIN, 21, 42),
        state=TransferState.SIGNED,
        steps=(Step(TransferState.SIGNED, SIGNED_AT_S),),
    )


def through(
    transfer: Transfer, states: Sequence[TransferState], at: Height | None = None, fee_paid: int | None = None
) -> Transfer:
    """Return the transfer after these steps, mined at `at` where the step needs a block."""
    for state in states:
        needs_block = state in (TransferState.CONFIRMED, TransferState.FAILED, TransferState.REPLACED)
        paid = fee_paid if needs_block and state is not TransferState.REPLACED else None
        transfer = advance(
            transfer, Step(state, transfer.steps[-1].at_s + 1.0), block=at if needs_block else None, fee_paid=paid
        )
    return transfer
