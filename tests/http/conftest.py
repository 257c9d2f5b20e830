from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.asking import Asking, open_asking
from tests.http.city import HttpCity
from tests.http.kept import Kept
from tests.http.trade import Trade, open_trade


@pytest.fixture
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HttpCity]:
    """A city as it was founded, or the one in which Lab asks or trades, where a test wants that as well."""
    for name in ("asking", "trade"):
        if name in request.fixturenames:
            yield request.getfixturevalue(name).city
            return
    made = HttpCity(request.getfixturevalue("town"), tmp_path / "city")
    yield made
    made.close()


@pytest.fixture(scope="package")
def kept_asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[Asking]]:
    with Kept[Asking].made(tmp_path_factory.mktemp("asking"), open_asking) as kept:
        yield kept


@pytest.fixture
def asking(kept_asking: Kept[Asking], tmp_path: Path) -> Iterator[Asking]:
    with kept_asking.again(tmp_path) as city:
        yield kept_asking.thing.again(city, tmp_path)


@pytest.fixture(scope="package")
def kept_trade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[Trade]]:
    with Kept[Trade].made(tmp_path_factory.mktemp("trade"), open_trade) as kept:
        yield kept


@pytest.fixture
def trade(kept_trade: Kept[Trade], tmp_path: Path) -> Iterator[Trade]:
    with kept_trade.again(tmp_path) as city:
        yield kept_trade.thing.again(city)
