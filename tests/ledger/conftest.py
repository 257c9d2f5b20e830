from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.storage import Base, Database, open_database, sqlite_url
from tests import postgres


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(open_database(sqlite_url(tmp_path / "outbox.db")))
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
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
