"""The chain on disk: one SQLite database, one transaction per block.

State nodes, header, transactions, receipts, logs and the waiting transactions are in the same database, so a block is
there with all that belongs to it or it is not there.
"""

import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.devnet.errors import StorageError
from ledger.devnet.records import Commit, StoredBlock, StoredLog, StoredTransaction, StoredWaiting

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE nodes (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, header BLOB NOT NULL);
CREATE TABLE transactions (
    block INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, sender BLOB NOT NULL,
    raw BLOB NOT NULL, receipt BLOB NOT NULL, gas_used INTEGER NOT NULL, first_log INTEGER NOT NULL, created BLOB,
    PRIMARY KEY (block, position)
) WITHOUT ROWID;
CREATE TABLE logs (
    block INTEGER NOT NULL, log_index INTEGER NOT NULL, position INTEGER NOT NULL, address BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, content BLOB NOT NULL,
    PRIMARY KEY (block, log_index)
) WITHOUT ROWID;
CREATE INDEX logs_of_an_address ON logs (address, topic0, block);
CREATE TABLE waiting (
    hash BLOB PRIMARY KEY, raw BLOB NOT NULL, arrival INTEGER NOT NULL
) WITHOUT ROWID;
"""


class Store:
    """The database of one chain. One thread writes; any thread reads what was committed."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Opens the database at `path`, or one in memory.

        Raises:
            StorageError: it cannot be opened, is damaged, or was written by another version.
        """
        self._path = path
        self._readers = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.RLock()
        with _as_storage_error(path):
            self._writer = self._connect()
            if read_only:
                self._writer.execute("PRAGMA query_only = ON")
            else:
                self._prepare()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path or ":memory:", isolation_level=None, check_same_thread=False, timeout=5
        )
        self._connections.append(connection)
        return connection

    def _prepare(self) -> None:
        self._writer.execute("PRAGMA journal_mode = WAL")
        # FULL: the commit of a block returns when its pages are on the disk, not when the kernel has them.
        self._writer.execute("PRAGMA synchronous = FULL")
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._writer.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise StorageError(f"{self._path} was written by another version. Open it with that one.")

    # -- writing --------------------------------------------------------------------------------------------------

    def commit(self, commit: Commit) -> None:
        """Write `commit` in one transaction; when this returns it survives a crash.

        Raises:
            StorageError: the disk refused, and nothing of it was written.
        """
        with self._guard, _as_storage_error(self._path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                self._write(commit)
                self._writer.execute("COMMIT")
            except sqlite3.Error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def _write(self, commit: Commit) -> None:
        many = self._writer.executemany
        if commit.nodes:
            # The key of a node is its digest: one that is there already is the same.
            many("INSERT OR IGNORE INTO nodes VALUES (?, ?)", sorted(commit.nodes.items()))
        if commit.block:
            block = commit.block
            self._writer.execute(
                "INSERT INTO blocks VALUES (?, ?, ?)", (block.number, block.hash, block.header)
            )
        nine = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
        many(f"INSERT INTO transactions VALUES {nine}", [mined.row() for mined in commit.transactions])  # noqa: S608
        many(f"INSERT INTO logs VALUES {nine}", [log.row() for log in commit.logs])  # noqa: S608
        many("DELETE FROM waiting WHERE hash = ?", [(digest,) for digest in commit.no_longer_waiting])
        many(
            "INSERT INTO waiting VALUES (?, ?, ?)",
            [(waiting.hash, waiting.raw, waiting.arrival) for waiting in commit.now_waiting],
        )

    def rewind(self, to_block: int, waiting: Sequence[StoredWaiting]) -> None:
        """Forget every block after `to_block` and what waits now; state nodes stay, for they are named by content."""
        with self._guard, _as_storage_error(self._path):
            self._writer.execute("BEGIN IMMEDIATE")
            for table, column in (("blocks", "number"), ("transactions", "block"), ("logs", "block")):
                self._writer.execute(f"DELETE FROM {table} WHERE {column} > ?", (to_block,))  # noqa: S608
            self._writer.execute("DELETE FROM waiting")
            self._write(Commit(now_waiting=waiting))
            self._writer.execute("COMMIT")

    def close(self) -> None:
        with self._guard:
            for connection in reversed(self._connections):
                connection.close()
            self._connections.clear()

    # -- reading --------------------------------------------------------------------------------------------------

    def node(self, key: bytes) -> bytes | None:
        row = self._one("SELECT value FROM nodes WHERE key = ?", key)
        return row[0] if row else None

    def head(self) -> StoredBlock | None:
        return StoredBlock.of(
            self._one("SELECT number, hash, header FROM blocks ORDER BY number DESC LIMIT 1")
        )

    def block(self, number: int) -> StoredBlock | None:
        return StoredBlock.of(self._one("SELECT number, hash, header FROM blocks WHERE number = ?", number))

    def block_by_hash(self, digest: bytes) -> StoredBlock | None:
        return StoredBlock.of(self._one("SELECT number, hash, header FROM blocks WHERE hash = ?", digest))

    def hashes_between(self, first: int, last: int) -> list[bytes]:
        rows = self._all("SELECT hash FROM blocks WHERE number BETWEEN ? AND ? ORDER BY number", first, last)
        return [row[0] for row in rows]

    def transaction(self, digest: bytes) -> StoredTransaction | None:
        row = self._one("SELECT * FROM transactions WHERE hash = ?", digest)
        return StoredTransaction(*row) if row else None

    def transaction_at(self, block: int, position: int) -> StoredTransaction | None:
        row = self._one("SELECT * FROM transactions WHERE block = ? AND position = ?", block, position)
        return StoredTransaction(*row) if row else None

    def transactions_in(self, block: int) -> list[StoredTransaction]:
        rows = self._all("SELECT * FROM transactions WHERE block = ? ORDER BY position", block)
        return [StoredTransaction(*row) for row in rows]

    def waiting(self) -> list[StoredWaiting]:
        return [
            StoredWaiting(*row)
            for row in self._all("SELECT hash, raw, arrival FROM waiting ORDER BY arrival")
        ]

    def logs(
        self, condition: str, arguments: Sequence[object], limit: int
    ) -> list[tuple[StoredLog, bytes, bytes]]:
        """The first `limit` logs, in order of the chain, for which the SQL `condition` holds.

        Each comes with the hashes of its block and of its transaction.
        """
        query = (
            "SELECT logs.*, blocks.hash, transactions.hash FROM logs JOIN blocks ON blocks.number = logs.block "  # noqa: S608
            "JOIN transactions ON transactions.block = logs.block AND transactions.position = logs.position "
            f"WHERE {condition} ORDER BY logs.block, logs.log_index LIMIT ?"
        )
        return [(StoredLog.of(row[:-2]), row[-2], row[-1]) for row in self._all(query, *arguments, limit)]

    def _one(self, query: str, *arguments: object) -> tuple[Any, ...] | None:
        rows = self._all(query, *arguments)
        return rows[0] if rows else None

    def _all(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        with _as_storage_error(self._path):
            if self._path is None:
                with self._guard:
                    return self._writer.execute(query, arguments).fetchall()
            return self._reader().execute(query, arguments).fetchall()

    def _reader(self) -> sqlite3.Connection:
        """This thread's own connection: in WAL mode it never waits for the one that writes."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            with self._guard:
                connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA cache_size = -512")
            self._readers.connection = connection
        return connection


@contextmanager
def _as_storage_error(path: Path | None) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        place = path or "The chain in memory"
        raise StorageError(
            f"{place} cannot be used: {error}. Mend the disk or free it, then start again."
        ) from error
