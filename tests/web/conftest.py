from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.town import Town
from tests.web import browsing
from tests.web.browsing import Device
from tests.web.city import WebCity
from tests.web.listening import Listening, listening_city

Devices = Callable[..., Device]


@pytest.fixture
def city(town: Town, tmp_path: Path) -> Iterator[WebCity]:
    """A city nobody has asked anything in."""
    made = WebCity(town, tmp_path)
    yield made
    made.close()


@pytest.fixture
def asked(city: WebCity) -> tuple[WebCity, int]:
    """Lab asks; nobody has answered."""
    return city, city.lab_asks()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    if not browsing.is_installed():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with browsing.launched(playwright) as browser:
        yield browser


@pytest.fixture(scope="package")
def remembering(playwright: Playwright) -> Iterator[Browser]:
    """A browser that keeps pages for its back button."""
    with browsing.launched(playwright, keeping_pages=True) as browser:
        yield browser


@pytest.fixture(scope="package")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """One city for all browser tests. Each takes citizens of its own."""
    with listening_city(tmp_path_factory.mktemp("listening")) as made:
        yield made


@pytest.fixture
def device(chromium: Browser, listening: Listening) -> Iterator[Devices]:
    """Phones with nothing on them. In no test may one ask for anything elsewhere, or complain unexpectedly."""
    made: list[Device] = []

    def new(**options: Any) -> Device:
        made.append(Device.of(chromium, listening.address, **options))
        return made[-1]

    yield new
    for one in made:
        one.context.close()
    assert [address for one in made for address in one.strangers()] == []
    assert [said for one in made for said in one.unexpected()] == []
    assert [pattern for one in made for pattern in one.missing()] == []


@pytest.fixture
def optional(listening: Listening) -> Iterator[int]:
    """A request of Lab's in which trips may be left out. It ends with the test."""
    number = listening.ask_with_a_choice()
    yield number
    listening.close(number)
