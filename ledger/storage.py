"""How rows are kept: one base for all tables, four stores, and each table in exactly one of them.

*projection*: rebuilt from the ledger by dropping and replaying.
*artefacts*: content-addressed bytes, checked against digests on the ledger.
*vault*: what links a person to her rows; a file of its own where deleting destroys.
*operations*: outbox, nonces, idempotency, sessions, access log.
"""

import logging
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Engine, Integer, LargeBinary, String, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine

WRITERS = 0x53746F61
"""The advisory lock that writers of a PostgreSQL database take in turn: "Stoa" in ASCII."""


TRUNCATION_WAIT = 500
"""Milliseconds in which a log is to become free. Writers wait meanwhile."""

logger = logging.getLogger("stoa.storage")


class Store(StrEnum):
    PROJECTION = "projection"
    ARTEFACTS = "artefacts"
    VAULT = "vault"
    OPERATIONS = "operations"


TYPES: dict[Any, TypeEngine[Any]] = {
    bytes: LargeBinary(),
    int: BigInteger().with_variant(Integer(), "sqlite"),
    bool: Boolean(),
    str: String(),
}


class Base(DeclarativeBase):
    """Tables of the main database."""

    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = TYPES


class VaultBase(DeclarativeBase):
    """Tables of the vault's own database."""

    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = TYPES


def kept_in(store: Store, *constraints: Any) -> Any:
    """`__table_args__` that say which store a table is in."""
    return (*constraints, {"info": {"store": store}})


def private_folder(path: Path) -> Path:
    """A folder that only its owner can look into, made if it is missing, closed if it is open."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def open_database(url: str, *, erasing: bool = False) -> Engine:
    """Open SQLite (WAL) or PostgreSQL. `erasing`: deleted rows are overwritten, for a vault on SQLite.

    A file of SQLite is its owner's alone. Errors name a statement, never the values in it.
    """
    if not url.startswith("sqlite"):
        return open_postgresql(url)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False}
    )

    @event.listens_for(engine, "do_connect")
    def before_connect(*_: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        if engine.url.database is not None:
            _keep_private(Path(engine.url.database))

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # SQLAlchemy begins transactions, see below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")
        if erasing:
            connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # A transaction that reads first and writes later must not find itself behind another writer.
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
        )

    return engine


def _keep_private(file: Path) -> None:
    """Give a database's file mode 0600; SQLite gives its log the same. What cannot be done here SQLite refuses itself.

    A file that is there is not opened: closing it again would give up the locks that this process holds on it.
    """
    with suppress(OSError):
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            for one in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
                with suppress(FileNotFoundError):
                    one.chmod(0o600)


def open_postgresql(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=8)

    @event.listens_for(engine, "handle_error")
    def on_error(context: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # PostgreSQL's detail quotes the row: "Key (code)=(...) already exists."
        diagnosis = getattr(context.original_exception, "diag", None)
        if diagnosis is not None and diagnosis.message_detail:
            for error in (context.original_exception, context.sqlalchemy_exception):
                error.args = (f"{diagnosis.message_primary} (SQLSTATE {diagnosis.sqlstate})",)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # As on SQLite: one writer at a time, so that what a writer has read is still so when it writes.
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")

    return engine


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


class Database:
    """One opened database and how its transactions begin."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reading = engine
        self._writing = engine.execution_options(writes=True)
        # Whoever was here before may have been killed between deleting and truncating.
        self._truncations_asked, self._truncations_done = 1, 0
        self._warned = False
        if engine.dialect.name == "postgresql":
            # SQLite reads one snapshot by itself.
            self._reading = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def reading(self) -> Generator[Session]:
        """A session on one consistent state; nothing is written."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Generator[Session]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @property
    def must_be_truncated(self) -> bool:
        """Whether something that was deleted may still be in SQLite's log; true when a database is opened."""
        return self._truncations_done < self._truncations_asked

    def truncate_log(self) -> bool:
        """Move SQLite's write-ahead log into the file and cut it to nothing, so that no deleted byte stays in it.

        False when somebody read or wrote for as long as this waits (`TRUNCATION_WAIT`): try again.
        """
        self._truncations_asked += 1
        asked = self._truncations_asked
        if not self._log_is_cut():
            if not self._warned:
                logger.warning("What was deleted is still in a database's log: it is read. Trying again.")
            self._warned = True
            return False
        self._truncations_done = max(self._truncations_done, asked)
        self._warned = False
        return True

    def _log_is_cut(self) -> bool:
        if self.engine.dialect.name != "sqlite":
            return True
        with self.engine.connect() as connection:
            before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql(f"PRAGMA busy_timeout={TRUNCATION_WAIT}")
            try:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            except OperationalError:
                return False
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={before}")
        return not busy

    def close(self) -> None:
        self.engine.dispose()
