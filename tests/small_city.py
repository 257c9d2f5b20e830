"""A small city's data: people in two districts, their trips in a SQL table, and a public bike counter."""

import csv
import json
import sqlite3
from pathlib import Path

HONEST = {"label": "simulated", "sentence": "Made up for tests."}
COMMON = {
    "v": 1,
    "honesty": HONEST,
    "licence": "CC0-1.0",
    "origin": "Made up for tests.",
    "sensitive": False,
    "left_out": [],
}

PERSONS = {
    **COMMON,
    "name": "persons",
    "title": "People",
    "called": {"en": "my age group and district", "de": "meine Altersgruppe und meinen Stadtteil"},
    "topic": "mobile",
    "source": "csv",
    "subject": {"column": "person_id", "kind": "person"},
    "one_row_per": "person_id",
    "columns": [
        {"name": "age", "type": "integer", "minimum": 0, "maximum": 99, "unit": "years"},
        {"name": "home_zone", "type": "integer", "minimum": 1, "maximum": 4},
    ],
    "dimensions": [
        {"name": "age", "column": "age", "kind": "identity"},
        {
            "name": "age_band",
            "column": "age",
            "kind": "mapping",
            "values": [{"label": "younger", "from": 0, "to": 49}, {"label": "older", "from": 50, "to": 99}],
        },
        {"name": "home_zone", "column": "home_zone", "kind": "identity"},
        {
            "name": "district",
            "column": "home_zone",
            "kind": "mapping",
            "values": [{"label": "north", "from": 1, "to": 2}, {"label": "south", "from": 3, "to": 4}],
        },
    ],
}
TRIPS = {
    **COMMON,
    "name": "trips",
    "title": "Trips",
    "called": {"en": "the trips", "de": "die Wege"},
    "topic": "mobile",
    "source": "sql",
    "subject": {"column": "person_id", "kind": "person"},
    "one_row_per": None,
    "columns": [
        {"name": "depart_hour", "type": "hour", "from": 0, "until": 23},
        {"name": "mode", "type": "category", "domain": ["bus", "car", "walk"]},
    ],
    "dimensions": [{"name": "mode", "column": "mode", "kind": "identity"}],
}
BIKES = {
    **COMMON,
    "name": "bikes",
    "title": "Bikes counted at the bridge",
    "topic": "mobile",
    "source": "csv",
    "subject": None,
    "one_row_per": None,
    "columns": [
        {"name": "hour", "type": "hour", "from": 0, "until": 23},
        {"name": "riders", "type": "integer", "minimum": 0, "maximum": 1000, "unit": "riders"},
    ],
    "dimensions": [{"name": "hour", "column": "hour", "kind": "identity"}],
}
TRAVEL = {
    "v": 1,
    "sources": ["persons", "trips"],
    "joins": [{"left": "trips", "right": "persons", "on": "subject"}],
    "measures": {"source": "trips", "of": [{"kind": "rows"}]},
    "dimensions": [{"source": "persons", "name": "age_band"}, {"source": "persons", "name": "district"}],
    "filters": [{"source": "trips", "dimension": "mode", "in": ["bus"]}],
}
BY_AGE_AND_ZONE = {
    **TRAVEL,
    "dimensions": [{"source": "persons", "name": "age"}, {"source": "persons", "name": "home_zone"}],
}
BIKES_BY_HOUR = {
    "v": 1,
    "sources": ["bikes"],
    "joins": [],
    "measures": {"source": "bikes", "of": [{"kind": "sum", "column": "riders"}]},
    "dimensions": [{"source": "bikes", "name": "hour"}],
    "filters": [],
}


def document(made: object) -> bytes:
    return json.dumps(made).encode()


def person_keys(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


def person(number: int) -> dict[str, int]:
    """Deterministic: ages and zones so that every (age band, district) holds a quarter of the people."""
    return {"age": 20 + (number * 7) % 30 + 30 * (number // 4 % 2), "home_zone": 1 + number % 4}


def write_persons(path: Path, count: int) -> Path:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person_id", "age", "home_zone"])
        for number in range(1, count + 1):
            out.writerow([number, *person(number).values()])
    return path


def write_trips(path: Path, count: int, *, day: int = 1) -> Path:
    """Everybody takes the bus once, and some twice, on `day`; two days that are alike are 24 days apart."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE trips (person_id TEXT, depart_hour INTEGER, mode TEXT)")
        for number in range(1, count + 1):
            for trip in range(1 + (number + day) % 2):
                database.execute(
                    "INSERT INTO trips VALUES (?, ?, 'bus')", (str(number), (7 + trip + day) % 24)
                )
            database.execute("INSERT INTO trips VALUES (?, 18, 'walk')", (str(number),))
    return path


def write_bikes(path: Path) -> Path:
    path.write_text("hour,riders\n" + "".join(f"{hour},{10 * hour}\n" for hour in range(24)))
    return path
