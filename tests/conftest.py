"""One city per session, and each test begins where it was founded; one PostgreSQL server per session."""

from collections.abc import Generator, Iterator

import pytest

from ledger.roles import PRODUCTION
from tests import postgres
from tests.town import Town


@pytest.fixture(scope="session")
def founded_town() -> Generator[Town]:
    town = Town.found()
    yield town
    town.devnet.close()


@pytest.fixture
def town(founded_town: Town) -> Generator[Town]:
    with founded_town.rewinding():
        yield founded_town


@pytest.fixture(scope="session")
def founded_production_town() -> Generator[Town]:
    """A city where acts of people wait, as `ledger.roles.PRODUCTION` says."""
    town = Town.found(PRODUCTION)
    yield town
    town.devnet.close()


@pytest.fixture
def production(founded_production_town: Town) -> Generator[Town]:
    with founded_production_town.rewinding():
        yield founded_production_town


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed")
    with postgres.cluster() as url:
        yield url
