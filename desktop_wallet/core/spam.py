"""What makes a token or a payment suspicious: pure rules, each with a reason that can be told (requirement P7).

Nothing here is proof. What is suspected is out of sight and not gone: a person can look at it and decide otherwise.

Source: Unicode Technical Standard 39, "Unicode Security Mechanisms" (confusables, mixed scripts), of which the letters
that imitate Latin ones are here; EIP-20.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.addresses import shorten
from desktop_wallet.core.cautions import is_dust, look_alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset


class SuspicionKind(enum.Enum):
    """Why something is suspected."""

    ZERO_VALUE = "zero-value"
    """Nothing was paid: such transfers only put an address into the list (address poisoning)."""
    POISON = "poison"
    """Dust from an address that looks like one that was paid before."""
    SAME_SYMBOL = "same-symbol"
    """Calls itself exactly as a known asset does, under another contract. `other` is the known one."""
    LOOK_ALIKE = "look-alike"
    """Its symbol or name can be taken for that of a known asset. `other` is the known one."""
    MIXED_LETTERS = "mixed-letters"
    """Letters of several alphabets in one word."""
    WEB_ADDRESS = "web-address"
    """Its symbol or name is an address on the web, or bids one to claim something."""
    UNREADABLE = "unreadable"
    """It does not tell its symbol or its decimals."""
    ODD_DECIMALS = "odd-decimals"
    """Fewer or more decimals than tokens have that are used as money."""
    UNWANTED = "unwanted"
    """A person hid it."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One reason, and the known asset it is about where there is one."""

    kind: SuspicionKind
    other: Asset | None = None


FEWEST_DECIMALS: Final = 2
MOST_DECIMALS: Final = 18

# UTS 39, confusables.txt: what looks like a Latin letter. Upper and lower case apart: a small eta looks like an n, a
# large one like an H.
_IMITATED: Final = str.maketrans(
    {
        **dict(zip("АВЕЗКМНОРСТУХЅІЈԌԚԜҮ", "ABE3KMHOPCTYXSIJGQWY", strict=True)),
        **dict(zip("авекмнорстухѕіјһԁԛԝүпгь", "abekmhopctyxsijhdqwynrb", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),  # noqa: RUF001
        **dict(zip("αβεηικνορτυχγω", "abenikvoptuxyw", strict=True)),
        **dict(zip("ϹϲϳՍսօոցһհԍ", "CcjUuonghhg", strict=True)),
        **dict(zip("ıɩɪǀƖℓ∣Ɩӏ", "iiilllll" + "l", strict=True)),  # noqa: RUF001
        **dict(zip("ɑɡƍɋʋᴏᴄᴅᴇᴋᴍᴛᴜᴠᴡᴢ", "agbqvocdekmtuvwz", strict=True)),
        **dict(zip("₿$€£₮Ɖ", "bselTD", strict=True)),
    }
)
_SAME_SHAPE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b"})
_ALPHABETS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
_WEB: Final = re.compile(
    r"https?:|www\.|t\.me\b|"
    r"[a-z0-9-]{2,}\s?\.\s?(?:com|net|org|io|xyz|app|fi|finance|top|site|online|link|info|cc|gg|me|co|lat|vip|pro|club"
    r"|live|us|ru|cn|network|exchange|claims?|events?|gift|gifts|limo|cash|fund|lol|fun|win|space|store|website|world"
    r"|money|bond|click|pw|tk|ml|to|dev|ai|day|run|bz|is|in|eu|cfd|icu|sbs)\b"
)
_BIDS: Final = re.compile(r"\b(?:claim|visit|reward|rewards|voucher|airdrop|bonus|giveaway|redeem|free mint)\b")
_COMBINING: Final = "Mn"
_FORMAT: Final = "Cf"


def token_suspicions(token: Asset, known: Iterable[Asset]) -> tuple[Suspicion, ...]:
    """Return why a token that is in no list is suspected, the weightiest first; `known` are coin and lists there.

    A known asset is never suspected of being itself.
    """
    found: list[Suspicion] = []
    others = [asset for asset in known if asset.id != token.id]
    imitated = _imitated(token, others)
    if imitated is not None:
        found.append(imitated)
    words = _plain(f"{token.symbol} {token.name}")
    if _WEB.search(words) or _BIDS.search(words):
        found.append(Suspicion(SuspicionKind.WEB_ADDRESS))
    if any(len(_alphabets(word)) > 1 for word in f"{token.symbol} {token.name}".split()):
        found.append(Suspicion(SuspicionKind.MIXED_LETTERS))
    if token.symbol == shorten(token.id.reference):
        found.append(Suspicion(SuspicionKind.UNREADABLE))
    if not FEWEST_DECIMALS <= token.decimals <= MOST_DECIMALS:
        found.append(Suspicion(SuspicionKind.ODD_DECIMALS))
    return tuple(found)


def payment_suspicion(
    amount: int, decimals: int, sender: Address | None, paid: Callable[[], Iterable[Address]]
) -> Suspicion | None:
    """Return why a payment is suspected, whatever its token; `paid` returns all whom we ever paid more than dust."""
    if amount == 0:
        return Suspicion(SuspicionKind.ZERO_VALUE)
    if sender is not None and is_dust(amount, decimals) and look_alike(sender, paid()) is not None:
        return Suspicion(SuspicionKind.POISON)
    return None


def skeleton(text: str) -> str:
    """Return what is left of a word when everything is gone that an eye may miss: two that agree look alike.

    Compatibility forms, marks, invisible signs, case, punctuation and white space go; letters of other alphabets and
    digits become the Latin letters that they imitate (UTS 39, "skeleton").
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_IMITATED))  # before it makes other letters of some
    seen = "".join(sign for sign in decomposed if unicodedata.category(sign) not in (_COMBINING, _FORMAT))
    # Again and again: capital letters imitate others than their small ones do, and marks hid some.
    folded = unicodedata.normalize("NFKC", seen.translate(_IMITATED)).casefold().translate(_IMITATED).casefold()
    return "".join(sign for sign in folded.translate(_SAME_SHAPE) if sign.isalnum())


def _imitated(token: Asset, others: Iterable[Asset]) -> Suspicion | None:
    shapes = {shape for shape in (skeleton(token.symbol), skeleton(token.name)) if shape}
    alike = None
    for other in others:
        if token.symbol == other.symbol:
            return Suspicion(SuspicionKind.SAME_SYMBOL, other)
        if alike is None and not shapes.isdisjoint((skeleton(other.symbol), skeleton(other.name))):
            alike = Suspicion(SuspicionKind.LOOK_ALIKE, other)
    return alike


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_IMITATED).casefold()


def _alphabets(word: str) -> frozenset[str]:
    names = (unicodedata.name(sign, "") for sign in word if sign.isalpha())
    return frozenset(alphabet for name in names for alphabet in _ALPHABETS if name.startswith(alphabet))
