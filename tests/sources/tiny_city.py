"""Made-up files in the shape of the published ones: six people, three households, a few hours."""

import csv
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from marketplace.sources.travel import Trip

HOUSEHOLDS = [
    ("household_id", "home_zone_id", "income", "hhsize", "HHT", "auto_ownership", "num_workers"),
    (10, 3, 48000, 3, 1, 1, 1),
    (20, 89, -5, 2, 1, 0, 0),
    (30, 190, 1, 1, 4, 2, 1),
]
PERSONS = [
    ("person_id", "household_id", "age", "PNUM", "sex", "pemploy", "pstudent", "ptype"),
    (103, 10, 15, 3, 1, 4, 1, 7),
    (101, 10, 44, 1, 2, 1, 3, 1),
    (102, 10, 16, 2, 1, 3, 1, 6),
    (201, 20, 93, 1, 2, 3, 3, 5),
    (202, 20, 0, 2, 1, 4, 3, 8),
    (301, 30, 35, 1, 1, 2, 2, 3),
]
TRIPS = [
    (
        "trip_id",
        "person_id",
        "household_id",
        "tour_id",
        "outbound",
        "purpose",
        "destination",
        "origin",
        "depart",
        "trip_mode",
    ),
    (5, 101, 10, 1, "True", "work", 42, 3, "8.0", "WALK_LRF"),
    (6, 101, 10, 1, "False", "Home", 3, 42, "17.0", "WALK_HVY"),
    (3, 301, 30, 2, "True", "atwork", 43, 190, "23.0", "DRIVEALONEFREE"),
    (1, 102, 10, 3, "True", "school", 190, 3, "5.0", "BIKE"),
]
RANDHIE = [
    (
        "zper",
        "year",
        "idp",
        "coins",
        "xage",
        "female",
        "hlthg",
        "hlthf",
        "hlthp",
        "mdvis",
        "notmdvis",
        "totadm",
        "outpdol",
    ),
    (9, 2, 0, 25, "43.87748", 1, 0, 0, 1, 3, 0, 1, "48.78506"),
    (9, 1, 0, 25, "42.87748", 1, 0, 1, 0, 0, 2, 0, "0"),
    (4, 1, 1, 100, ".9993", 0, 0, 0, 0, 1, 0, 0, "12.345"),
]
BIKESHARE = [
    (
        "season",
        "mnth",
        "day",
        "hr",
        "holiday",
        "weekday",
        "workingday",
        "weathersit",
        "temp",
        "atemp",
        "hum",
        "windspeed",
        "casual",
        "registered",
        "bikers",
    ),
    (1, "Jan", 1, "0", 0, 6, 0, "clear", "0.24", "0.2879", "0.81", "0", 3, 13, 16),
    (1, "Jan", 17, "8", 1, 1, 0, "light rain/snow", "0.2", "0.2", "1", "0.0896", 1, 0, 1),
    (4, "Dec", 365, "23", 0, 6, 0, "cloudy/misty", "0.96", "1", "0", "0.8507", 0, 7, 7),
]
WATER = [
    ("Time", "Water flow [l/s]"),
    ("2022-03-26T23:00:00+01:00", "100.59"),
    ("2022-03-27T03:00:00+02:00", "24.2"),
]


def write_tiny_sources(folder: Path) -> Path:
    """All of it in one folder, under the names the converters look for."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "survey_households.csv", HOUSEHOLDS)
    write(folder / "survey_persons.csv", PERSONS)
    write(folder / "survey_trips.csv", TRIPS)
    write(folder / "randhie.csv", RANDHIE)
    write(folder / "Bikeshare.csv", BIKESHARE)
    write(folder / "water-flow.csv", WATER)
    for home in range(1, 18):
        write(folder / f"Building_{home}.csv", building_rows())
    schema = {f"Building_{home}": {"pv": {"attributes": {"nominal_power": 4.0}}} for home in range(1, 18)}
    (folder / "schema.json").write_text(json.dumps({"buildings": schema}))
    return folder


def building_rows(hours: int = 3, first: datetime = datetime(2016, 7, 31, 23)) -> list[tuple[object, ...]]:  # noqa: DTZ001
    header = ("Month", "Hour", "Day Type", "Equipment Electric Power [kWh]", "Solar Generation [W/kW]")
    starts = [first + timedelta(hours=n) for n in range(hours)]
    return [
        header,
        *(
            (f"{at.month}.0", f"{at.hour + 1}.0", f"{at.isoweekday()}.0", "0.8511666666666671", "100.125")
            for at in starts
        ),
    ]


def write(file: Path, rows: Sequence[Sequence[object]]) -> None:
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)


def trip(person: int, tour: int, number: int, hour: int) -> Trip:
    return Trip(number, person, tour, hour, "bus", "work", 1, 2)
