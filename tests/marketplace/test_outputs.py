"""Everything that left a city, held against the rows underneath: nothing tells about fewer than k people.

The comparison is by brute force and by a code path of its own: who had consented is read from the ledger, whose rows a
figure is made of from the delivered files. Nothing of the gate, its tables or its records is used.
"""

import csv
import itertools
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger.enums import Class
from marketplace.orders import queries
from marketplace.orders.service import RefundedError
from tests import small_city
from tests.office import Office, Paper
from tests.town import Town

K = 5
GROUPS = {("younger", "north"): 13, ("younger", "south"): 12, ("older", "north"): 11, ("older", "south"): 10}
PEOPLE = sum(GROUPS.values())
AGES = {"younger": 30, "older": 70}
ZONES = {"north": 1, "south": 4}

BY_BAND_AND_DISTRICT = small_city.TRAVEL
BY_DISTRICT = {**small_city.TRAVEL, "dimensions": [{"source": "persons", "name": "district"}]}
BY_DISTRICT_AND_MODE = {
    **BY_DISTRICT,
    "dimensions": [*BY_DISTRICT["dimensions"], {"source": "trips", "name": "mode"}],
    "filters": [],
}

Row = tuple[int, str, int]
"""Person, mode, number among her equal trips: a row is the same row in whatever delivery it comes."""
Rows = frozenset[Row]


@dataclass(frozen=True)
class Trip:
    row: Row
    band: str
    district: str
    mode: str


@dataclass
class Asked:
    """A use case, who may be counted in it, and what its buyer was given."""

    buyer: str
    number: int
    licence: int
    routine: dict
    papers: dict[int, Paper]
    stopped: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Output:
    """An answer as its buyer has it: what each entry says, None where it says nothing."""

    asked: Asked
    version: int
    document: dict
    counted: frozenset[int]


class OpenCity:
    def __init__(self, office: Office, folder: Path, chance: random.Random) -> None:
        self.office, self.folder, self.chance = office, folder, chance
        self.groups = [group for group, size in GROUPS.items() for _ in range(size)]
        self.versions: list[Path] = []
        self.outputs: list[Output] = []
        self.withheld: list[tuple[Asked, int, frozenset[int]]] = []
        office.dataset(small_city.document(small_city.PERSONS), self.write_persons())
        trips = self.write_trips()
        office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
        office.register("person", [str(person) for person in self.people])
        for buyer in ("lab", "clinic"):
            office.join(buyer, Class.COMMERCIAL)
            office.fund(buyer, 100_000)
        office.anchor()
        most, some = self.who(0.95), self.who(0.7)
        self.asked = [
            self.ask("lab", BY_BAND_AND_DISTRICT, most),
            self.ask("clinic", BY_BAND_AND_DISTRICT, most),
            self.ask("clinic", BY_DISTRICT, most),
            self.ask("lab", BY_DISTRICT_AND_MODE, some),
        ]

    @property
    def people(self) -> range:
        return range(1, PEOPLE + 1)

    def write_persons(self) -> Path:
        path = self.folder / "persons.csv"
        with path.open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["person_id", "age", "home_zone"])
            for person, (band, district) in zip(self.people, self.groups, strict=True):
                out.writerow([person, AGES[band], ZONES[district]])
        return path

    def write_trips(self) -> Path:
        """A day of trips: how many each person makes, and how, is drawn anew."""
        path = self.folder / f"trips-{len(self.versions) + 1}.sqlite"
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE trips (person_id TEXT, depart_hour INTEGER, mode TEXT)")
            for person in self.people:
                for _ in range(self.chance.randrange(1, 4)):
                    mode = self.chance.choice(["bus", "bus", "bus", "bus", "car", "walk"])
                    database.execute("INSERT INTO trips VALUES (?, 8, ?)", (str(person), mode))
        self.versions.append(path)
        return path

    def next_day(self) -> None:
        self.office.deliver("trips", self.write_trips(), table="trips")

    def who(self, share: float) -> list[int]:
        return [person for person in self.people if self.chance.random() < share]

    def ask(self, buyer: str, routine: dict, willing: list[int]) -> Asked:
        number = self.office.apply(buyer, small_city.document(routine), minimum_cohort=K)
        self.office.allow(number, minimum_cohort=K)
        papers = {person: self.office.say_yes(number, str(person)) for person in willing}
        self.office.town.set_tariff(number)
        self.office.pump()
        return Asked(buyer, number, self.office.buy_licence(buyer, number), routine, papers)

    def stop(self, asked: Asked, how_many: int) -> None:
        for person in self.chance.sample(sorted(set(asked.papers) - asked.stopped), how_many):
            self.office.stop(asked.papers[person].code)
            asked.stopped.add(person)

    def order(self, asked: Asked, version: int) -> None:
        id_ = self.office.order(asked.buyer, asked.licence, versions={"persons": 1, "trips": version})
        self.office.pump(analysis=True)
        with self.office.house.database.reading() as session:
            block = queries.order(session, id_).consent_block
        try:
            document = json.loads(self.office.result(asked.buyer, id_))
        except RefundedError:
            self.withheld.append((asked, version, self.consenting(asked, None)))
        else:
            self.outputs.append(Output(asked, version, document, self.consenting(asked, block)))

    def consenting(self, asked: Asked, block: int | None) -> frozenset[int]:
        """Who consents at a block (None: now), as the contract says."""
        head = self.office.town.node.head().number if block is None else block
        found: set[int] = set()
        for person, paper in asked.papers.items():
            slot = self.office.town.contracts.consents.consent(paper.id)
            if slot.granted_in <= head and not 0 < slot.revoked_in <= head:
                found.add(person)
        return frozenset(found)

    def trips(self, version: int) -> list[Trip]:
        with sqlite3.connect(self.versions[version - 1]) as database:
            rows = database.execute("SELECT CAST(person_id AS INTEGER), mode FROM trips").fetchall()
        seen: Counter[tuple[int, str]] = Counter()
        trips: list[Trip] = []
        for person, mode in rows:
            seen[person, mode] += 1
            trips.append(Trip((person, mode, seen[person, mode]), *self.groups[person - 1], mode))
        return trips


@dataclass(frozen=True)
class Figure:
    """A number that a buyer has, or can compute from one answer by one subtraction, and the rows it is made of."""

    output: int
    what: str
    value: int
    rows: Rows


def figures(city: OpenCity, number: int, output: Output) -> Iterator[Figure]:
    """The published entries of an answer, and what each sum says about its unpublished parts together."""
    document = output.document
    dimensions = [dimension["labels"] for dimension in document["dimensions"]]
    names = [dimension["name"] for dimension in document["dimensions"]]
    counted = [trip for trip in city.trips(output.version) if matches(output, trip)]

    def rows_at(place: dict[str, str]) -> Rows:
        return frozenset(
            trip.row
            for trip in counted
            if all(label_of(trip, name) == label for name, label in place.items())
        )

    cells = {
        place: (rows_at(dict(zip(names, place, strict=True))), values)
        for place, values in zip(itertools.product(*dimensions), document["cells"], strict=True)
    }
    total = (rows_at({}), document["total"])
    sums = [("total", total, list(cells.values()))]
    for axis, (name, labels) in enumerate(zip(names, dimensions, strict=True)):
        margins = [
            (rows_at({name: label}), values)
            for label, values in zip(labels, document["margins"][axis], strict=True)
        ]
        sums.append((f"total by {name}", total, margins))
        for label, margin in zip(labels, margins, strict=True):
            parts = [cell for place, cell in cells.items() if place[axis] == label]
            sums.append((f"{name} {label}", margin, parts))
    entries = {what: whole for what, whole, _ in sums} | {str(place): cell for place, cell in cells.items()}
    for what, (rows, values) in entries.items():
        if values is not None:
            yield Figure(number, what, values[0], rows)
    for what, (rows, values), parts in sums:
        shown = [part for part in parts if part[1] is not None]
        if values is not None and len(shown) < len(parts):
            rest = rows - frozenset().union(*(part[0] for part in shown))
            yield Figure(number, f"rest of {what}", values[0] - sum(part[1][0] for part in shown), rest)


def matches(output: Output, trip: Trip) -> bool:
    only_bus = bool(output.asked.routine["filters"])
    return trip.row[0] in output.counted and (trip.mode == "bus" or not only_bus)


def label_of(trip: Trip, name: str) -> str:
    return {"age_band": trip.band, "district": trip.district, "mode": trip.mode}[name]


def people_in(rows: Rows) -> set[int]:
    return {person for person, _, _ in rows}


def people_between(one: Rows, other: Rows) -> int:
    """Whose rows are in one of two figures and not in the other."""
    return len(people_in(one ^ other))


def tells_too_much(all_figures: list[Figure]) -> list[str]:
    alone = [
        f"{one.what} of {one.output}: {len(people_in(one.rows))} people"
        for one in all_figures
        if 0 < len(people_in(one.rows)) < K
    ]
    pairs = [
        f"{one.what} of {one.output} and {other.what} of {other.output}: {people_between(one.rows, other.rows)}"
        for one, other in itertools.combinations(all_figures, 2)
        if 0 < people_between(one.rows, other.rows) < K
    ]
    return alone + pairs


@pytest.fixture(params=[1, 2])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenCity]:
    town = Town.found()
    office = Office(town, tmp_path / "city")
    yield OpenCity(office, tmp_path, random.Random(request.param))
    office.close()
    town.devnet.close()


@pytest.mark.slow
def test_nothing_that_any_buyer_got_differs_by_between_one_and_k_minus_one_people(city: OpenCity) -> None:
    for asked in city.asked:
        city.order(asked, 1)
    for few in (1, 2):
        for asked in city.asked[:2]:
            city.stop(asked, few)
            city.order(asked, 1)
    city.stop(city.asked[1], 8)
    city.order(city.asked[1], 1)
    city.next_day()
    for asked in city.chance.sample(city.asked, len(city.asked)):
        city.stop(asked, city.chance.randrange(3))
        city.order(asked, 2)
    city.stop(city.asked[3], 1)
    for asked in city.asked:
        city.order(asked, city.chance.choice([1, 2]))

    left = [each for number, output in enumerate(city.outputs) for each in figures(city, number, output)]

    assert len(city.outputs) >= 4
    assert len(city.withheld) >= 4
    assert [each for each in left if each.value != len(each.rows)] == []
    assert tells_too_much(left) == []
    assert would_have_told_too_much(city, left)


def would_have_told_too_much(city: OpenCity, left: list[Figure]) -> bool:
    """Whether an answer that was held back would have been too close to one that left: the comparison can fail."""
    return any(
        0 < people_between(held, each.rows) < K
        for asked, version, counted in city.withheld
        for held in [
            frozenset(
                trip.row for trip in city.trips(version) if matches(Output(asked, version, {}, counted), trip)
            )
        ]
        for each in left
    )
