"""What suppliers hand over: right values, the same bytes every time, and nothing that ingest would refuse."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from marketplace.catalogue.description import DatasetDescription, parse_description
from marketplace.catalogue.sources import Row, read_csv, read_json_series, read_table
from marketplace.sources.catalogue import SOURCES
from marketplace.sources.deliveries import DELIVERIES, TRIPS_TABLE, next_day_trips, prepare
from marketplace.sources.errors import SourceMissingError, UnknownSourceError
from marketplace.sources.geography import DISTRICTS, LAST_ZONES, district_of
from marketplace.sources.homes import read_homes
from marketplace.sources.travel import read_persons, read_trips
from tests.sources.tiny_city import building_rows, write, write_tiny_sources

MONDAY = date(2026, 11, 23)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_tiny_sources(tmp_path / "published")


def written(name: str, published: Path, work: Path) -> Path:
    recipe = DELIVERIES[name]
    work.mkdir(exist_ok=True)
    file = work / f"{name}{recipe.suffix}"
    assert recipe.write(published, file, MONDAY) > 0
    return file


def lines_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def description_of(name: str) -> DatasetDescription:
    return parse_description(json.dumps(DELIVERIES[name].describe()).encode())


def rows_as_read(description: DatasetDescription, file: Path) -> Iterator[Row]:
    readers: dict[str, Callable[[], Iterator[Row]]] = {
        "csv": lambda: read_csv(file, description),
        "sql": lambda: read_table(f"sqlite:///{file}", TRIPS_TABLE, description),
        "json": lambda: read_json_series(file, description),
    }
    return readers[description.source.value]()


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_row_is_one_that_its_description_admits(name: str, published: Path, tmp_path: Path) -> None:
    description = description_of(name)

    rows = list(rows_as_read(description, written(name, published, tmp_path)))

    assert rows
    for row in rows:
        for column in description.columns:
            column.stored(row.values[column.name])


@pytest.mark.parametrize("name", DELIVERIES)
def test_equal_sources_make_equal_bytes(name: str, published: Path, tmp_path: Path) -> None:
    first = written(name, published, tmp_path / "first").read_bytes()

    assert written(name, published, tmp_path / "second").read_bytes() == first


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_description_carries_its_sources_honesty_licence_and_origin(name: str) -> None:
    description, source = description_of(name), DELIVERIES[name].source

    assert description.honesty.label == source.honesty
    assert description.honesty.sentence.startswith(source.sentence)
    assert (description.licence, description.origin) == (source.licence, source.citation)


def test_people_and_homes_are_personal_and_sensors_are_not() -> None:
    subjects = {name: description_of(name).subject for name in DELIVERIES}

    assert {name: subject.kind for name, subject in subjects.items() if subject} == {
        "persons": "person",
        "households": "person",
        "trips": "person",
        "homes": "home",
        "visits": "person",
    }
    assert description_of("visits").sensitive


def test_a_person_comes_with_the_zone_of_her_household(published: Path) -> None:
    anna, *_ = read_persons(published)

    assert (anna.person_id, anna.age, anna.sex, anna.home_zone, anna.district) == (
        101,
        44,
        "female",
        3,
        "D01",
    )
    assert (anna.occupation, anna.household_size, anna.cars) == ("full_time_worker", 3, 1)


def test_what_is_known_of_a_household_is_a_row_of_each_member(published: Path, tmp_path: Path) -> None:
    rows = [tuple(row.values()) for row in lines_of(written("households", published, tmp_path))]

    assert rows == [
        ("101", "3", "1", "1"), ("102", "3", "1", "1"), ("103", "3", "1", "1"),
        ("201", "2", "0", "0"), ("202", "2", "0", "0"), ("301", "1", "1", "2"),
    ]  # fmt: skip


def test_nobody_below_sixteen_may_be_asked_but_everybody_is_delivered(
    published: Path, tmp_path: Path
) -> None:
    persons = read_persons(published)

    assert [person.person_id for person in persons if not person.may_be_asked] == [103, 202]
    assert next(person for person in persons if person.age == 16).may_be_asked
    assert [row["person_id"] for row in lines_of(written("persons", published, tmp_path))] == [
        "101", "102", "103", "201", "202", "301",
    ]  # fmt: skip


def test_only_riding_with_others_on_a_line_is_public_transport(published: Path) -> None:
    assert {trip.mode: trip.public_transport for trip in read_trips(published)} == {
        "light_rail": 1,
        "metro": 1,
        "car_alone": 0,
        "bike": 0,
    }


def test_trips_are_a_table_with_the_day_they_were_given(published: Path, tmp_path: Path) -> None:
    file = written("trips", published, tmp_path)

    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT trip_id, departed_at, purpose FROM trips ORDER BY trip_id").fetchall()
    assert rows == [
        (1, "2026-11-23T05:00:00", "school"),
        (3, "2026-11-23T23:00:00", "break_at_work"),
        (5, "2026-11-23T08:00:00", "work"),
        (6, "2026-11-23T17:00:00", "home"),
    ]


def test_a_home_is_metered_in_whole_watt_hours_from_the_last_hour_of_july(published: Path) -> None:
    first, second, *_ = read_homes(published)

    assert (first.started_at, second.started_at) == (
        datetime(2016, 7, 31, 23),  # noqa: DTZ001
        datetime(2016, 8, 1, 0),  # noqa: DTZ001
    )
    assert (first.home, first.consumption_wh, first.solar_wh) == (1, 851, 400)


def test_a_building_whose_hours_do_not_follow_the_calendar_is_refused(published: Path) -> None:
    rolled = building_rows(first=datetime(2016, 8, 1, 0))  # noqa: DTZ001
    write(published / "Building_5.csv", rolled)

    with pytest.raises(ValueError, match="calendar"):
        read_homes(published)


def test_doctor_visits_go_by_person_and_year(published: Path, tmp_path: Path) -> None:
    rows = lines_of(written("visits", published, tmp_path))

    assert [(row["person_id"], row["year"]) for row in rows] == [("4", "1"), ("9", "1"), ("9", "2")]
    assert [(row["plan"], row["age"], row["sex"], row["health"]) for row in rows] == [
        ("individual_deductible", "0", "male", "excellent"),
        ("pays_25_percent", "42", "female", "fair"),
        ("pays_25_percent", "43", "female", "poor"),
    ]
    assert [row["outpatient_cents"] for row in rows] == ["1234", "0", "4879"]


def test_bike_hours_lie_on_the_calendar_of_2011(published: Path, tmp_path: Path) -> None:
    rows = lines_of(written("bikes", published, tmp_path))

    assert [(row["started_at"], row["weekday"], row["day_kind"]) for row in rows] == [
        ("2011-01-01T00:00:00", "saturday", "weekend"),
        ("2011-01-17T08:00:00", "monday", "holiday"),
        ("2011-12-31T23:00:00", "saturday", "weekend"),
    ]


def test_water_flows_in_utc_across_the_change_of_clocks(published: Path, tmp_path: Path) -> None:
    rows = lines_of(written("water", published, tmp_path))

    assert [tuple(row.values()) for row in rows] == [
        ("2022-03-26T22:00:00Z", "100590"),
        ("2022-03-27T01:00:00Z", "24200"),
    ]


def test_districts_are_runs_of_zones_inside_one_superdistrict() -> None:
    districts = [district_of(zone) for zone in range(1, 191)]

    assert districts == sorted(districts)
    assert set(districts) == set(DISTRICTS)
    assert {42, 89, 167, 190} <= set(LAST_ZONES)
    for outside in (0, 191):
        with pytest.raises(ValueError, match="1 to 190"):
            district_of(outside)


def test_the_described_districts_are_those_of_the_map() -> None:
    district = description_of("persons").dimension("district")

    assert district is not None
    described = {
        zone: group["label"]
        for group in district.document()["values"]  # type: ignore[union-attr]
        for zone in range(group["from"], group["to"] + 1)
    }
    assert described == {zone: district_of(zone) for zone in range(1, 191)}


def test_preparing_without_the_source_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="stoa data fetch travel"):
        prepare(["persons"], tmp_path / "work", day=MONDAY, cache=tmp_path)
    with pytest.raises(SourceMissingError, match="stoa data fetch travel"):
        next_day_trips(tmp_path / "work", day=MONDAY, cache=tmp_path)


def test_an_unknown_delivery_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UnknownSourceError, match="persons, households, trips, homes"):
        prepare(["taps"], tmp_path / "work", day=MONDAY)
    assert not (tmp_path / "work").exists()


def test_every_source_is_delivered() -> None:
    assert {recipe.source.name for recipe in DELIVERIES.values()} == set(SOURCES)
