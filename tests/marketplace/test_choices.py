"""A citizen chooses which data she allows, and stops in her own time: runs keep to both before the ledger does."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.enums import Class, OrderState
from marketplace.consent import stopping
from marketplace.consent.tables import StopRow
from marketplace.orders import queries
from marketplace.orders.tables import JobRow
from tests import small_city
from tests.marketplace.headcount import PEOPLE, Counted, count_people
from tests.office import Office

PERSONS_ALONE, BOTH = 0b01, 0b10 | 0b01
TRAVELLERS = small_city.document(
    {
        "v": 1,
        "sources": ["persons", "trips"],
        "joins": [{"left": "trips", "right": "persons", "on": "subject"}],
        "measures": {"source": "trips", "of": [{"kind": "people"}]},
    }
)


@pytest.fixture
def counted(office: Office, tmp_path: Path) -> Counted:
    return count_people(office, tmp_path)


def test_whoever_leaves_a_dataset_out_is_in_no_figure_made_of_it(office: Office, tmp_path: Path) -> None:
    persons = small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    office.dataset(small_city.document(small_city.PERSONS), persons)
    trips = small_city.write_trips(tmp_path / "t.sqlite", PEOPLE)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", TRAVELLERS, minimum_cohort=5, optional=frozenset({"trips"}))
    office.allow(use_case)
    keys = small_city.person_keys(PEOPLE)
    office.register("person", keys)
    for key in keys:
        office.say_yes(use_case, key, scope=PERSONS_ALONE if int(key) <= 3 else BOTH)
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()

    order = office.order("lab", office.buy_licence("lab", use_case))
    office.pump(analysis=True)

    assert json.loads(office.result("lab", order))["total"] == [PEOPLE - 3]
    with office.house.database.reading() as session:
        assert queries.order(session, order).cohort_size == PEOPLE


def test_what_was_stopped_with_a_code_counts_no_more_before_the_ledger_hears_of_it(counted: Counted) -> None:
    office = counted.office
    id_ = office.order("lab", counted.licence)
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        stopping.stop_by_code(session, vault, office.house, counted.papers[0].code)

    office.workbench.step()
    office.pump(analysis=True)

    assert json.loads(office.result("lab", id_))["total"] == [PEOPLE - 1]
    with office.house.database.reading() as session:
        order, attempts = queries.order(session, id_), session.get_one(JobRow, id_).attempts
    assert (order.state, order.cohort_size, attempts) == (OrderState.SETTLED, PEOPLE, 0)


def test_the_ends_of_what_is_stopped_together_reach_the_ledger_at_different_times(counted: Counted) -> None:
    house = counted.office.house
    for key in small_city.person_keys(PEOPLE):
        with house.database.writing() as session, house.vault.writing() as vault:
            stopping.stop_everything(session, vault, person=("person", key), spread=3_600)
    with house.vault.reading() as vault:
        due = vault.scalars(select(StopRow.due_at)).all()
    assert len(due) == PEOPLE
    assert max(due) - min(due) > 60
