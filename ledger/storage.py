"""How rows are kept: one base for all tables, four stores, and each table in exactly one of them.

*projection*: rebuilt from the ledger by dropping and replaying.
*artefacts*: content-addressed bytes, checked against digests on the ledger.
*vault*: what links a person to her rows; a file of its own where deleting destroys.
*operations*: outbox, nonces, idempotency, sessions, access log.
"""

from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Engine, Integer, LargeBinary, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine

WRITERS = 0x53746F61
"""The advisory lock that writers of a PostgreSQL database take in turn: "Stoa" in ASCII."""


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


def open_database(url: str, *, erasing: bool = False) -> Engine:
    """Open SQLite (WAL) or PostgreSQL. `erasing`: deleted rows are overwritten, for a vault on SQLite."""
    if not url.startswith("sqlite"):
        return open_postgresql(url)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

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


def open_postgresql(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, pool_size=8)

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

    def truncate_log(self) -> None:
        """Move SQLite's write-ahead log into the file and cut it to nothing, so that no deleted byte stays in it."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()
