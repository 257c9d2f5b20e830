"""The published files themselves, when they are in the cache (`stoa data fetch`). Nothing here downloads."""

from datetime import date
from pathlib import Path

import pytest

from marketplace.sources.cache import verified_folder
from marketplace.sources.catalogue import BIKES, HOMES, SOURCES, TRAVEL, VISITS, WATER
from marketplace.sources.deliveries import DELIVERIES, prepare
from marketplace.sources.errors import SourceMissingError
from marketplace.sources.geography import district_of
from marketplace.sources.homes import HOMES as HOUSES
from marketplace.sources.homes import HOURS_PER_YEAR
from marketplace.sources.model import Source
from marketplace.sources.played_answers import played_answers
from marketplace.sources.travel import read_persons, read_trips, rows_of

ROWS = {
    "persons": 4_405,
    "households": 4_405,
    "trips": 14_352,
    "homes": HOUSES * HOURS_PER_YEAR,
    "bikes": 8_645,
    "visits": 20_190,
    "water": 1_268,
}
DIGESTS_WHEN_CHOSEN = {
    ("travel", "survey_households.csv"): "56a385bf8cf8101f",
    ("travel", "survey_persons.csv"): "2157fa8662d5c60f",
    ("travel", "survey_trips.csv"): "28a80b9f637f8e41",
    ("homes", "Building_1.csv"): "fe1d37a466ac7960",
    ("bikes", "Bikeshare.csv"): "ac6950ae6f11efcc",
    ("water", "water-flow.csv"): "6c84efeb8b148dd2",
}


def folder_or_skip(source: Source) -> Path:
    try:
        return verified_folder(source)
    except SourceMissingError as missing:
        pytest.skip(str(missing))


def test_the_pins_are_those_of_the_files_that_were_opened_and_counted() -> None:
    pinned = {
        (source.name, member.name): member.sha256[:16]
        for source in SOURCES.values()
        for member in source.wheel.members
    }

    assert {file: pinned[file] for file in DIGESTS_WHEN_CHOSEN} == DIGESTS_WHEN_CHOSEN


def test_three_thousand_eight_hundred_and_twenty_two_people_may_be_asked() -> None:
    persons = read_persons(folder_or_skip(TRAVEL))
    adults = [person.person_id for person in persons if person.may_be_asked]

    assert len(adults) == 3_822
    assert len(played_answers(adults, seed=7).silent) == 322


def test_every_trip_belongs_to_a_person() -> None:
    folder = folder_or_skip(TRAVEL)

    assert {trip.person_id for trip in read_trips(folder)} <= {
        person.person_id for person in read_persons(folder)
    }


def test_no_district_reaches_over_the_border_of_a_superdistrict() -> None:
    zones = rows_of(folder_or_skip(TRAVEL) / "land_use.csv")
    superdistricts = {district_of(int(zone["ZONE"])): {zone["SD"]} for zone in zones}
    for zone in zones:
        superdistricts[district_of(int(zone["ZONE"]))].add(zone["SD"])

    assert len(zones) == 190
    assert [len(found) for found in superdistricts.values()] == [1] * 10


def test_most_walks_stay_in_their_district() -> None:
    walks = [trip for trip in read_trips(folder_or_skip(TRAVEL)) if trip.mode == "walk"]
    near = sum(district_of(walk.origin_zone) == district_of(walk.destination_zone) for walk in walks)

    assert round(100 * near / len(walks)) == 57


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_delivery_has_the_rows_that_were_counted(name: str, tmp_path: Path) -> None:
    folder_or_skip(DELIVERIES[name].source)

    (delivery,) = prepare([name], tmp_path, day=date(2026, 11, 23))

    assert delivery.rows == ROWS[name]


def test_the_figures_of_every_source_are_counted_here() -> None:
    assert {DELIVERIES[name].source for name in ROWS} == {TRAVEL, HOMES, BIKES, VISITS, WATER}
