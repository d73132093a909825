"""BIP-39 phrases in English: made, checked, completed."""

from __future__ import annotations

import bisect
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.errors import InvalidPhrase
from desktop_wallet.sealing import wipe

if TYPE_CHECKING:
    from mnemonic import Mnemonic

WORD_COUNTS: Final = (12, 15, 18, 21, 24)
_BITS_OF_WORDS: Final = {12: 128, 15: 160, 18: 192, 21: 224, 24: 256}


@lru_cache(maxsize=1)
def _english() -> Mnemonic:
    from mnemonic import Mnemonic  # noqa: PLC0415 - reads its word list from disk: only who needs it pays

    return Mnemonic("english")


@lru_cache(maxsize=1)
def word_list() -> tuple[str, ...]:
    """Return the 2,048 words in alphabetical order (BIP-39, English)."""
    return tuple(_english().wordlist)


@lru_cache(maxsize=1)
def _known_words() -> frozenset[str]:
    return frozenset(word_list())


def complete(prefix: str) -> tuple[str, ...]:
    """Return the words that begin with what was typed, in order; none for an empty prefix."""
    begun = unicodedata.normalize("NFKD", prefix).strip().lower()
    if not begun:
        return ()
    words = word_list()
    first = bisect.bisect_left(words, begun)
    last = bisect.bisect_right(words, begun + "\U0010ffff")
    return words[first:last]


def new_phrase(words: int = 12) -> str:
    """Return a fresh phrase of 12, 15, 18, 21 or 24 words from the system's random source."""
    phrase: str = _english().generate(strength=_BITS_OF_WORDS[words])
    return phrase


def check_phrase(text: str) -> str:
    """Return the phrase in lower case with single spaces; InvalidPhrase says what is wrong, and at which word.

    Accepts 12, 15, 18, 21 or 24 English words, any spacing and case, and any Unicode form (NFKD, as BIP-39 asks).
    """
    phrase = _tidied(text)
    words = phrase.split()
    for position, word in enumerate(words, start=1):
        if word not in _known_words():
            raise InvalidPhrase(problem="word", position=position, word_count=len(words))
    if len(words) not in WORD_COUNTS:
        raise InvalidPhrase(problem="count", position=None, word_count=len(words))
    try:
        wipe(_english().to_entropy(phrase))
    except ValueError:
        raise InvalidPhrase(problem="checksum", position=None, word_count=len(words)) from None
    return phrase


def entropy_of(phrase: str) -> bytearray:
    """Return the 16 to 32 bytes a checked phrase stands for; the caller wipes them."""
    entropy: bytearray = _english().to_entropy(phrase)
    return entropy


def phrase_of(entropy: bytes | bytearray) -> str:
    """Return the phrase of an entropy."""
    phrase: str = _english().to_mnemonic(bytes(entropy))
    return phrase


def seed_of(phrase: str, passphrase: str) -> bytearray:
    """Return the 64-byte seed (BIP-39: PBKDF2-HMAC-SHA512, 2,048 rounds); the caller wipes it."""
    return bytearray(_english().to_seed(phrase, passphrase))


def _tidied(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKD", text).lower().split())
