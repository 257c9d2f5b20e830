"""What reading and writing mean, on either database: one snapshot to read, one writer at a time."""

import stat
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ledger.storage import Database, open_database, sqlite_url


@pytest.fixture
def database(counter: Database) -> Database:
    return counter


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


SECRET = "4711-her-revocation-code"


def test_an_error_of_the_database_names_the_statement_and_no_value(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("CREATE TABLE papers (code VARCHAR PRIMARY KEY)"))
        session.execute(text("INSERT INTO papers VALUES (:code)"), {"code": SECRET})

    with pytest.raises(IntegrityError) as refused, database.writing() as session:
        session.execute(text("INSERT INTO papers VALUES (:code)"), {"code": SECRET})

    told = "".join(traceback.format_exception(refused.value))
    assert "papers" in told
    assert SECRET not in told


def in_the_log(file: Path) -> int:
    return Path(f"{file}-wal").read_bytes().count(SECRET.encode())


def test_what_was_deleted_leaves_the_log_once_nobody_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    made = Database(open_database(sqlite_url(file), erasing=True))
    with made.writing() as session:
        session.execute(text("CREATE TABLE papers (code VARCHAR PRIMARY KEY)"))
        session.execute(text("INSERT INTO papers VALUES (:code)"), {"code": SECRET})
    assert made.must_be_truncated

    with made.reading() as reader:
        reader.execute(text("SELECT * FROM papers")).all()
        with made.writing() as session:
            session.execute(text("DELETE FROM papers"))
        assert not made.truncate_log()
        assert made.must_be_truncated
        assert in_the_log(file)
    assert made.truncate_log()

    assert not made.must_be_truncated
    assert in_the_log(file) == 0
    assert SECRET.encode() not in file.read_bytes()
    made.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [None, 0o644])
def test_the_files_of_a_database_are_their_owners_alone(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "some.db"
    if before is not None:
        file.touch()
        file.chmod(before)
    made = Database(open_database(sqlite_url(file)))
    with made.writing() as session:
        session.execute(text("CREATE TABLE counter (value INTEGER NOT NULL)"))

    files = {path.name: mode(path) for path in tmp_path.iterdir()}

    made.close()
    assert files == {"some.db": 0o600, "some.db-wal": 0o600, "some.db-shm": 0o600}


def test_a_database_that_is_opened_twice_keeps_its_locks(tmp_path: Path) -> None:
    """Closing a file gives up all locks of this process on it, so nobody may open and close a database's file."""
    url = sqlite_url(tmp_path / "some.db")
    first = Database(open_database(url))
    with first.writing() as session:
        session.execute(text("CREATE TABLE counter (value INTEGER NOT NULL)"))
        second = Database(open_database(url))
        with second.reading() as other:
            other.execute(text("SELECT count(*) FROM sqlite_schema")).scalar_one()
        held = subprocess.run(
            [sys.executable, "-c", HOLDER, str(tmp_path / "some.db")],
            capture_output=True,
            text=True,
            check=True,
        )
    first.close()
    second.close()
    assert held.stdout.strip() == "locked"


HOLDER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], timeout=0)
try:
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("PRAGMA journal_mode=DELETE").fetchone()
    print("free")
except sqlite3.OperationalError:
    print("locked")
"""
