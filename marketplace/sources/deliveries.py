"""The demo city's deliveries: the files that suppliers hand over, each with its dataset's description."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from marketplace.sources import descriptions
from marketplace.sources.cache import verified_folder
from marketplace.sources.catalogue import BIKES, HOMES, TRAVEL, VISITS, WATER
from marketplace.sources.description_parts import Document
from marketplace.sources.errors import UnknownSourceError
from marketplace.sources.handover import write_csv, write_json_lines, write_sqlite
from marketplace.sources.homes import read_homes
from marketplace.sources.model import Source
from marketplace.sources.next_day import next_day
from marketplace.sources.sensors import BIKES_HEADER, WATER_HEADER, bike_hours, water_hours
from marketplace.sources.travel import Trip, read_members, read_persons, read_trips
from marketplace.sources.visits import VISITS_HEADER, person_years

PERSONS_HEADER = (
    "person_id",
    "household_id",
    "age",
    "sex",
    "home_zone",
    "occupation",
    "household_size",
    "cars",
)
HOUSEHOLDS_HEADER = ("person_id", "household_size", "workers", "cars")
TRIPS_TABLE = "trips"
TRIPS_COLUMNS = {
    "trip_id": "INTEGER PRIMARY KEY",
    "person_id": "INTEGER NOT NULL",
    "departed_at": "TEXT NOT NULL",
    "depart_hour": "INTEGER NOT NULL",
    "mode": "TEXT NOT NULL",
    "purpose": "TEXT NOT NULL",
    "origin_zone": "INTEGER NOT NULL",
    "destination_zone": "INTEGER NOT NULL",
    "public_transport": "INTEGER NOT NULL",
}
SIMULATED = "simulated"


DESCRIPTION = ".dataset.json"
"""How the name of a dataset's description ends."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file as a supplier would hand it over, with its dataset's description beside it.

    `kind` is csv, sql or json as the description says; an SQL delivery is an SQLite file with the table
    `trips`, a JSON delivery has one object on each line. `honesty` is what these rows are: a later day of
    trips is simulated, which its dataset's label alone does not say.
    """

    dataset: str
    file: Path
    kind: str
    description: Path
    rows: int
    honesty: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a dataset is made: out of which source, described how, written how."""

    source: Source
    suffix: str
    describe: Callable[[], Document]
    write: Callable[[Path, Path, date], int]


def prepare(
    names: Iterable[str], work: Path, *, day: date, cache: Path | None = None
) -> tuple[Delivery, ...]:
    """Write the named deliveries, or all when none is named, into the folder `work`.

    `day` is the date given to the model weekday. Nothing is downloaded; equal inputs give equal bytes.

    Raises:
        UnknownSourceError: a name is not in `DELIVERIES`.
        SourceMissingError: a source is not in the cache; the message says what to run.
    """
    wanted = tuple(dict.fromkeys(names)) or tuple(DELIVERIES)
    for name in wanted:
        if name not in DELIVERIES:
            known = ", ".join(DELIVERIES)
            raise UnknownSourceError(f"There is no delivery called {name!r}. Choose from: {known}.")
    work.mkdir(parents=True, exist_ok=True)
    return tuple(deliver(name, work, day, cache) for name in wanted)


def deliver(name: str, work: Path, day: date, cache: Path | None) -> Delivery:
    recipe = DELIVERIES[name]
    folder = verified_folder(recipe.source, cache)
    file = work / (
        f"{name}-{day.isoformat()}{recipe.suffix}" if name == "trips" else f"{name}{recipe.suffix}"
    )
    described = recipe.describe()
    return Delivery(
        dataset=name,
        file=file,
        kind=described["source"],
        description=write_description(described, work),
        rows=recipe.write(folder, file, day),
        honesty=described["honesty"]["label"],
    )


def next_day_trips(work: Path, *, day: date, cache: Path | None = None) -> Delivery:
    """Write the simulated trips of `day`, a later version of the dataset `trips`.

    Raises:
        SourceMissingError: the source is not in the cache; the message says what to run.
    """
    work.mkdir(parents=True, exist_ok=True)
    trips = next_day(read_trips(verified_folder(TRAVEL, cache)), day)
    file = work / f"trips-{day.isoformat()}.sqlite"
    return Delivery(
        dataset="trips",
        file=file,
        kind="sql",
        description=write_description(descriptions.trips(), work),
        rows=write_trips(trips, file, day),
        honesty=SIMULATED,
    )


def write_description(described: Document, work: Path) -> Path:
    file = work / f"{described['name']}{DESCRIPTION}"
    file.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return file


def write_persons(folder: Path, file: Path, _: date) -> int:
    persons = read_persons(folder)
    return write_csv(
        file, PERSONS_HEADER, (tuple(getattr(p, name) for name in PERSONS_HEADER) for p in persons)
    )


def write_households(folder: Path, file: Path, _: date) -> int:
    """One row per member, so that whose row it is does not hang on who answers for a household."""
    members = read_members(folder)
    return write_csv(
        file, HOUSEHOLDS_HEADER, (tuple(getattr(m, name) for name in HOUSEHOLDS_HEADER) for m in members)
    )


def write_model_weekday(folder: Path, file: Path, day: date) -> int:
    return write_trips(read_trips(folder), file, day)


def write_trips(trips: Iterable[Trip], file: Path, day: date) -> int:
    """One SQL row per trip. The instant is the city's clock without a zone, at the full hour."""
    rows = (
        (
            trip.trip_id,
            trip.person_id,
            f"{day.isoformat()}T{trip.depart_hour:02}:00:00",
            trip.depart_hour,
            trip.mode,
            trip.purpose,
            trip.origin_zone,
            trip.destination_zone,
            trip.public_transport,
        )
        for trip in trips
    )
    return write_sqlite(file, TRIPS_TABLE, TRIPS_COLUMNS, rows)


def write_homes(folder: Path, file: Path, _: date) -> int:
    return write_json_lines(
        file,
        (
            {
                "home": hour.home,
                "started_at": hour.started_at.isoformat(),
                "consumption_wh": hour.consumption_wh,
                "solar_wh": hour.solar_wh,
            }
            for hour in read_homes(folder)
        ),
    )


def write_bikes(folder: Path, file: Path, _: date) -> int:
    return write_csv(file, BIKES_HEADER, bike_hours(folder))


def write_visits(folder: Path, file: Path, _: date) -> int:
    return write_csv(file, VISITS_HEADER, person_years(folder))


def write_water(folder: Path, file: Path, _: date) -> int:
    return write_csv(file, WATER_HEADER, water_hours(folder))


DELIVERIES: Mapping[str, Recipe] = {
    "persons": Recipe(TRAVEL, ".csv", descriptions.persons, write_persons),
    "households": Recipe(TRAVEL, ".csv", descriptions.households, write_households),
    "trips": Recipe(TRAVEL, ".sqlite", descriptions.trips, write_model_weekday),
    "homes": Recipe(HOMES, ".json", descriptions.homes, write_homes),
    "bikes": Recipe(BIKES, ".csv", descriptions.bikes, write_bikes),
    "visits": Recipe(VISITS, ".csv", descriptions.doctor_visits, write_visits),
    "water": Recipe(WATER, ".csv", descriptions.water, write_water),
}
