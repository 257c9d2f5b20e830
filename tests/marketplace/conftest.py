import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office import Office, fresh_databases
from tests.town import Town

_names = itertools.count()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def office(request: pytest.FixtureRequest, town: Town, tmp_path: Path) -> Iterator[Office]:
    """A back office on each database the city may choose."""
    database_url = vault_url = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        database_url, vault_url = fresh_databases(town, server, f"stoa_{next(_names)}")
    office = Office(town, tmp_path / "city", database_url=database_url, vault_url=vault_url)
    yield office
    office.close()
