from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.asking import Asking, open_asking
from tests.http.city import HttpCity
from tests.http.trade import Trade, open_trade
from tests.town import Town


@pytest.fixture
def city(town: Town, tmp_path: Path) -> Iterator[HttpCity]:
    made = HttpCity(town, tmp_path / "city")
    yield made
    made.close()


@pytest.fixture
def asking(city: HttpCity, tmp_path: Path) -> Asking:
    return open_asking(city, tmp_path)


@pytest.fixture
def trade(city: HttpCity, tmp_path: Path) -> Trade:
    return open_trade(city, tmp_path)
