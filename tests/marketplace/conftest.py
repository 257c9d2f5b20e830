import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.office import Office
from tests.town import Town

_names = itertools.count()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def office(request: pytest.FixtureRequest, town: Town, tmp_path: Path) -> Iterator[Office]:
    """A back office on each database the city may choose."""
    urls: list[str | None] = [None, None]
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        urls = [postgres.fresh_database(server, f"stoa_{next(_names)}") for _ in urls]
    office = Office(town, tmp_path / "city", database_url=urls[0], vault_url=urls[1])
    yield office
    office.close()
