"""The rows of the Activity page: what was sent and what came in, which of it is wanted, and in which order. No Qt."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from desktop_wallet.core.receipts import Received
from desktop_wallet.core.transfers import Transfer, TransferId, TransferState
from desktop_wallet.services.activity import ActivityFilter, ActivityNames, matches, newest_first
from desktop_wallet.ui.models.activity_hidden import Hidden
from desktop_wallet.ui.models.activity_names import NamesOfActivity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.spam import Suspicion
    from desktop_wallet.ui.models.balance_names import AssetWords
    from desktop_wallet.ui.models.sources import AccountSource, CatalogueSource

ActivityKey = TransferId | Received
"""Names a row: a transfer by its id, for its state changes; what came in by itself, for it never does."""
_DOUBTFUL = frozenset({TransferState.UNKNOWN, TransferState.DROPPED})
_PROBLEMS = _DOUBTFUL | {TransferState.FAILED}


class TransferSource(Protocol):
    """The transfers of a profile, from memory."""

    def all(self) -> tuple[Transfer, ...]:
        """Return every transfer, newest first."""
        ...

    def get(self, transfer: TransferId, /) -> Transfer:
        """Return one transfer as it is now."""
        ...

    def siblings(self, transfer: Transfer, /) -> tuple[Transfer, ...]:
        """Return our other transactions of the same nonce, the first one first."""
        ...


class Group(enum.Enum):
    """What a person can ask to see alone."""

    ALL = "all"
    WAITING = "waiting"
    DONE = "done"
    PROBLEMS = "problems"


def groups_of(entry: Transfer | Received) -> frozenset[Group]:
    """Return the groups that an entry belongs to. What is Unknown waits, and is a problem too."""
    if isinstance(entry, Received):
        return _DONE
    closed = entry.closed and not entry.state.is_mined and entry.state is not TransferState.REPLACED
    problem = entry.state in _PROBLEMS or closed
    if entry.is_waiting:
        return _WAITING_PROBLEM if problem else _WAITING
    return _PROBLEM if problem else _DONE


_DONE = frozenset({Group.ALL, Group.DONE})
_WAITING = frozenset({Group.ALL, Group.WAITING})
_PROBLEM = frozenset({Group.ALL, Group.PROBLEMS})
_WAITING_PROBLEM = _WAITING | _PROBLEM
_EVERYTHING = ActivityFilter()


@dataclass(frozen=True, slots=True)
class ActivityView:
    """What a person asked to see.

    `pinned` is the row whose details are open: it stays in sight even when its new state would filter it out.
    """

    group: Group = Group.ALL
    network: NetworkId | None = None
    account: Address | None = None
    search: str = ""
    pinned: ActivityKey | None = None
    hidden: bool = False
    """Whether what is suspected of being spam is in sight too."""

    @property
    def narrowed(self) -> bool:
        """Return whether anything is out of sight."""
        return bool(self.search.strip()) or (self.group, self.network, self.account) != (Group.ALL, None, None)


@dataclass(frozen=True, slots=True)
class SentRow:
    """A transfer as rows show it.

    `recipient` and the shorter `payee` are empty for an address that is not ours. `under`: it stands right below a
    later transaction of the same nonce.
    """

    transfer: Transfer
    siblings: tuple[Transfer, ...]
    asset: AssetWords
    coin: AssetWords
    sender: str
    recipient: str
    payee: str
    under: bool = False

    @property
    def network(self) -> Network:
        """Return the network it is on."""
        return self.asset.network


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """What came in, as rows show it. `account`, and shorter `payee`, is which of ours it came to.

    `sender` is the account of ours that paid, empty for a stranger. `found`: its token is in no list and nobody took
    it. `imitated`: the known asset that a token added by hand can be taken for.
    """

    received: Received
    asset: AssetWords
    account: str
    payee: str
    sender: str = ""
    suspicion: Suspicion | None = None
    found: bool = False
    imitated: Asset | None = None

    @property
    def network(self) -> Network:
        """Return the network it is on."""
        return self.asset.network


Row = SentRow | ReceivedRow


class ActivityRows:
    """Holds what there is by number, and the numbers in the order of the lines that show them."""

    def __init__(self) -> None:
        self.view = ActivityView()
        self.lines: list[int] = []
        self.names: NamesOfActivity | None = None
        self._called: ActivityNames | None = None
        self._chosen = _EVERYTHING
        self._wants_all = True
        self._source: TransferSource | None = None
        self._received: tuple[Received, ...] = ()
        self._keys: list[ActivityKey] = []
        self._numbers: dict[ActivityKey, int] = {}
        self._order: list[int] = []
        """Every row, wanted or not, in the order of the page."""
        self._slots: dict[tuple[object, ...], int] = {}
        self._slot_of: list[int] = []
        """For each row a number for its nonce; for what came in one of its own."""
        self._groups: dict[int, frozenset[Group]] = {}
        self._doubts: set[int] = set()
        self._found: dict[int, bool] = {}
        """Whether a row matches the search, once that was asked."""
        self._looked_through = 0
        """How many rows of the order were asked by `look_on`."""
        self.hidden = Hidden()
        self._sources: tuple[AccountSource, CatalogueSource] | None = None

    # What there is

    def load(
        self,
        source: TransferSource,
        received: tuple[Received, ...],
        accounts: AccountSource,
        catalogue: CatalogueSource,
    ) -> None:
        """Take over everything anew, names included."""
        self._source, self._received = source, received
        self._sources = (accounts, catalogue)
        self._name_anew()
        self._forget_rows()
        self._sort()
        self._judge_anew()

    def clear(self) -> None:
        """Drop everything."""
        self._source, self._received, self.names, self._called = None, (), None, None
        self._sources = None
        self._forget_rows()

    def update(self, transfers: Iterable[TransferId], received: tuple[Received, ...] | None = None) -> set[int]:
        """Take over what changed, and what came in if that did.

        Return the rows that say something else now: those of the transfers, and of others with their nonces.
        """
        source = self._source
        if source is None:
            return set()
        known = len(self._keys)
        changed = [source.get(each) for each in transfers]
        if received is not None:
            self._received = received
        touched = {each.id for transfer in changed for each in (transfer, *source.siblings(transfer))}
        if received is not None or any(each not in self._numbers for each in touched):
            self._sort()
        numbers = {self._numbers[each] for each in touched}
        if received is not None:
            self._name_anew()  # a found token may have told what it is
            numbers |= self._judge_anew()
        for number in numbers:
            self._found.pop(number, None)
            self._sort_out(number)
        return {number for number in numbers if number < known}

    def show(self, view: ActivityView) -> None:
        """Want these rows from now on."""
        if (view.network, view.account, view.search) != (self.view.network, self.view.account, self.view.search):
            self._found.clear()
            self._looked_through = 0
        self.view = view
        self._chosen = ActivityFilter(
            networks=frozenset() if view.network is None else frozenset({view.network}),
            accounts=frozenset() if view.account is None else frozenset({view.account}),
            text=view.search,
        )
        self._wants_all = not self._chosen.text.split() and replace(self._chosen, text="") == _EVERYTHING

    @property
    def total(self) -> int:
        """Return how many rows there are, wanted or not; without those that are out of sight as suspected."""
        return len(self._order) - (0 if self.view.hidden else len(self.hidden))

    def count(self, group: Group) -> int:
        """Return how many rows of a group there are, wanted or not."""
        return sum(group in groups for groups in self._groups.values())

    @property
    def in_doubt(self) -> int:
        """Return how many transfers are Unknown or Dropped, and not closed by hand."""
        return len(self._doubts)

    def entries(self) -> list[Transfer | Received]:
        """Return what the lines show, in their order."""
        return [self._entry(number) for number in self.lines]

    # Looking through thousands

    @property
    def unlooked(self) -> int:
        """Return how many rows may still have to be asked whether they match, before `laid_out` is quick."""
        return len(self._order) - self._looked_through if not self._wants_all else 0

    def look_on(self, count: int) -> None:
        """Ask so many more rows whether they match."""
        end = self._looked_through + count
        for number in self._order[self._looked_through : end]:
            self._is_found(number)
        self._looked_through = min(end, len(self._order))

    # Lines

    def laid_out(self) -> list[int]:
        """Return the wanted rows in their order."""
        return [number for number in self._order if self._is_wanted(number)]

    def settle(self, lines: list[int]) -> None:
        """Have these lines."""
        self.lines = lines

    def key(self, number: int) -> ActivityKey:
        """Return what names a row."""
        return self._keys[number]

    def number(self, key: ActivityKey) -> int | None:
        """Return the number of a row, None if there is none."""
        return self._numbers.get(key)

    def row(self, number: int, *, under: bool = False) -> Row:
        """Return a row as it is now."""
        names, source = self.names, self._source
        if names is None or source is None:
            raise LookupError(number)
        entry = self._entry(number)
        if isinstance(entry, Received):
            asset, address = names.asset(entry.asset), entry.address
            return ReceivedRow(
                entry,
                asset,
                names.account(address),
                names.short_account(address),
                "" if entry.trace is None else names.account(entry.trace.sender),
                self.hidden.why(number),
                not names.is_ours(entry.asset) and self.hidden.words(entry.asset) is not None,
                self.hidden.imitated(asset.asset),
            )
        draft = entry.draft
        return SentRow(
            entry,
            source.siblings(entry),
            names.asset(draft.asset),
            names.asset(entry.fee.asset),
            names.account(draft.sender),
            names.account(draft.recipient),
            names.short_account(draft.recipient),
            under,
        )

    def same_nonce(self, one: int, other: int) -> bool:
        """Return whether two rows are transactions of one nonce."""
        return self._slot_of[one] == self._slot_of[other]

    # Within

    def _entry(self, number: int) -> Transfer | Received:
        key = self._keys[number]
        if isinstance(key, Received):
            return key
        if self._source is None:
            raise LookupError(number)
        return self._source.get(key)

    def _sort(self) -> None:
        """Put everything in order: newest first, and what has one nonce together, the last signed on top."""
        source = self._source
        if source is None:
            return
        order: dict[int, None] = {}
        for entry in newest_first(source.all(), self._received):
            if isinstance(entry, Received):
                order[self._number(entry)] = None
                continue
            others = source.siblings(entry)
            if not others:
                order[self._number(entry.id)] = None
                continue
            for each in sorted((entry, *others), key=lambda t: t.attempt, reverse=True):
                order.setdefault(self._number(each.id), None)
        self._order = list(order)

    def _number(self, key: ActivityKey) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
            entry = self._entry(number)
            slot = (entry,) if isinstance(entry, Received) else entry.slot
            self._slot_of.append(self._slots.setdefault(slot, number))
            self._sort_out(number)
        return number

    def _sort_out(self, number: int) -> None:
        """Note which groups a row belongs to now, and whether it is in doubt."""
        entry = self._entry(number)
        self._groups[number] = groups_of(entry)
        if isinstance(entry, Transfer) and entry.state in _DOUBTFUL and not entry.closed:
            self._doubts.add(number)
        else:
            self._doubts.discard(number)

    def _name_anew(self) -> None:
        if self._sources is not None:
            self.names = NamesOfActivity(*self._sources, self.hidden.words)
            self._called = self.names.for_search()

    def _judge_anew(self) -> set[int]:
        """Judge all that came in; return the rows that say something else now."""
        rows = [(number, key) for number in self._order if isinstance(key := self._keys[number], Received)]
        changed = self.hidden.judge_anew(rows)
        named = self.names
        return changed | {number for number, key in rows if named is not None and not named.is_ours(key.asset)}

    def _forget_rows(self) -> None:
        held = (
            self.lines,
            self._keys,
            self._numbers,
            self._order,
            self._slots,
            self._slot_of,
            self._groups,
            self.hidden,
        )
        for each in (*held, self._doubts, self._found):
            each.clear()
        self._looked_through = 0

    def _is_wanted(self, number: int) -> bool:
        if self._keys[number] == self.view.pinned:
            return True
        if number in self.hidden and not self.view.hidden:
            return False
        return self.view.group in self._groups[number] and self._is_found(number)

    def _is_found(self, number: int) -> bool:
        if self._wants_all:
            return True
        found = self._found.get(number)
        if found is None:
            found = self._found[number] = self._called is not None and matches(
                self._entry(number), self._chosen, self._called
            )
        return found
