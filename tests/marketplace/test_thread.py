"""One thread through the house: consents, an order, its answer; a change of mind, a refund; the replay."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from ledger.enums import Class, OrderState
from marketplace.disclosure.gate import WITHHELD_TEXT
from marketplace.orders import queries
from marketplace.orders.service import RefundedError
from marketplace.projector import contents, rebuild
from tests import small_city
from tests.office import Office, Paper
from tests.town import CREDIT

PEOPLE = 80


@pytest.fixture
def open_city(office: Office, tmp_path: Path) -> tuple[Office, int, list[Paper]]:
    """Lab may count bus trips by age band and district; everybody but the last ten said yes."""
    office.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    )
    office.dataset(
        small_city.document(small_city.TRIPS),
        small_city.write_trips(tmp_path / "t.sqlite", PEOPLE),
        table="trips",
    )
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.TRAVEL))
    office.allow(use_case)
    office.register("person", small_city.person_keys(PEOPLE))
    papers = [office.say_yes(use_case, key) for key in small_city.person_keys(PEOPLE - 10)]
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    return office, use_case, papers


def recomputed(trips: Path, people: range) -> dict[tuple[str, str], int]:
    """Bus trips by age band and district in plain SQL over exactly these people: another code path."""
    with sqlite3.connect(trips) as database:
        database.execute("CREATE TEMP TABLE yes (person_id TEXT, age INTEGER, home_zone INTEGER)")
        rows = [(str(number), *small_city.person(number).values()) for number in people]
        database.executemany("INSERT INTO yes VALUES (?, ?, ?)", rows)
        found = database.execute(
            "SELECT CASE WHEN age < 50 THEN 'younger' ELSE 'older' END,"
            " CASE WHEN home_zone < 3 THEN 'north' ELSE 'south' END, COUNT(*)"
            " FROM yes JOIN trips USING (person_id) WHERE mode = 'bus' GROUP BY 1, 2"
        )
        return {(band, district): trips for band, district, trips in found}


def cells(result: bytes) -> dict[tuple[str, ...], int | None]:
    document = json.loads(result)
    bands, districts = (dimension["labels"] for dimension in document["dimensions"])
    places = [(band, district) for band in bands for district in districts]
    return {
        place: None if values is None else values[0]
        for place, values in zip(places, document["cells"], strict=True)
    }


def test_an_answer_counts_exactly_the_people_who_said_yes(open_city, tmp_path: Path) -> None:
    office, use_case, _ = open_city
    licence = office.buy_licence("lab", use_case)
    id_ = office.order("lab", licence)

    office.pump(analysis=True)

    found = cells(office.result("lab", id_))
    assert found == recomputed(tmp_path / "t.sqlite", range(1, PEOPLE - 9))
    assert found != recomputed(tmp_path / "t.sqlite", range(1, PEOPLE + 1))
    with office.house.database.reading() as session:
        order = queries.order(session, id_)
    assert order.state is OrderState.SETTLED
    assert order.charge == 10 * CREDIT
    assert order.cohort_size == PEOPLE - 10


def test_after_a_change_of_mind_the_first_day_is_held_and_not_charged(open_city) -> None:
    office, use_case, papers = open_city
    licence = office.buy_licence("lab", use_case)
    office.order("lab", licence)
    office.pump(analysis=True)
    before = office.town.contracts.credit.balance_of(office.town.keys["lab"].address)

    office.stop(papers[0].code)
    again = office.order("lab", licence)
    office.pump(analysis=True)

    with pytest.raises(RefundedError, match=re.escape(WITHHELD_TEXT)):
        office.result("lab", again)
    lab = office.town.keys["lab"].address
    office.town.send("mallory", office.town.contracts.settlement.withdraw(lab))
    assert office.town.contracts.credit.balance_of(lab) == before


def test_the_next_day_is_answered_without_those_who_stopped(open_city, tmp_path: Path) -> None:
    office, use_case, papers = open_city
    licence = office.buy_licence("lab", use_case)
    office.order("lab", licence)
    office.pump(analysis=True)
    for paper in papers[:5]:
        office.stop(paper.code)

    office.deliver("trips", small_city.write_trips(tmp_path / "t2.sqlite", PEOPLE, day=2), table="trips")
    id_ = office.order("lab", licence)
    office.pump(analysis=True)

    assert cells(office.result("lab", id_)) == recomputed(tmp_path / "t2.sqlite", range(6, PEOPLE - 9))


def test_the_read_model_can_be_rebuilt_from_the_ledger(open_city) -> None:
    office, use_case, papers = open_city
    licence = office.buy_licence("lab", use_case)
    office.order("lab", licence)
    office.stop(papers[3].code)
    office.pump(analysis=True)
    with office.house.database.reading() as session:
        before = contents(session)

    rebuild(office.house.database, office.projector, lambda done, head: None)

    with office.house.database.reading() as session:
        assert contents(session) == before
    assert len(before["consents"]) == PEOPLE - 10


def test_nobody_needs_a_licence_to_be_refused_a_result_of_another_buyer(open_city) -> None:
    office, use_case, _ = open_city
    licence = office.buy_licence("lab", use_case)
    id_ = office.order("lab", licence)
    office.pump(analysis=True)
    office.join("mallory", Class.COMMERCIAL)

    with pytest.raises(queries.UnknownOrderError):
        office.result("mallory", id_)
