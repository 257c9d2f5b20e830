"""The workers' two threads meet: whatever happens on the ledger between two looks, no order is lost."""

from pathlib import Path

import pytest

from ledger.enums import Class, OrderState
from ledger.keys import Ed25519Attestor
from ledger.storage import Database
from marketplace.orders import queries
from marketplace.orders.runs import Workbench
from tests import small_city
from tests.office import Office
from tests.town import ATTESTOR_SEED

PEOPLE = 40


@pytest.fixture
def selling(office: Office, tmp_path: Path) -> tuple[Office, int]:
    """Lab has a licence to count bus trips; everybody said yes."""
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
    for key in small_city.person_keys(PEOPLE):
        office.say_yes(use_case, key)
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    return office, office.buy_licence("lab", use_case)


def test_an_order_that_opens_while_the_workbench_looks_is_answered(selling: tuple[Office, int]) -> None:
    office, licence = selling
    pump, office.pump = office.pump, lambda *_, **__: None
    id_ = office.order("lab", licence)
    office.pump = pump
    arrivals = [office.pump]

    def while_looking(point: str) -> None:
        if point == "O3.orders_listed" and arrivals:
            arrivals.pop()()

    office.workbench = Workbench(office.house, Ed25519Attestor(ATTESTOR_SEED), while_looking)
    office.workbench.step()
    assert not arrivals
    office.pump(analysis=True)

    assert state_of(office.house.database, id_) is OrderState.SETTLED


def state_of(database: Database, id_: bytes) -> OrderState:
    with database.reading() as session:
        return queries.order(session, id_).state
