"""What the draft says beside its fields: what is wrong, what may be spent, what is still missing. No Qt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.errors import NotEnough
from desktop_wallet.core.fees import Speed
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.send.names import money, symbol
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.errors import InvalidAddress, InvalidAmount, WalletError
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.catalogue import Catalogue

_ADDRESS_LENGTH = 42
_PREFIX = "0x"
_PLACES = 9
_NAME = re.compile(r"[^\s.:/]+(\.[^\s.:/]+)+")
"""Such as vitalik.eth."""
AMOUNT_HINT = "With a point before the decimals, such as 0.25."
RECIPIENT_HINT = "The whole address, or one of your own accounts."


def recipient_problem(error: InvalidAddress, text: str, *, typing: bool) -> str:
    """Return what is wrong with a recipient; while somebody is `typing`, not that it is unfinished."""
    typed = text.strip()
    if not typed:
        return "" if typing else "Type or paste the address of whoever is paid."
    if typing and len(typed) < _ADDRESS_LENGTH and _PREFIX.startswith(typed[:2].lower()):
        return ""
    if not all(character.isprintable() for character in typed):
        return "There is a character in it that cannot be seen. Delete everything, and type or paste the address again."
    if _NAME.fullmatch(typed):
        return "Names are not looked up. Type or paste the address itself: it begins with 0x."
    if " " in typed:
        return "There are spaces in it. An address stands here without them."
    problem = error.data.get("problem")
    if problem == "length":
        return f"An address has {_ADDRESS_LENGTH} characters; this has {len(typed)}."
    return error_text(error).sentence


def amount_problem(error: InvalidAmount, text: str, asset: Asset, *, typing: bool) -> str:
    """Return what is wrong with an amount; while somebody is `typing`, not that it is unfinished."""
    problem = error.data.get("problem")
    if problem == "empty":
        return "" if typing else "Type how much is sent."
    if problem == "zero":
        return "" if typing else "That is nothing. Type how much is sent."
    if problem == "too-fine":
        if not asset.decimals:
            return f"{symbol(asset)} has no decimals."
        return f"{symbol(asset)} has {count_text(asset.decimals, 'decimal')} at most."
    if problem == "not-a-number" and "," in text:
        return "A comma may only group thousands. Decimals come after a point, such as 0.25."
    return error_text(error).sentence


def spendable_text(spendable: int | None, reading: Reading | None, asset: Asset) -> str:
    """Return what may be spent of a balance: "Spendable 2.48 ETH · reserved 0.1"."""
    if reading is None or spendable is None:
        return f"Nobody knows yet how much {symbol(asset)} there is."
    text = f"Spendable {money(spendable, asset, max_places=_PLACES)}"
    reserved = reading.amount - spendable
    if reserved > 0:
        text += f" · reserved {shown_text(Amount(reserved, asset.decimals), max_places=_PLACES)}"
    return text


def too_much_text(amount: int, spendable: int | None, asset: Asset) -> str:
    """Return that an amount is more than is known to be spendable; empty if it is not, or nothing is known."""
    if spendable is None or amount <= spendable:
        return ""
    return f"That is more than the {money(spendable, asset, max_places=_PLACES)} that can be spent now."


def most_text(left_at_most: int, asset: Asset) -> str:
    """Return what stays behind after everything is sent, in base units at most."""
    if not left_at_most:
        return f"All of it. No {symbol(asset)} is left over; the fee is paid in the coin of the network."
    left = money(left_at_most, asset, max_places=_PLACES)
    return f"At most {left} may be left over: it is held back for the fee."


def not_enough_text(error: NotEnough, coin: Asset, asset: Asset) -> str:
    """Return what is missing, in whole sentences."""
    needed, available = error.data.get("needed"), error.data.get("available")
    short = coin if error.data.get("asset") == coin.id else asset
    if not isinstance(needed, int) or not isinstance(available, int):
        return error_text(error).text
    there = money(available, short, max_places=_PLACES)
    takes = money(needed, short, max_places=_PLACES)
    if error.data.get("fee"):
        what = "With its fee, this" if short.id == asset.id else "The fee of this"
        return f"{what} takes {takes} at most, and {there} can be spent. Send less, or choose a lower fee."
    return f"This takes {takes}, and {there} can be spent. Send less."


def problem_text(error: WalletError, asset: AssetId | None, catalogue: Catalogue) -> str:
    """Return why a draft of this asset could not be reviewed, or its review not be signed, in whole sentences."""
    if isinstance(error, NotEnough) and asset is not None:
        coin = native_asset(catalogue.network(asset.network))
        return not_enough_text(error, coin, catalogue.asset(asset))
    return refusal(error, lambda network: catalogue.network(network).name)


def refusal(error: WalletError, names: Callable[[NetworkId], str]) -> str:
    """Return why something about a transfer was not done."""
    why = str(error.data.get("why", ""))
    return _NOT_ALLOWED.get(why) or error_text(error, names).text


_NOT_ALLOWED = {
    "watch-only": "The key of this account is not here, so nothing can be sent from it.",
    "no-secret": "The key of this account is not here, so nothing can be sent from it.",
    "replaced-gone": "The transfer that this was to replace has an outcome already. Nothing was signed.",
    "already-mined": "The transfer that this was to replace has an outcome already. Nothing was signed.",
    "in-doubt": (
        "Not every server of this network has said yet whether it has the transfer that this was to replace. Try again "
        "in a moment. A server that is down for good keeps this so: remove it under Settings, Networks."
    ),
    "network-off": "This network is switched off, so nothing is asked of it. Switch it on under Settings, Networks.",
    "removed-asset": "This token was removed from the wallet. Add it again under Accounts, Tokens, to go on.",
    "refused-fee": "No network takes this fee. Choose another one.",
}


def speed_hint(speed: Speed) -> str:
    """Return which fee the review begins with; empty for the usual one."""
    if speed is Speed.NORMAL:
        return ""
    return f"The fee you chose before stays: {speed.value}."
