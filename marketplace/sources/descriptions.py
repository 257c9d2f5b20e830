"""What each delivered dataset may hold and be grouped by: the description documents of the demo city."""

from marketplace.sources import sensors, visits
from marketplace.sources.catalogue import BIKES, HOMES, TRAVEL, VISITS, WATER
from marketplace.sources.description_parts import (
    Document,
    category,
    document,
    grid,
    groups,
    identity,
    integer,
    runs,
    timestamp,
)
from marketplace.sources.geography import DISTRICTS, LAST_ZONES
from marketplace.sources.travel import MODES, OCCUPATIONS, PURPOSES, SEXES

PERSON = {"column": "person_id", "kind": "person"}

# Nobody below 16 is asked, so the youngest who can be in a result are 16.
AGE_BANDS = (("up to 35", 0, 35), ("36 to 55", 36, 55), ("56 to 75", 56, 75), ("76 and over", 76, 99))
SIZE_BANDS = (("alone", 1, 1), ("two", 2, 2), ("three or four", 3, 4), ("five or more", 5, 20))
CAR_BANDS = (("no car", 0, 0), ("one car", 1, 1), ("two cars or more", 2, 10))
HOUR_BANDS = (
    ("before 7", 5, 6),
    ("7 to 9", 7, 9),
    ("10 to 15", 10, 15),
    ("16 to 18", 16, 18),
    ("19 and later", 19, 23),
)
MODE_GROUPS = {
    "public transport": ("bus", "light_rail", "metro", "commuter_rail"),
    "car": ("car_alone", "car_shared", "ride_hail"),
    "on foot or by bike": ("walk", "bike"),
}


def persons() -> Document:
    return document(
        "persons",
        "People of the city and where they live",
        TRAVEL,
        topic="mobile",
        delivered_as="csv",
        subject=PERSON,
        one_row_per="person_id",
        columns=(
            integer("age", 0, 99, unit="years"),
            category("sex", SEXES.values()),
            integer("home_zone", 1, LAST_ZONES[-1]),
            category("occupation", OCCUPATIONS.values()),
            integer("household_size", 1, 20),
            integer("cars", 0, 10),
        ),
        dimensions=(
            identity("age"),
            runs("age_band", "age", AGE_BANDS),
            identity("sex"),
            identity("home_zone"),
            runs("district", "home_zone", district_runs()),
            identity("occupation"),
            identity("household_size"),
            identity("cars"),
        ),
        left_out=("household_id",),
        called={"en": "my age group and district", "de": "meine Altersgruppe und meinen Stadtteil"},
    )


def households() -> Document:
    return document(
        "households",
        "Households of the city's people",
        TRAVEL,
        topic="mobile",
        delivered_as="csv",
        subject=PERSON,
        one_row_per="person_id",
        columns=(
            integer("household_size", 1, 20),
            integer("workers", 0, 20),
            integer("cars", 0, 10),
        ),
        dimensions=(
            runs("size_band", "household_size", SIZE_BANDS),
            runs("car_band", "cars", CAR_BANDS),
            identity("workers"),
        ),
        called={
            "en": "the size and cars of my household",
            "de": "die Größe und die Autos meines Haushalts",
        },
    )


def trips() -> Document:
    described = document(
        "trips",
        "Trips of the city's people, day by day",
        TRAVEL,
        topic="mobile",
        delivered_as="sql",
        subject=PERSON,
        columns=(
            timestamp("departed_at", "2026-01-01T00:00:00Z", "2031-01-01T00:00:00Z"),
            {"name": "depart_hour", "type": "hour", "from": 5, "until": 23},
            category("mode", MODES.values()),
            category("purpose", PURPOSES.values()),
            integer("origin_zone", 1, LAST_ZONES[-1]),
            integer("destination_zone", 1, LAST_ZONES[-1]),
            integer("public_transport", 0, 1, unit="trips"),
        ),
        dimensions=(
            grid("departed", "departed_at", "month", "day", "day_of_week"),
            identity("depart_hour"),
            runs("hour_band", "depart_hour", HOUR_BANDS),
            identity("mode"),
            groups("mode_group", "mode", MODE_GROUPS),
            identity("purpose"),
            identity("origin_zone"),
            runs("origin_district", "origin_zone", district_runs()),
            identity("destination_zone"),
            runs("destination_district", "destination_zone", district_runs()),
        ),
        left_out=("trip_id",),
        called={"en": "the trips", "de": "die Wege"},
    )
    later = " Every day after the first is simulated from it."
    return described | {"honesty": {"label": TRAVEL.honesty, "sentence": TRAVEL.sentence + later}}


def homes() -> Document:
    return document(
        "homes",
        HOMES.title,
        HOMES,
        topic="sustainable",
        delivered_as="json",
        subject={"column": "home", "kind": "home"},
        columns=(
            timestamp("started_at", "2016-07-31T23:00:00Z", "2017-07-31T23:00:00Z"),
            integer("consumption_wh", 0, 20_000, unit="Wh"),
            integer("solar_wh", 0, 10_000, unit="Wh"),
        ),
        dimensions=(grid("started", "started_at", "month", "day", "hour", "day_of_week", "hour_of_day"),),
        called={"en": "the power use of my home", "de": "den Stromverbrauch meiner Wohnung"},
    )


def bikes() -> Document:
    return document(
        "bikes",
        BIKES.title,
        BIKES,
        topic="mobile",
        delivered_as="csv",
        columns=(
            timestamp("started_at", "2011-01-01T00:00:00Z", "2012-01-01T00:00:00Z"),
            {"name": "hour", "type": "hour", "from": 0, "until": 23},
            category("season", sensors.SEASONS.values()),
            category("weekday", sensors.WEEKDAYS),
            category("day_kind", sensors.DAY_KINDS),
            category("weather", sensors.WEATHERS.values()),
            integer("temperature_permille", 0, 999),
            integer("humidity_percent", 0, 100),
            integer("wind_permille", 0, 999),
            integer("casual_riders", 0, 2_000, unit="riders"),
            integer("registered_riders", 0, 2_000, unit="riders"),
            integer("riders", 0, 4_000, unit="riders"),
        ),
        dimensions=(
            grid("started", "started_at", "month", "day", "day_of_week", "hour_of_day"),
            identity("hour"),
            identity("season"),
            identity("weekday"),
            identity("day_kind"),
            identity("weather"),
            {
                "name": "temperature_band",
                "column": "temperature_permille",
                "kind": "bands",
                "from": 0,
                "to": 999,
                "width": 100,
            },
        ),
    )


def doctor_visits() -> Document:
    return document(
        "visits",
        VISITS.title,
        VISITS,
        topic="social-care",
        delivered_as="csv",
        subject=PERSON,
        sensitive=True,
        columns=(
            integer("year", 1, 5),
            category("plan", visits.PLANS),
            integer("age", 0, 99, unit="years"),
            category("sex", SEXES.values()),
            category("health", visits.HEALTH),
            integer("doctor_visits", 0, 100, unit="visits"),
            integer("other_visits", 0, 150, unit="visits"),
            integer("admissions", 0, 20, unit="admissions"),
            integer("outpatient_cents", 0, 300_000, unit="US cents"),
        ),
        dimensions=(
            identity("year"),
            identity("plan"),
            runs("age_band", "age", AGE_BANDS),
            identity("sex"),
            identity("health"),
        ),
        called={"en": "the doctor visits", "de": "die Arztbesuche"},
    )


def water() -> Document:
    return document(
        "water",
        WATER.title,
        WATER,
        topic="sustainable",
        delivered_as="csv",
        columns=(
            timestamp("started_at", "2022-03-01T00:00:00Z", "2022-06-01T00:00:00Z"),
            integer("flow_ml_per_s", 0, 1_000_000, unit="ml/s"),
        ),
        dimensions=(grid("started", "started_at", "month", "day", "hour", "day_of_week", "hour_of_day"),),
    )


def district_runs() -> list[tuple[str, int, int]]:
    firsts = (1, *(last + 1 for last in LAST_ZONES))
    return [(name, first, last) for name, first, last in zip(DISTRICTS, firsts, LAST_ZONES, strict=False)]
