"""Starting the registrar's office and the city's processes."""

import csv
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

from api.cli.keys_compared import comparison
from api.cli.terminal import as_a_service, errors, plain, say, tell
from api.cli.typed import address_of
from api.demo.stage import CITY, Stage
from api.home import Home
from api.processes import Processes
from api.registrar.serving import open_register
from ledger.roles import DEVNET
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.sources import other_separator
from marketplace.errors import ConflictError, InvalidError
from marketplace.participants.rules import checked_name
from marketplace.registrar import service as registrar
from marketplace.registrar.rules import SHARED

OLDEST = 150
HEADING = ("kind", "key", "age")
AGE = re.compile(r"[0-9]{1,3}")
ONE_LETTER = "She had a letter already: its code opens nothing from now on, and only this one does."


class RegisterFileError(InvalidError):
    """The file is no register."""

    code = "register_file"


class NoEntryError(Exception):
    """A row, or the heading, breaks a rule of the register's file; says which, never a value."""


class OtherCityError(ConflictError):
    """The city in this folder has another name."""

    code = "other_city"


class NotACityFolderError(InvalidError):
    """The folder holds no city, so it is not deleted."""

    code = "no_city_folder"


class PersonNotNamedError(InvalidError):
    """What was given names nobody."""

    code = "person_not_named"


def import_register(home: Home, path: Path) -> int:
    """Put people into the register, and say how far its keys are the datasets'. How many are new.

    Raises:
        CityFileError: there is no city here.
        RegisterFileError
    """
    home.city()
    entries = register_entries(path)
    delivered = delivered_here(home)
    register = open_register(home.registrar)
    try:
        with register.writing() as session:
            new = registrar.enrol(session, entries)
            registered = registrar.entered(session)
    finally:
        register.close()
    for sentence in comparison(registered, delivered):
        say(plain(sentence))
    return new


def delivered_here(home: Home) -> set[tuple[str, str]] | None:
    """(kind, key) of everybody with rows in a dataset; None where the city's vault is not on this machine."""
    if home.settings.vault is None and not (home.folder / "vault.db").exists():
        return None
    house = home.house()
    try:
        with house.database.reading() as session, house.vault.reading() as vault:
            return catalogue.delivered_subjects(session, vault)
    finally:
        house.close()


def register_entries(path: Path) -> list[registrar.Entry]:
    """The people that a CSV file names, each once.

    Raises:
        OSError: there is no such file.
        RegisterFileError: says the line and the broken rule, never what stands there.
    """
    found: dict[tuple[str, str, str], registrar.Entry] = {}
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = next(lines, "")
            if (separated := other_separator(first, HEADING)) is not None:
                raise NoEntryError(f"its columns are separated by {separated}, not by commas")
            reader = csv.DictReader(chain([first], lines), strict=True)
            missing = [name for name in HEADING if name not in (reader.fieldnames or ())]
            if missing:
                raise NoEntryError(f"the heading lacks {', '.join(missing)}")
            for row in reader:
                line = reader.line_num
                entry = entry_of(row)
                found[entry.kind, entry.key, entry.resident] = entry
    except (NoEntryError, UnicodeError, csv.Error) as error:
        rule = str(error) if isinstance(error, NoEntryError) else "from there on it is no CSV in UTF-8"
        raise RegisterFileError(
            f"{path} is no register (line {line} of the file: {rule}). It is a CSV file with the heading kind,key,age "
            "and rows such as person,4711,34; of a home each who lives there is a row, with a column resident. Nobody "
            "was taken from it."
        ) from None
    return list(found.values())


def entry_of(row: dict[str, str | None]) -> registrar.Entry:
    """Raises NoEntryError."""
    kind, key, age = (row[name] or "" for name in HEADING)
    resident = row.get("resident") or ""
    if not kind or not key:
        raise NoEntryError("a kind or a key is empty")
    if not AGE.fullmatch(age) or int(age) > OLDEST:
        raise NoEntryError(f"an age is a whole number from 0 to {OLDEST}")
    if bool(resident) != (kind in SHARED):
        raise NoEntryError(f"resident is given for {', '.join(sorted(SHARED))}, and for nothing else")
    return registrar.Entry(kind, key, int(age), resident)


def written_letter(home: Home, whom: str) -> str:
    """Write the letter to one person anew; its code. An earlier letter's code ends, which is said beside it.

    Raises:
        CityFileError: there is no city here.
        PersonNotNamedError
        UnknownLetterError: nobody like this is in the register.
        TooYoungError
    """
    home.city()
    kind, _, key = whom.partition(":")
    resident = ""
    if kind in SHARED:
        key, _, resident = key.rpartition(":")
    if not kind or not key:
        raise PersonNotNamedError(
            "Name one person as KIND:KEY, as in the register, such as person:4711; of a home one who lives there, "
            "such as home:7:Anna."
        )
    register = open_register(home.registrar)
    try:
        with register.writing() as session:
            replaced = registrar.has_letter(session, kind=kind, key=key, resident=resident)
            code = registrar.write_letter(session, kind=kind, key=key, resident=resident)
    finally:
        register.close()
    if replaced:
        # Beside the answer, not in it: whoever writes many letters takes the code from there.
        errors.print(ONE_LETTER, soft_wrap=True)
    return code


def delete_city(home: Home, *, confirmed: Callable[[], bool]) -> None:
    """Delete the city in `home`, once it is confirmed.

    Raises:
        NotACityFolderError: the folder was not made by Stoa.
        CityInUseError: the city is running.
    """
    if not (home.is_founded or home.devnet.is_dir()):
        raise NotACityFolderError(
            f"{home.folder} holds no city, so nothing was deleted. Name the city's folder with --home."
        )
    processes = Processes(home)
    processes.hold()
    try:
        with home.holding("workers"), home.holding("chain"):
            if confirmed():
                shutil.rmtree(home.folder)
    finally:
        processes.stop_all()


def require_demonstration(home: Home) -> None:
    """Raises OtherCityError where a city is kept that the demonstration did not open: it plays in its own alone."""
    if home.is_founded and (kept := home.city().name) != CITY:
        raise OtherCityError(
            f"The city in {home.folder} is {kept}, and no demonstration. Run `stoa serve`, or name another folder "
            "with --home."
        )


def serve_city(
    home: Home, *, name: str | None = None, profile: str | None = None, node: str | None = None
) -> None:
    """Run every process of the city until Ctrl-C or SIGTERM. A city called `name` is founded if there is none.

    `node`: the engine that the city is, or will be, on, instead of the embedded chain; kept for the next start.

    Raises:
        CityFileError: there is none, and no name for one.
        NodeUnreachableError, WrongLedgerError: nobody answers at `node`, or another ledger does.
        OtherCityError: there is one with another name, or another profile.
        CityInUseError: it is running already.
    """
    if name is None or home.is_founded:
        kept = home.city().name
        if name is not None and name != kept:
            raise OtherCityError(
                f"The city in {home.folder} is called {kept}. Leave --name out, or name another folder with --home."
            )
        if profile is not None and profile != home.city().profile:
            raise OtherCityError(
                f"The city in {home.folder} was founded with the profile {home.city().profile}, and keeps it. Leave "
                "--profile out, or name another folder with --home."
            )
    else:
        name = checked_name(name)
    stage = Stage(home)
    with as_a_service("The city is stopped and kept. `stoa serve` starts it again."):
        try:
            stage.processes.hold()
            if node is not None:
                url = home.node_at(address_of(node)).url
                home.keep(replace(home.settings, node=url, own_chain=False))
            settings = stage.choose_ports(playing=False)
            if settings.own_chain:
                tell("Starting the chain.")
            stage.start_chain()
            if not home.is_founded:
                tell("Founding the city: keys for its officers, and its contracts.")
            stage.open_city(name=name or home.city().name, profile=profile or DEVNET.name)
            tell("Starting the registrar, the workers and the server.")
            stage.start_office()
            say(
                f"{plain(home.city().name)} is open at {settings.public} (node {settings.node}). Ctrl-C stops it."
            )
            while True:
                stage.processes.require_running()
                time.sleep(1)
        finally:
            stage.close()
