"""The people of the demo city and their trips on one model weekday, out of ActivitySim's survey files."""

import csv
from dataclasses import dataclass
from pathlib import Path

from marketplace.sources.geography import district_of

AGE_OF_CONSENT = 16

SEXES = {"1": "male", "2": "female"}
OCCUPATIONS = {
    "1": "full_time_worker",
    "2": "part_time_worker",
    "3": "university_student",
    "4": "not_working",
    "5": "retired",
    "6": "pupil_of_driving_age",
    "7": "pupil",
    "8": "preschool_child",
}
MODES = {
    "DRIVEALONEFREE": "car_alone",
    "SHARED2FREE": "car_shared",
    "SHARED3FREE": "car_shared",
    "WALK": "walk",
    "BIKE": "bike",
    "WALK_LOC": "bus",
    "DRIVE_LOC": "bus",
    "WALK_LRF": "light_rail",
    "WALK_HVY": "metro",
    "DRIVE_COM": "commuter_rail",
    "TNC_SINGLE": "ride_hail",
    "TNC_SHARED": "ride_hail",
    "TAXI": "ride_hail",
}
PUBLIC_TRANSPORT = frozenset({"bus", "light_rail", "metro", "commuter_rail"})
PURPOSES = {
    "Home": "home",
    "work": "work",
    "Work": "work",
    "atwork": "break_at_work",
    "school": "school",
    "univ": "university",
    "shopping": "shopping",
    "escort": "escort",
    "eatout": "eating_out",
    "social": "social",
    "othmaint": "errand",
    "othdiscr": "leisure",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic person, with what her household says about her."""

    person_id: int
    household_id: int
    age: int
    sex: str
    home_zone: int
    district: str
    occupation: str
    household_size: int
    cars: int

    @property
    def may_be_asked(self) -> bool:
        return self.age >= AGE_OF_CONSENT


@dataclass(frozen=True, slots=True)
class Member:
    """One person's place in her household: what is known of it belongs to each of those who live there."""

    person_id: int
    household_size: int
    workers: int
    cars: int


@dataclass(frozen=True, slots=True)
class Trip:
    """One way from zone to zone, leaving at 5 to 23 hours. Trips of one outing share a `tour_id`."""

    trip_id: int
    person_id: int
    tour_id: int
    depart_hour: int
    mode: str
    purpose: str
    origin_zone: int
    destination_zone: int

    @property
    def public_transport(self) -> int:
        return int(self.mode in PUBLIC_TRANSPORT)


def read_persons(folder: Path) -> tuple[Person, ...]:
    """All 4,405 persons, joined with their 2,000 households, in order of their id."""
    households = {row["household_id"]: row for row in rows_of(folder / "survey_households.csv")}
    persons = (
        person_from(row, households[row["household_id"]]) for row in rows_of(folder / "survey_persons.csv")
    )
    return tuple(sorted(persons, key=lambda person: person.person_id))


def read_members(folder: Path) -> tuple[Member, ...]:
    """The 2,000 households by their 4,405 members, in order of the person's id."""
    households = {row["household_id"]: row for row in rows_of(folder / "survey_households.csv")}
    members = (
        member_from(row, households[row["household_id"]]) for row in rows_of(folder / "survey_persons.csv")
    )
    return tuple(sorted(members, key=lambda member: member.person_id))


def read_trips(folder: Path) -> tuple[Trip, ...]:
    """All 14,352 trips of the model weekday, in order of their id."""
    trips = (trip_from(row) for row in rows_of(folder / "survey_trips.csv"))
    return tuple(sorted(trips, key=lambda trip: trip.trip_id))


def person_from(row: dict[str, str], household: dict[str, str]) -> Person:
    zone = int(household["home_zone_id"])
    return Person(
        person_id=int(row["person_id"]),
        household_id=int(row["household_id"]),
        age=int(row["age"]),
        sex=SEXES[row["sex"]],
        home_zone=zone,
        district=district_of(zone),
        occupation=OCCUPATIONS[row["ptype"]],
        household_size=int(household["hhsize"]),
        cars=int(household["auto_ownership"]),
    )


def member_from(row: dict[str, str], household: dict[str, str]) -> Member:
    return Member(
        person_id=int(row["person_id"]),
        household_size=int(household["hhsize"]),
        workers=int(household["num_workers"]),
        cars=int(household["auto_ownership"]),
    )


def trip_from(row: dict[str, str]) -> Trip:
    return Trip(
        trip_id=int(row["trip_id"]),
        person_id=int(row["person_id"]),
        tour_id=int(row["tour_id"]),
        depart_hour=int(float(row["depart"])),
        mode=MODES[row["trip_mode"]],
        purpose=PURPOSES[row["purpose"]],
        origin_zone=int(row["origin"]),
        destination_zone=int(row["destination"]),
    )


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
