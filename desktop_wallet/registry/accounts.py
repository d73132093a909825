"""Wallets and their accounts: every address, zero balances included (requirements R1, R3). No secrets here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.accounts import (
    Account,
    AccountId,
    AccountSource,
    DerivationPath,
    PathScheme,
    Wallet,
    WalletId,
    WalletKind,
)
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import RegistryDamaged, UserError
from desktop_wallet.core.networks import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.registry.database import Connection, Database

_DAY_S: Final = 86_400.0
_WALLETS: Final = "SELECT id, label, kind, created_at_s, backed_up, scheme FROM wallets ORDER BY place"
_ACCOUNTS: Final = """SELECT id, wallet, family, address, label, source, created_at_s, path, last_active_s,
    is_contract, hidden FROM accounts ORDER BY place"""


@dataclass(frozen=True, slots=True)
class RegistryStatistics:
    """How many accounts the registry holds, how many are contracts, and how many were active in the last 24 h."""

    total: int
    contracts: int
    active_24h: int


class AccountRows:
    """Reads and writes wallets and accounts. Lists come in the order in which their members were added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_accounts(self) -> tuple[tuple[Wallet, ...], tuple[Account, ...]]:
        """Return all wallets and all accounts, hidden ones too."""

        def work(connection: Connection) -> tuple[list[Any], list[Any]]:
            return connection.execute(_WALLETS).fetchall(), connection.execute(_ACCOUNTS).fetchall()

        wallets, accounts = await self._database.read(work)
        try:
            return tuple(map(_wallet, wallets)), tuple(map(_account, accounts))
        except (ValueError, KeyError, UserError) as error:
            raise RegistryDamaged(problem="accounts") from error

    async def add_wallet(self, wallet: Wallet, accounts: Sequence[Account] = ()) -> None:
        """Store a wallet with its first accounts, or nothing: AlreadyThere if one of them is known."""

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO wallets VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM wallets))",
                (wallet.id, wallet.label, wallet.kind.value, wallet.created_at_s, wallet.backed_up, wallet.scheme.name),
            )
            _insert(connection, accounts)

        await self._database.write(work)

    async def add_accounts(self, accounts: Sequence[Account]) -> None:
        """Store accounts of known wallets, all or none: AlreadyThere if a wallet has the address or the id is taken."""
        await self._database.write(lambda connection: _insert(connection, accounts))

    async def rename_wallet(self, wallet: WalletId, label: str) -> None:
        """Give a wallet another label."""
        await self._change("UPDATE wallets SET label = ? WHERE id = ?", (label, wallet))

    async def rename_account(self, account: AccountId, label: str) -> None:
        """Give an account another label."""
        await self._change("UPDATE accounts SET label = ? WHERE id = ?", (label, account))

    async def set_hidden(self, account: AccountId, *, hidden: bool) -> None:
        """Take an account out of sight, or back."""
        await self._change("UPDATE accounts SET hidden = ? WHERE id = ?", (hidden, account))

    async def set_contract(self, address: Address, *, is_contract: bool) -> None:
        """Note whether code lives at an address."""
        await self._change(
            "UPDATE accounts SET is_contract = ? WHERE family = ? AND address = ?",
            (is_contract, address.family.value, address.text),
        )

    async def mark_backed_up(self, wallet: WalletId) -> None:
        """Note that the person holds a backup of the wallet."""
        await self._change("UPDATE wallets SET backed_up = 1 WHERE id = ?", (wallet,))

    async def remove_wallet(self, wallet: WalletId) -> None:
        """Forget a wallet and its accounts."""
        await self._change("DELETE FROM wallets WHERE id = ?", (wallet,))

    async def touch_active(self, addresses: Iterable[Address], at: Instant) -> None:
        """Note that these addresses were active at `at`; an earlier time than the one noted changes nothing."""
        rows = [(at.wall_s, address.family.value, address.text) for address in addresses]

        def work(connection: Connection) -> None:
            connection.executemany(
                """UPDATE accounts SET last_active_s = max(?, coalesce(last_active_s, 0))
                   WHERE family = ? AND address = ?""",
                rows,
            )

        await self._database.write(work)

    async def last_active(self, address: Address) -> float | None:
        """Return when an amount of the address last changed, in Unix seconds; None if that was never seen."""

        def work(connection: Connection) -> float | None:
            name = (address.family.value, address.text)
            row = connection.execute(
                "SELECT max(last_active_s) FROM accounts WHERE family = ? AND address = ?", name
            ).fetchone()
            return None if row[0] is None else float(row[0])

        return await self._database.read(work)

    async def statistics(self, now: Instant) -> RegistryStatistics:
        """Return the counts of requirement R3; an address in two wallets counts once."""

        def work(connection: Connection) -> RegistryStatistics:
            row = connection.execute(
                """SELECT count(*), coalesce(sum(contract), 0), coalesce(sum(active > ?), 0)
                   FROM (SELECT max(coalesce(is_contract, 0)) AS contract, max(coalesce(last_active_s, 0)) AS active
                         FROM accounts GROUP BY family, address)""",
                (now.wall_s - _DAY_S,),
            ).fetchone()
            return RegistryStatistics(*row)

        return await self._database.read(work)

    async def _change(self, statement: str, values: tuple[object, ...]) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement, values)

        await self._database.write(work)


def _insert(connection: Connection, accounts: Sequence[Account]) -> None:
    connection.executemany(
        """INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
           (SELECT coalesce(max(place), 0) + 1 FROM accounts))""",
        [
            (
                account.id,
                account.wallet,
                account.family.value,
                account.address.text,
                account.label,
                account.source.value,
                account.created_at_s,
                None if account.path is None else str(account.path),
                account.last_active_s,
                account.is_contract,
                account.hidden,
            )
            for account in accounts
        ],
    )


def _wallet(row: Sequence[Any]) -> Wallet:
    wallet, label, kind, created_at_s, backed_up, scheme = row
    return Wallet(WalletId(wallet), label, WalletKind(kind), created_at_s, bool(backed_up), PathScheme[scheme])


def _account(row: Sequence[Any]) -> Account:
    account, wallet, family, address, label, source, created_at_s, path, last_active_s, is_contract, hidden = row
    return Account(
        id=AccountId(account),
        wallet=WalletId(wallet),
        family=Family(family),
        address=Address(Family(family), address),
        label=label,
        source=AccountSource(source),
        created_at_s=created_at_s,
        path=None if path is None else DerivationPath.parse(path),
        last_active_s=last_active_s,
        is_contract=None if is_contract is None else bool(is_contract),
        hidden=bool(hidden),
    )
