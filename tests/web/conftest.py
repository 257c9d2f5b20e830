from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.town import Town
from tests.web.city import WebCity


@pytest.fixture
def city(tmp_path: Path) -> Iterator[WebCity]:
    """A city nobody has asked anything in."""
    town = Town.found()
    made = WebCity(town, tmp_path)
    yield made
    made.close()
    town.devnet.close()


@pytest.fixture
def asked(city: WebCity) -> tuple[WebCity, int]:
    """Lab asks; nobody has answered."""
    return city, city.lab_asks()
