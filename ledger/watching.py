"""Noticing that something was committed, without asking for rows: how a worker that has nothing to do waits."""

import threading
import time
from collections.abc import Sequence

from sqlalchemy import Engine, PoolProxiedConnection

from ledger.storage import Database

QUESTIONS = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_wal_insert_lsn()"}
"""What changes when another connection has committed. Both are answered without reading a table."""
PAUSE = 0.05
"""Seconds between two looks."""


class Watch:
    """Looks at databases from a connection of its own each. For one thread."""

    def __init__(self, databases: Sequence[Database]) -> None:
        self._engines = [database.engine for database in databases]
        self._connections: dict[Engine, PoolProxiedConnection] = {}

    def look(self) -> tuple[object, ...]:
        """A mark that differs from an earlier one if anything was committed in between.

        Raises what the database raises when it is away; the next look connects anew.
        """
        try:
            return tuple(self._version(engine) for engine in self._engines)
        except Exception:
            self.close()
            raise

    def wait(self, since: tuple[object, ...], seconds: float, stopping: threading.Event) -> None:
        """Return when something was committed since the mark, when `seconds` are over, or when told to stop."""
        give_up = time.monotonic() + seconds
        while not stopping.wait(PAUSE) and time.monotonic() < give_up:
            if self.look() != since:
                return

    def close(self) -> None:
        for connection in self._connections.values():
            connection.invalidate()
        self._connections.clear()

    def _version(self, engine: Engine) -> object:
        if engine not in self._connections:
            self._connections[engine] = engine.raw_connection()
        connection = self._connections[engine]
        cursor = connection.cursor()
        try:
            cursor.execute(QUESTIONS[engine.dialect.name])
            row = cursor.fetchone()
        finally:
            cursor.close()
        connection.rollback()  # PostgreSQL's driver has begun a transaction
        assert row is not None
        return row[0]
