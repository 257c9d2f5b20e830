"""Real fetched data all the way: delivered, decided, consented, bought, computed, labelled. `stoa data fetch` first.

Every answer is computed a second time with loops over the delivered files.
"""

import csv
import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.enums import Class, OrderState, UseCaseState
from marketplace.orders import queries
from marketplace.orders.service import RefundedError
from marketplace.sources.deliveries import TRIPS_TABLE, Delivery, prepare
from marketplace.sources.descriptions import CAR_BANDS, HOUR_BANDS, SIZE_BANDS
from marketplace.sources.errors import SourceMissingError
from marketplace.sources.travel import PUBLIC_TRANSPORT
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases import service as use_case_service
from marketplace.use_cases.purposes import purpose_named
from tests import small_city
from tests.marketplace.crowd import all_say_yes
from tests.office import Office
from tests.town import Town

MONDAY = date(2026, 11, 23)
ADULTS = 600


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    town = Town.found()
    office = Office(town, tmp_path / "city")
    yield office
    office.close()
    town.devnet.close()


@pytest.fixture
def deliver(office: Office, tmp_path: Path) -> Callable[..., dict[str, Delivery]]:
    """Takes the named deliveries into the city; skips when their sources were not fetched."""

    def take(*names: str, public: bool = False) -> dict[str, Delivery]:
        try:
            made = prepare(names, tmp_path / "deliveries", day=MONDAY)
        except SourceMissingError as missing:
            pytest.skip(str(missing))
        for one in made:
            office.dataset(one.description.read_bytes(), one.file, public=public, table=TRIPS_TABLE)
        return {one.dataset: one for one in made}

    return take


def routine(
    measured: str, measure: dict[str, str], *dimensions: tuple[str, ...], filters: Sequence[dict] = ()
) -> bytes:
    """`dimensions` are (source, name) or (source, name, grain); every other source is joined on the subject."""
    sources = list(dict.fromkeys([measured, *(dimension[0] for dimension in dimensions)]))
    return small_city.document(
        {
            "v": 1,
            "sources": sources,
            "joins": [{"left": measured, "right": other, "on": "subject"} for other in sources[1:]],
            "measures": {"source": measured, "of": [measure]},
            "dimensions": [
                dict(zip(("source", "name", "grain"), dimension, strict=False)) for dimension in dimensions
            ],
            "filters": list(filters),
        }
    )


ROWS = {"kind": "rows"}
BY_PUBLIC_TRANSPORT = {"source": "trips", "dimension": "mode_group", "in": ["public transport"]}


def bought(office: Office, use_case: int) -> dict[str, Any]:
    """Lab's answer."""
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    id_ = office.order("lab", office.buy_licence("lab", use_case))
    office.pump(analysis=True)
    with office.house.database.reading() as session:
        assert queries.order(session, id_).state is OrderState.SETTLED
    return json.loads(office.result("lab", id_))


def figures(answer: dict[str, Any], *dimensions: str) -> dict[tuple[str, ...], int]:
    """The cells that are shown, by their labels in these dimensions."""
    names = [dimension["name"] for dimension in answer["dimensions"]]
    places = itertools.product(*(dimension["labels"] for dimension in answer["dimensions"]))
    return {
        tuple(place[names.index(name)] for name in dimensions): values[0]
        for place, values in zip(places, answer["cells"], strict=True)
        if values is not None
    }


def lines_of(delivery: Delivery) -> list[dict[str, str]]:
    with delivery.file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def band(bands: Sequence[tuple[str, int, int]], value: int) -> str:
    return next(label for label, first, last in bands if first <= value <= last)


def public_transport_trips(delivery: Delivery) -> Iterator[str]:
    """Whose trip it was, for each."""
    marks = ", ".join("?" * len(PUBLIC_TRANSPORT))
    with closing(sqlite3.connect(delivery.file)) as database:
        yield from (
            str(person)
            for (person,) in database.execute(
                f"SELECT person_id FROM trips WHERE mode IN ({marks})", sorted(PUBLIC_TRANSPORT)
            )
        )


def adults_of(delivery: Delivery, count: int) -> list[str]:
    return [row["person_id"] for row in lines_of(delivery) if int(row["age"]) >= 16][:count]


# People, households and trips


def by_household() -> bytes:
    return routine(
        "trips",
        ROWS,
        ("households", "size_band"),
        ("households", "car_band"),
        filters=[BY_PUBLIC_TRANSPORT],
    )


def homes_by_member(delivered: dict[str, Delivery]) -> dict[str, tuple[str, str]]:
    return {
        row["person_id"]: (band(SIZE_BANDS, int(row["household_size"])), band(CAR_BANDS, int(row["cars"])))
        for row in lines_of(delivered["households"])
    }


def test_households_in_a_file_and_trips_in_a_database_are_joined_on_the_person(
    office: Office, deliver: Callable[..., dict[str, Delivery]]
) -> None:
    delivered = deliver("persons", "households", "trips")
    asked = adults_of(delivered["persons"], ADULTS)
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", by_household())
    office.allow(use_case)
    office.register("person", asked)
    all_say_yes(office, use_case, asked)

    answer = bought(office, use_case)

    home, yes = homes_by_member(delivered), set(asked)
    recomputed = Counter(home[who] for who in public_transport_trips(delivered["trips"]) if who in yes)
    shown = figures(answer, "size_band", "car_band")
    assert len(shown) > 3
    assert shown == {place: recomputed[place] for place in shown}
    assert answer["honesty"]["label"] == "model"
    assert {source["dataset"] for source in answer["honesty"]["sources"]} == {"households", "trips"}


@pytest.mark.slow
def test_raising_k_from_10_to_40_in_a_new_use_case_suppresses_more(
    office: Office, deliver: Callable[..., dict[str, Delivery]]
) -> None:
    """The same routine, people and day; only the number in the second application differs."""
    delivered = deliver("persons", "trips")
    asked = adults_of(delivered["persons"], ADULTS)
    office.register("person", asked)
    office.join("lab", Class.COMMERCIAL)
    asks = routine("trips", ROWS, ("persons", "sex"), ("trips", "hour_band"), filters=[BY_PUBLIC_TRANSPORT])
    answers: dict[int, dict[str, Any]] = {}
    for k in (10, 40):
        use_case = office.apply("lab", asks, minimum_cohort=k)
        office.allow(use_case, minimum_cohort=k)
        all_say_yes(office, use_case, asked)
        answers[k] = bought(office, use_case)

    many, few = (figures(answers[k], "sex", "hour_band") for k in (10, 40))
    assert answers[10]["routine"] == answers[40]["routine"]
    assert (answers[10]["k"], answers[40]["k"]) == (10, 40)
    assert 0 < len(few) < len(many)
    assert few.items() < many.items()
    people = travellers_by_sex_and_hour(delivered, set(asked))
    assert all(people[place] >= 10 for place in many)
    assert all(people[place] >= 40 for place in few)
    assert any(10 <= people[place] < 40 for place in many)


def travellers_by_sex_and_hour(delivered: dict[str, Delivery], yes: set[str]) -> Counter[tuple[str, str]]:
    """How many different people made a trip by public transport, in another way than the city counts them."""
    sexes = {row["person_id"]: row["sex"] for row in lines_of(delivered["persons"])}
    marks = ", ".join("?" * len(PUBLIC_TRANSPORT))
    with closing(sqlite3.connect(delivered["trips"].file)) as database:
        rows = database.execute(
            f"SELECT DISTINCT person_id, depart_hour FROM trips WHERE mode IN ({marks})",
            sorted(PUBLIC_TRANSPORT),
        ).fetchall()
    found = {(str(who), band(HOUR_BANDS, hour)) for who, hour in rows if str(who) in yes}
    return Counter((sexes[who], hour) for who, hour in found)


# Homes


def home_rows(delivery: Delivery) -> Iterator[dict[str, Any]]:
    with delivery.file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@pytest.mark.slow
def test_seventeen_metered_homes_are_asked_one_by_one(
    office: Office, deliver: Callable[..., dict[str, Delivery]]
) -> None:
    delivered = deliver("homes")
    office.join("lab", Class.COMMERCIAL)
    asks = routine("homes", {"kind": "sum", "column": "consumption_wh"}, ("homes", "started", "hour_of_day"))
    use_case = office.apply("lab", asks, purpose=purpose_named("CombatClimateChange"))
    office.allow(use_case)
    homes = [str(home) for home in range(1, 18)]
    office.register("home", homes)
    codes = all_say_yes(office, use_case, homes[:15], kind="home")

    answer = bought(office, use_case)

    recomputed: Counter[tuple[str]] = Counter()
    for row in home_rows(delivered["homes"]):
        if row["home"] <= 15:
            recomputed[(f"{datetime.fromisoformat(row['started_at']).hour:02}",)] += row["consumption_wh"]
    assert len(recomputed) == 24
    assert figures(answer, "started") == dict(recomputed)
    assert answer["honesty"]["label"] == "real, 17 homes"
    assert "Californian" in answer["honesty"]["sources"][0]["sentence"]

    office.stop(codes["3"])
    again = office.order("lab", 1)
    office.pump(analysis=True)
    with pytest.raises(RefundedError):
        office.result("lab", again)


# Sensors: nobody is in them


@pytest.mark.parametrize(
    ("name", "column", "grain"), [("water", "flow_ml_per_s", "hour_of_day"), ("bikes", "riders", "month")]
)
def test_a_sensor_series_is_allowed_by_rule_and_answered_without_consents(
    office: Office, deliver: Callable[..., dict[str, Delivery]], name: str, column: str, grain: str
) -> None:
    delivered = deliver(name, public=True)
    office.join("lab", Class.COMMERCIAL)
    with office.house.database.writing() as session:
        use_case_service.publish_rule(
            session, office.house, text="Things may be counted.", classes=[Class.COMMERCIAL], longest_days=365
        )
    office.pump()
    use_case = office.apply(
        "lab", routine(name, {"kind": "sum", "column": column}, (name, "started", grain)), minimum_cohort=0
    )
    with office.house.database.writing() as session:
        assert use_case_service.decide_by_rules(session, office.house) == 1
    office.pump()
    with office.house.database.reading() as session:
        assert use_cases.use_case(session, use_case).state is UseCaseState.ALLOWED

    answer = bought(office, use_case)

    recomputed: Counter[tuple[str]] = Counter()
    for row in lines_of(delivered[name]):
        at = datetime.fromisoformat(row["started_at"]).replace(tzinfo=UTC)
        label = f"{at.hour:02}" if grain == "hour_of_day" else f"{at:%Y-%m}"
        recomputed[(label,)] += int(row[column])
    assert figures(answer, "started") == dict(recomputed)
    assert answer["k"] is None
    assert answer["honesty"]["label"] == "real"


# Real people, and sensitive


@pytest.mark.slow
def test_doctor_visits_of_real_people_need_two_to_decide(
    office: Office, deliver: Callable[..., dict[str, Delivery]]
) -> None:
    delivered = deliver("visits")
    rows = lines_of(delivered["visits"])
    grown = dict.fromkeys(row["person_id"] for row in rows if int(row["age"]) >= 16)
    asked = list(grown)[:ADULTS]
    office.register("person", asked)
    office.join("lab", Class.COMMERCIAL)
    asks = routine(
        "visits", {"kind": "sum", "column": "doctor_visits"}, ("visits", "plan"), ("visits", "sex")
    )
    use_case = office.apply("lab", asks, purpose=purpose_named("ImproveHealthcare"))
    for operator in ("operator", "deputy"):
        with office.house.database.reading() as session:
            assert use_cases.use_case(session, use_case).state is UseCaseState.APPLIED
        with office.house.database.writing() as session:
            use_case_service.decide(
                session, office.house, use_case, allowed=True, reason="Useful.", operator=operator
            )
        office.pump()
    with office.house.database.writing() as session:
        use_case_service.publish_notices(session, office.house, use_case)
    office.pump()
    all_say_yes(office, use_case, asked)

    answer = bought(office, use_case)

    yes = set(asked)
    recomputed: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["person_id"] in yes:
            recomputed[row["plan"], row["sex"]] += int(row["doctor_visits"])
    shown = figures(answer, "plan", "sex")
    assert len(shown) > 4
    assert shown == {place: recomputed[place] for place in shown}
    assert answer["honesty"]["label"] == "real"
    assert "sensitive" in answer["honesty"]["sources"][0]["sentence"]
