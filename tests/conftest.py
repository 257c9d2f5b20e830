"""One city per session, and each test begins where it was founded."""

from collections.abc import Generator

import pytest

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
