"""Profiles, the wallets in them, and the accounts of a wallet."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import NewType

from typing_extensions import override

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import InvalidPath
from desktop_wallet.core.networks import Family

ProfileId = NewType("ProfileId", str)
"""A random UUID in hexadecimal; also the name of the profile's folder."""
WalletId = NewType("WalletId", str)
"""A random UUID in hexadecimal; also the name of the wallet's sealed secret."""
AccountId = NewType("AccountId", str)
"""A random UUID in hexadecimal."""


class WalletKind(enum.Enum):
    """What a wallet is made of."""

    PHRASE = "phrase"
    PRIVATE_KEY = "private-key"
    WATCH = "watch"


class AccountSource(enum.Enum):
    """How an account came into the wallet."""

    CREATED = "created"
    IMPORTED = "imported"
    WATCHED = "watched"
    DISCOVERED = "discovered"


_HARDENED = 1 << 31
_PATH = re.compile(r"m(/[0-9]{1,10}['hH]?){1,10}")


@dataclass(frozen=True, slots=True, order=True)
class DerivationPath:
    """A BIP-32 path: child numbers with the hardened bit set where it is."""

    children: tuple[int, ...]

    @override
    def __str__(self) -> str:
        """Return the text form, hardened steps with an apostrophe."""
        return "/".join(["m", *(f"{n - _HARDENED}'" if n >= _HARDENED else str(n) for n in self.children)])

    @classmethod
    def parse(cls, text: str) -> DerivationPath:
        """Return the path a text names; InvalidPath if it is none."""
        trimmed = text.strip()
        if not _PATH.fullmatch(trimmed):
            raise InvalidPath(text=trimmed[:80])
        children = []
        for step in trimmed.split("/")[1:]:
            number = int(step.rstrip("'hH"))
            if number >= _HARDENED:
                raise InvalidPath(text=trimmed[:80])
            children.append(number + _HARDENED if step[-1] in "'hH" else number)
        return cls(tuple(children))


class PathScheme(enum.Enum):
    """The orders in which wallets derive accounts on EVM networks; `{n}` is the account's number."""

    BIP44 = "m/44'/60'/0'/0/{n}"
    LEDGER_LIVE = "m/44'/60'/{n}'/0/0"
    LEDGER_LEGACY = "m/44'/60'/0'/{n}"

    def path(self, number: int) -> DerivationPath:
        """Return the path of the account with that number, counted from 0."""
        return DerivationPath.parse(self.value.format(n=number))


@dataclass(frozen=True, slots=True)
class Wallet:
    """One phrase, one key, or a set of watched addresses. `created_at_s` is Unix time."""

    id: WalletId
    label: str
    kind: WalletKind
    created_at_s: float
    backed_up: bool = False
    """Whether the person has shown that the phrase was written down, or saved a backup file."""
    scheme: PathScheme = PathScheme.BIP44
    """The order in which a phrase's further accounts are derived; the first account is the same in several."""


@dataclass(frozen=True, slots=True)
class Account:
    """One address of a wallet. `path` is None for a single key and for a watched address."""

    id: AccountId
    wallet: WalletId
    family: Family
    address: Address
    label: str
    source: AccountSource
    created_at_s: float
    path: DerivationPath | None = None
    last_active_s: float | None = None
    is_contract: bool | None = None
    hidden: bool = False
