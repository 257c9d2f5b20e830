"""A small made-up town for tests: residents (CSV), their journeys (SQL), meters (JSON) and bikes (nobody's)."""

import csv
import json
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.analysis.runner import SourceInput, VersionFile
from marketplace.analysis.subjects import SubjectSet
from marketplace.catalogue.description import DatasetDescription, parse_description
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.sources import read_csv, read_json_series, read_table

KEY = bytes(range(32))

_COMMON = {
    "v": 1,
    "topic": "mobile",
    "honesty": {"label": "simulated", "sentence": "A town made up for tests."},
    "licence": "CC0-1.0",
    "origin": "Made by this test.",
    "sensitive": False,
}
_PERSON = {"column": "person_id", "kind": "person"}
ZONES, DISTRICTS = 40, 4
MODES = ("bus", "tram", "walk", "car")

RESIDENTS: dict[str, Any] = _COMMON | {
    "name": "residents",
    "title": "Who lives where",
    "source": "csv",
    "subject": _PERSON,
    "one_row_per": "person_id",
    "columns": [
        {"name": "age", "type": "integer", "minimum": 0, "maximum": 99, "unit": "years"},
        {"name": "sex", "type": "category", "domain": ["female", "male"]},
        {"name": "home_zone", "type": "integer", "minimum": 1, "maximum": ZONES},
    ],
    "dimensions": [
        {"name": "age", "column": "age", "kind": "identity"},
        {"name": "age_band", "column": "age", "kind": "bands", "from": 0, "to": 99, "width": 20},
        {"name": "sex", "column": "sex", "kind": "identity"},
        {"name": "zone", "column": "home_zone", "kind": "identity"},
        {
            "name": "district",
            "column": "home_zone",
            "kind": "mapping",
            "values": [
                {"label": f"district {d + 1}", "from": 10 * d + 1, "to": 10 * d + 10}
                for d in range(DISTRICTS)
            ],
        },
    ],
    "left_out": ["street"],
}
JOURNEYS: dict[str, Any] = _COMMON | {
    "name": "journeys",
    "title": "Journeys of one day",
    "source": "sql",
    "subject": _PERSON,
    "one_row_per": None,
    "columns": [
        {"name": "mode", "type": "category", "domain": list(MODES)},
        {"name": "hour", "type": "hour", "from": 5, "until": 23},
        {"name": "minutes", "type": "integer", "minimum": 0, "maximum": 600, "unit": "minutes"},
        {"name": "to_zone", "type": "integer", "minimum": 1, "maximum": ZONES},
    ],
    "dimensions": [
        {"name": "mode", "column": "mode", "kind": "identity"},
        {"name": "hour", "column": "hour", "kind": "identity"},
        {
            "name": "transit",
            "column": "mode",
            "kind": "mapping",
            "values": [
                {"label": "public transport", "members": ["bus", "tram"]},
                {"label": "other", "members": ["walk", "car"]},
            ],
        },
    ],
}
METERS: dict[str, Any] = _COMMON | {
    "name": "meters",
    "title": "Homes hour by hour",
    "topic": "sustainable",
    "source": "json",
    "subject": {"column": "home", "kind": "home"},
    "one_row_per": None,
    "columns": [
        {
            "name": "at",
            "type": "timestamp",
            "from": "2025-12-30T00:00:00Z",
            "until": "2026-02-02T00:00:00Z",
        },
        {"name": "wh", "type": "integer", "minimum": 0, "maximum": 1_000_000, "decimals": 3, "unit": "Wh"},
    ],
    "dimensions": [
        {
            "name": "at",
            "column": "at",
            "kind": "time",
            "grains": ["month", "day", "hour", "day_of_week", "hour_of_day"],
        }
    ],
}
ZONE_FACTS: dict[str, Any] = _COMMON | {
    "name": "zones",
    "title": "What each zone is like",
    "source": "csv",
    "subject": None,
    "one_row_per": "zone",
    "columns": [
        {"name": "zone", "type": "integer", "minimum": 1, "maximum": ZONES},
        {"name": "kind", "type": "category", "domain": ["centre", "suburb"]},
        {"name": "stops", "type": "integer", "minimum": 0, "maximum": 50},
    ],
    "dimensions": [{"name": "kind", "column": "kind", "kind": "identity"}],
}


def described(document: dict[str, Any]) -> DatasetDescription:
    return parse_description(json.dumps(document).encode())


@dataclass(frozen=True)
class Resident:
    key: str
    age: int
    sex: str
    zone: int


@dataclass(frozen=True)
class Journey:
    key: str
    mode: str
    hour: int
    minutes: int
    to_zone: int


@dataclass(frozen=True)
class Town:
    """The rows as Python knows them, to compute answers a second way, and the versions made from them."""

    residents: tuple[Resident, ...]
    journeys: tuple[Journey, ...]
    index: dict[str, int]
    descriptions: dict[str, DatasetDescription]
    versions: dict[str, VersionFile]

    def inputs(self, subjects: SubjectSet, *names: str) -> dict[str, SourceInput]:
        return {
            name: SourceInput(self.versions[name], subjects if self.descriptions[name].personal else None)
            for name in names
        }


def people_of(count: int, seed: int = 7) -> tuple[tuple[Resident, ...], tuple[Journey, ...]]:
    """Residents, and what they did on one day. Every fifth stays at home."""
    chance = random.Random(seed)
    residents = tuple(
        Resident(
            f"P{1000 + n}",
            chance.randrange(0, 100),
            chance.choice(("female", "male")),
            chance.randint(1, ZONES),
        )
        for n in range(count)
    )
    journeys = tuple(
        Journey(
            r.key,
            chance.choice(MODES),
            chance.randint(5, 23),
            chance.randint(1, 90),
            chance.randint(1, ZONES),
        )
        for n, r in enumerate(residents)
        if n % 5
        for _ in range(chance.randint(1, 5))
    )
    return residents, journeys


def write_residents(path: Path, residents: tuple[Resident, ...]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["person_id", "age", "sex", "street", "home_zone"])
        writer.writerows([r.key, r.age, r.sex, "Elm Street", r.zone] for r in residents)
    return path


def write_journeys(path: Path, journeys: tuple[Journey, ...]) -> str:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE journeys (person_id, mode, hour, minutes, to_zone)")
        database.executemany(
            "INSERT INTO journeys VALUES (?, ?, ?, ?, ?)",
            [(j.key, j.mode, j.hour, j.minutes, j.to_zone) for j in journeys],
        )
    return f"sqlite:///{path}"


def write_zones(path: Path) -> Path:
    lines = ["zone,kind,stops"] + [
        f"{zone},{'centre' if zone <= 12 else 'suburb'},{zone % 7}" for zone in range(1, ZONES + 1)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def build_town(folder: Path, count: int = 400) -> Town:
    residents, journeys = people_of(count)
    index = {resident.key: number for number, resident in enumerate(residents)}
    descriptions = {d["name"]: described(d) for d in (RESIDENTS, JOURNEYS, ZONE_FACTS)}
    rows = {
        "residents": read_csv(
            write_residents(folder / "residents.csv", residents), descriptions["residents"]
        ),
        "journeys": read_table(
            write_journeys(folder / "journeys.db", journeys), "journeys", descriptions["journeys"]
        ),
        "zones": read_csv(write_zones(folder / "zones.csv"), descriptions["zones"]),
    }
    versions: dict[str, VersionFile] = {}
    for name, source in rows.items():
        versions[name] = VersionFile(folder / f"{name}.version", KEY)
        ingest(
            descriptions[name],
            source,
            index_of=index.__getitem__,
            target=versions[name].path,
            key=KEY,
        )
    return Town(residents, journeys, index, descriptions, versions)


def build_meters(folder: Path, readings: list[dict[str, Any]]) -> tuple[DatasetDescription, VersionFile]:
    description = described(METERS)
    file = folder / "meters.json"
    file.write_text(json.dumps(readings), "utf-8")
    version = VersionFile(folder / "meters.version", KEY)
    homes = sorted({reading["home"] for reading in readings})
    ingest(
        description,
        read_json_series(file, description),
        index_of=homes.index,
        target=version.path,
        key=KEY,
    )
    return description, version
