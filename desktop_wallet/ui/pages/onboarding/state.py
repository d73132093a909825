"""The way in, without Qt: which steps there are for whom, in which order, and what has been chosen so far.

Nothing is asked of any server before the networks step is done (requirement P8); so the search for used accounts
comes after it. No secret is held here but a new phrase, between being shown and being checked.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import WalletId
    from desktop_wallet.core.errors import KeyringFailure

PASSWORD_MINIMUM = 8
FIRST_NAME = "Main"


class Bring(enum.Enum):
    """What a person comes with."""

    CREATE = "create"
    PHRASE = "phrase"
    KEY = "key"
    BACKUP = "backup"
    WATCH = "watch"


class Step(enum.Enum):
    """One page of the way in; the value is the part of the way it belongs to."""

    SOURCE = ("Start", 1)
    PROFILE = ("Password", 1)
    KEYRING = ("Password", 2)
    NEW_PHRASE = ("Wallet", 1)
    WRITTEN_DOWN = ("Wallet", 2)
    PHRASE = ("Wallet", 3)
    KEY = ("Wallet", 4)
    RESTORE = ("Wallet", 5)
    WATCH = ("Wallet", 6)
    NETWORKS = ("Networks", 1)
    BACKUP = ("Backup", 1)

    @property
    def part(self) -> str:
        """Return the word for the part of the way."""
        return self.value[0]


_WALLET_STEPS = {
    Bring.CREATE: (Step.NEW_PHRASE, Step.WRITTEN_DOWN),
    Bring.PHRASE: (Step.PHRASE,),
    Bring.KEY: (Step.KEY,),
    Bring.BACKUP: (Step.RESTORE,),
    Bring.WATCH: (Step.WATCH,),
}
_BEFORE_THE_PROFILE = (Step.SOURCE, Step.PROFILE, Step.KEYRING)
_BACKED_UP_AFTERWARDS = (Bring.CREATE, Bring.PHRASE, Bring.KEY)
"""Who is offered a backup file: a restored wallet has one, a watched address has nothing to keep."""


@dataclass(slots=True)
class Onboarding:
    """One person's way in. `bring` None asks for it first."""

    bring: Bring | None = None
    taken_names: tuple[str, ...] = ()
    only_networks: bool = False
    """The profile is there already: only its networks were never chosen."""
    adding: bool = False
    """The wallet is open already: another one is added to it."""
    at: int = 0
    name: str = ""
    password: str = field(default="", repr=False)
    keyring_problem: KeyringFailure | None = None
    without_keyring: bool = False
    profile_made: bool = False
    wallet_made: bool = False
    words: int = 12
    phrase: str = field(default="", repr=False)
    search_wallet: WalletId | None = None
    """The imported phrase whose used accounts are to be looked for, once that may be asked."""
    _asked_source: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Remember whether it has to be asked what the person brings."""
        self._asked_source = self.bring is None and not self.only_networks

    def steps(self) -> tuple[Step, ...]:
        """Return every step of this way, as far as it is known by now."""
        if self.only_networks:
            return (Step.NETWORKS,)
        steps = [Step.SOURCE] if self._asked_source else []
        if not self.adding:
            steps.append(Step.PROFILE)
        if self.keyring_problem is not None:
            steps.append(Step.KEYRING)
        if self.bring is not None:
            steps += _WALLET_STEPS[self.bring]
        if not self.adding:
            steps.append(Step.NETWORKS)
        if self.bring in _BACKED_UP_AFTERWARDS:
            steps.append(Step.BACKUP)
        return tuple(steps)

    @property
    def step(self) -> Step:
        """Return the step that is shown."""
        return self.steps()[self.at]

    @property
    def is_last(self) -> bool:
        """Return whether nothing comes after this step."""
        return self.at == len(self.steps()) - 1

    def parts(self) -> tuple[str, ...]:
        """Return the parts of the way in order, each once."""
        parts = list(dict.fromkeys(step.part for step in self.steps()))
        if self._asked_source and self.bring is None:
            parts.insert(parts.index("Networks") if "Networks" in parts else len(parts), "Wallet")
        return tuple(parts)

    def forward(self) -> Step:
        """Go to the next step and return it."""
        if not self.is_last:
            self.at += 1
        return self.step

    @property
    def can_go_back(self) -> bool:
        """Return whether the step before may be shown again: nothing that was made is made twice."""
        if self.at == 0 or self.wallet_made:
            return False
        return self.adding or not (self.profile_made and self.steps()[self.at - 1] in _BEFORE_THE_PROFILE)

    def back(self) -> Step:
        """Go to the step before and return it."""
        if self.can_go_back:
            self.at -= 1
        return self.step

    @property
    def can_leave(self) -> bool:
        """Return whether the person may start over: nothing would be lost but an empty profile."""
        return not self.wallet_made and not self.only_networks

    def suggested_name(self) -> str:
        """Return a name for the profile that no other has."""
        if FIRST_NAME not in self.taken_names:
            return FIRST_NAME
        number = 2
        while f"{FIRST_NAME} {number}" in self.taken_names:
            number += 1
        return f"{FIRST_NAME} {number}"

    def forget_secrets(self) -> None:
        """Drop password and phrase."""
        self.password = ""
        self.phrase = ""


def password_hint(password: str) -> str:
    """Return what to say of a new password while it is typed."""
    missing = PASSWORD_MINIMUM - len(password)
    if not password:
        return f"{PASSWORD_MINIMUM} characters or more. Four or five words that do not belong together are good."
    if missing > 0:
        return f"{missing} more character{'' if missing == 1 else 's'} needed."
    if len(set(password)) <= 2:
        return "Long enough, but easy to guess: it repeats itself."
    return "Long enough. Longer is better."
