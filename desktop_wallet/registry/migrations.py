"""The schema's versions and the steps between them, each in one transaction.

A version is major.minor, kept in SQLite's `user_version` as major × 65536 + minor. A newer minor version only added
what older programs may ignore; a newer major one is refused, and its file is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from desktop_wallet.core.errors import RegistryTooNew

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, order=True)
class SchemaVersion:
    """What a database holds: `major` must be known to read it, `minor` need not."""

    major: int
    minor: int

    @override
    def __str__(self) -> str:
        """Return "1.0"."""
        return f"{self.major}.{self.minor}"

    @property
    def number(self) -> int:
        """Return it as SQLite keeps it."""
        return self.major << 16 | self.minor

    @classmethod
    def of_number(cls, number: int) -> SchemaVersion:
        """Return the version that SQLite kept."""
        return cls(number >> 16, number & 0xFFFF)


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that lead from the version before to this one."""

    to: SchemaVersion
    statements: tuple[str, ...]


def migrate(connection: Any, name: str, migrations: Sequence[Migration]) -> SchemaVersion:  # noqa: ANN401 - see database.py
    """Bring the database up to the last migration and return the version it has then; RegistryTooNew if it is newer.

    Each migration commits together with its version number: a crash leaves the version before, whole.
    """
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    found, known = SchemaVersion.of_number(number), migrations[-1].to
    if found.major > known.major:
        raise RegistryTooNew(name=name, found=str(found), known=str(known))
    connection.execute("PRAGMA journal_mode = WAL")
    for migration in migrations:
        if migration.to <= found:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migration.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migration.to.number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return max(found, known)


# In a scope's columns the empty text stands for None: NULL would never equal NULL in a primary key.
_FIRST: Final = (
    """CREATE TABLE identity (
        one INTEGER PRIMARY KEY CHECK (one = 1), registry TEXT NOT NULL, seq INTEGER NOT NULL,
        chose_networks INTEGER NOT NULL)""",
    "INSERT INTO identity VALUES (1, lower(hex(randomblob(16))), 0, 0)",
    """CREATE TABLE invalidations (
        network TEXT NOT NULL, family TEXT NOT NULL, address TEXT NOT NULL, asset TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (network, family, address, asset)) WITHOUT ROWID""",
    """CREATE TABLE invalidation_log (
        seq INTEGER PRIMARY KEY, cause TEXT NOT NULL, at_s REAL NOT NULL, scopes INTEGER NOT NULL)""",
    """CREATE TABLE wallets (
        id TEXT PRIMARY KEY, label TEXT NOT NULL, kind TEXT NOT NULL, created_at_s REAL NOT NULL,
        backed_up INTEGER NOT NULL, scheme TEXT NOT NULL, place INTEGER NOT NULL)""",
    """CREATE TABLE accounts (
        id TEXT PRIMARY KEY, wallet TEXT NOT NULL REFERENCES wallets (id) ON DELETE CASCADE, family TEXT NOT NULL,
        address TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, created_at_s REAL NOT NULL, path TEXT,
        last_active_s REAL, is_contract INTEGER, hidden INTEGER NOT NULL, place INTEGER NOT NULL,
        UNIQUE (wallet, family, address))""",
    "CREATE INDEX accounts_by_address ON accounts (family, address)",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE chosen_networks (network TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE added_networks (network TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE chosen_endpoints (
        network TEXT NOT NULL, url TEXT NOT NULL, operator TEXT NOT NULL, added_by_hand INTEGER NOT NULL,
        place INTEGER NOT NULL, PRIMARY KEY (network, url)) WITHOUT ROWID""",
    """CREATE TABLE network_facts (
        network TEXT PRIMARY KEY, chain_hash TEXT, block_time_s REAL, noted_at_s REAL NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE tokens (
        asset TEXT PRIMARY KEY, symbol TEXT NOT NULL, name TEXT NOT NULL, decimals INTEGER NOT NULL,
        origin TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE hidden_tokens (asset TEXT PRIMARY KEY) WITHOUT ROWID",
    # Amounts are text: up to 256 bits, which no SQLite number holds.
    """CREATE TABLE interactions (
        family TEXT NOT NULL, address TEXT NOT NULL, asset TEXT NOT NULL, first_seen_s REAL NOT NULL,
        last_seen_s REAL NOT NULL, has_balance INTEGER NOT NULL, highest TEXT NOT NULL, read_at_s REAL NOT NULL,
        PRIMARY KEY (family, address, asset)) WITHOUT ROWID""",
)

# Amounts are text here too. A height is six columns, its kind NULL where there is none.
_TRANSFERS: Final = (
    """CREATE TABLE transfers (
        place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, network TEXT NOT NULL, family TEXT NOT NULL,
        sender TEXT NOT NULL, recipient TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL, kind TEXT NOT NULL,
        replaces TEXT, transaction_id TEXT NOT NULL, raw BLOB NOT NULL, nonce INTEGER NOT NULL,
        attempt INTEGER NOT NULL, fee_asset TEXT NOT NULL, fee_expected TEXT NOT NULL, fee_most TEXT NOT NULL,
        state TEXT NOT NULL,
        block_kind TEXT, block_number INTEGER, block_hash TEXT, block_parent_hash TEXT, block_time_s INTEGER,
        block_commitment TEXT, fee_paid TEXT,
        settled_kind TEXT, settled_number INTEGER, settled_hash TEXT, settled_parent_hash TEXT, settled_time_s INTEGER,
        settled_commitment TEXT, final INTEGER NOT NULL, closed INTEGER NOT NULL, note TEXT NOT NULL,
        UNIQUE (network, family, sender, nonce, attempt), UNIQUE (network, transaction_id))""",
    """CREATE TABLE transfer_steps (
        transfer TEXT NOT NULL REFERENCES transfers (id), place INTEGER NOT NULL, state TEXT NOT NULL,
        at_s REAL NOT NULL, height INTEGER, host TEXT NOT NULL, PRIMARY KEY (transfer, place)) WITHOUT ROWID""",
    """CREATE TABLE received (
        place INTEGER PRIMARY KEY, network TEXT NOT NULL, family TEXT NOT NULL, address TEXT NOT NULL,
        asset TEXT NOT NULL, amount TEXT NOT NULL, from_height INTEGER, to_height INTEGER, seen_at_s REAL NOT NULL,
        host TEXT NOT NULL, UNIQUE (network, family, address, asset, amount, from_height, to_height))""",
    """CREATE TABLE known_from (
        network TEXT NOT NULL, family TEXT NOT NULL, address TEXT NOT NULL, height INTEGER NOT NULL,
        PRIMARY KEY (network, family, address)) WITHOUT ROWID""",
)

# Snapshots are many: what repeats (addresses, assets, hosts, chains) stands in `snapshot_words` once, and is a number.
# A log is named by its place in its block: a transaction that a reorg moved has another one.
_DISCOVERY: Final = (
    "CREATE TABLE snapshot_words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)",
    """CREATE TABLE snapshots (
        owner INTEGER NOT NULL, asset INTEGER NOT NULL, at_s REAL NOT NULL, amount TEXT NOT NULL, height INTEGER,
        block_time_s INTEGER, host INTEGER NOT NULL, chain INTEGER NOT NULL, PRIMARY KEY (owner, asset, at_s))
        WITHOUT ROWID""",
    """CREATE TABLE received_logs (
        place INTEGER PRIMARY KEY, network TEXT NOT NULL, family TEXT NOT NULL, address TEXT NOT NULL,
        asset TEXT NOT NULL, amount TEXT NOT NULL, sender TEXT NOT NULL, transaction_id TEXT NOT NULL,
        log_index INTEGER NOT NULL, height INTEGER NOT NULL, block_hash TEXT NOT NULL, seen_at_s REAL NOT NULL,
        host TEXT NOT NULL, UNIQUE (network, block_hash, log_index))""",
    "CREATE INDEX received_logs_by_height ON received_logs (network, height)",
    """CREATE TABLE log_scans (
        network TEXT NOT NULL, family TEXT NOT NULL, address TEXT NOT NULL, begun_at INTEGER NOT NULL,
        through INTEGER NOT NULL, chain_hash TEXT, since_s REAL NOT NULL, PRIMARY KEY (network, family, address))
        WITHOUT ROWID""",
    """CREATE TABLE found_tokens (
        asset TEXT PRIMARY KEY, symbol TEXT, name TEXT, decimals INTEGER, described INTEGER NOT NULL,
        first_seen_s REAL NOT NULL, state TEXT NOT NULL) WITHOUT ROWID""",
)

MIGRATIONS: Final = (
    Migration(SchemaVersion(1, 0), _FIRST),
    Migration(SchemaVersion(1, 1), _TRANSFERS),
    Migration(SchemaVersion(1, 2), _DISCOVERY),
)
