"""What lies in a city's folder is its owner's alone, whatever the mask of whoever starts it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from api.registrar.serving import open_register
from marketplace.house import House
from tests import small_city
from tests.office import Office
from tests.town import Town


@pytest.fixture(autouse=True)
def open_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    return sorted(
        f"{path.relative_to(folder.parent)} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in [folder, *folder.rglob("*")]
        if path.stat().st_mode & 0o077
    )


def test_a_citys_databases_and_versions_are_its_owners_alone(town: Town, tmp_path: Path) -> None:
    office = Office(town, tmp_path / "city")
    people = small_city.write_persons(tmp_path / "persons.csv", 20)
    office.dataset(small_city.document(small_city.PERSONS), people)

    found = readable_by_others(office.house.folder)

    office.close()
    assert found == []


def test_the_registrars_database_and_the_logs_are_their_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "city")
    for folder in (home.folder, home.registrar):
        folder.mkdir()
    open_register(home.registrar).close()

    assert readable_by_others(home.registrar) == []
    assert readable_by_others(home.logs) == []


def test_a_city_that_was_open_to_others_is_closed_when_it_is_opened_again(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    House.of(town.city, folder).close()
    folder.chmod(0o755)
    for name in ("stoa.db", "vault.db"):
        (folder / name).chmod(0o644)

    House.of(town.city, folder).close()

    assert readable_by_others(folder) == []
