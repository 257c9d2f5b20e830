"""A city that was brought somewhere once in a session. Tests begin there: the chain is taken back, files are copies."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tests.http.city import HttpCity
from tests.town import Town

Thing = TypeVar("Thing")
FOLDER = "city"


@dataclass
class Kept(Generic[Thing]):
    town: Town
    folder: Path
    """What was delivered, and below it the databases."""
    thing: Thing
    """What was made. It speaks of a city that is closed: a test needs it with its own (`dataclasses.replace`)."""

    @classmethod
    @contextmanager
    def made(cls, folder: Path, make: Callable[[HttpCity, Path], Thing]) -> Generator["Kept[Thing]"]:
        town = Town.found()
        city = HttpCity(town, folder / FOLDER)
        thing = make(city, folder)
        city.close()
        town.keep_office(folder / FOLDER)
        yield cls(town, folder, thing)
        town.devnet.close()

    @contextmanager
    def again(self, folder: Path) -> Generator[HttpCity]:
        """The city as it was, in `folder`."""
        for one in self.folder.iterdir():
            if one.is_file():
                shutil.copy(one, folder)
        with self.town.rewinding() as town:
            city = HttpCity(town, folder / FOLDER)
            yield city
            city.close()
