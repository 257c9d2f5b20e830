"""What reading and writing mean, on either database: one snapshot to read, one writer at a time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.storage import Database, open_database, sqlite_url
from tests import postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with one counter that stands at 0."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "counter.db")
    else:
        url = postgres.fresh_database(request.getfixturevalue("postgres_server"), "counter")
    made = Database(open_database(url))
    with made.writing() as session:
        session.execute(text("CREATE TABLE counter (value INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    yield made
    made.close()


def value(session) -> int:
    return session.execute(text("SELECT value FROM counter")).scalar_one()


def count(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE counter SET value = :value"), {"value": value(session) + 1})


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    with database.reading() as session:
        before = value(session)
        count(database)
        assert value(session) == before
    with database.reading() as session:
        assert value(session) == before + 1


def test_writers_that_read_first_do_not_lose_each_others_writing(database: Database) -> None:
    writers = [threading.Thread(target=lambda: [count(database) for _ in range(20)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    with database.reading() as session:
        assert value(session) == 80
