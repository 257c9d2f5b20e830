"""One city that is served for the tests of the command line, and one that is founded and not running."""

import io
import json
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from api.cli.main import main
from api.founding import found
from api.home import Home
from api.processes import free_port
from ledger.devnet.chain import Devnet
from ledger.devnet.provider import InProcessProvider
from ledger.node import Node
from marketplace.projector import Projector
from tests.cli.command import WIDE, Said, Typed, serving
from tests.small_city import (
    BIKES,
    BIKES_BY_HOUR,
    BY_AGE_AND_ZONE,
    PERSONS,
    TRAVEL,
    TRIPS,
    document,
    person_keys,
    write_bikes,
    write_persons,
    write_trips,
)

PEOPLE = 40
NOBODY = "http://127.0.0.1:9"
"""An address at which nobody answers."""


def ports(**more: object) -> dict[str, object]:
    addresses = {name: f"http://127.0.0.1:{free_port(0)}" for name in ("node", "registrar", "public")}
    return {**addresses, **more}


@pytest.fixture(scope="session")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the city's suppliers deliver, and a partner's questions."""
    folder = tmp_path_factory.mktemp("deliveries")
    for name, made in (
        ("persons", PERSONS),
        ("trips", TRIPS),
        ("bikes", BIKES),
        ("travel", TRAVEL),
        ("ages", BY_AGE_AND_ZONE),
        ("by-hour", BIKES_BY_HOUR),
    ):
        (folder / f"{name}.json").write_bytes(document(made))
    write_persons(folder / "persons.csv", PEOPLE)
    write_trips(folder / "trips.sqlite", PEOPLE)
    write_bikes(folder / "bikes.csv")
    register = "".join(f"person,{key},40\n" for key in person_keys(PEOPLE))
    (folder / "people.csv").write_text("kind,key,age\n" + register)
    return folder


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The home of a city that `stoa serve` opened and runs. Commercial partners wait to be admitted.

    It is stopped when the last test of this folder is over: its processes would slow down all others.
    """
    home = tmp_path_factory.mktemp("served") / "city"
    home.mkdir()
    played = {"play_bank": True, "code_attempts_a_second": 50, "code_attempts_at_once": 500}
    (home / "settings.json").write_text(json.dumps(ports(admitted_classes=[2, 5, 6], **played)))
    with serving(home, "serve", "--name", "Testopolis", until="Ctrl-C stops it."):
        yield home


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a city whose processes do not run."""
    return city_named("Testopolis", tmp_path_factory.mktemp("founded") / "city")


def city_named(name: str, folder: Path) -> Path:
    """Found a city on a chain that ends with this call: its node answers nobody."""
    folder.mkdir(mode=0o700)
    (folder / "settings.json").write_text(json.dumps({"node": NOBODY, "registrar": NOBODY, "public": NOBODY}))
    home = Home.here(folder)
    devnet = Devnet.in_memory()
    node = Node(InProcessProvider(devnet))
    city = found(home, node, name=name)
    house = home.house()
    Projector(house.database, node, city).catch_up()
    house.close()
    devnet.close()
    return folder


@pytest.fixture
def home(founded: Path, tmp_path: Path) -> Path:
    """A copy of the founded city, to be spoiled."""
    return Path(shutil.copytree(founded, tmp_path / "city"))


@pytest.fixture(scope="session")
def typed() -> Typed:
    """Type a command: `main` in this process, ended by an exit code as the command is."""
    return type_command


def type_command(home: Path, *arguments: str | Path, stdin: str = "") -> Said:
    mask = os.umask(0o077)
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in {**WIDE, "STOA_HOME": str(home)}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["stoa", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
    os.umask(mask)
    return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())
