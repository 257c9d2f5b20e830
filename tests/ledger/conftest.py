from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.storage import Base, Database, open_database, sqlite_url


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(open_database(sqlite_url(tmp_path / "outbox.db")))
    Base.metadata.create_all(database.engine)
    yield database
    database.close()
