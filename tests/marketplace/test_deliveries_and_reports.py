"""A delivery is taken once; a use case is told its own report."""

from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.enums import Class
from ledger.tree import OrderedTree
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.catalogue.service import DeliveryUnderWayError
from marketplace.catalogue.tables import LeafSaltRow
from marketplace.orders import coverage
from marketplace.use_cases import decisions
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.office import Office
from tests.town import Town

PEOPLE = 40


@pytest.fixture
def office(town: Town, tmp_path: Path):
    made = Office(town, tmp_path / "city")
    made.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    )
    trips = small_city.write_trips(tmp_path / "t.sqlite", PEOPLE)
    made.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    yield made
    made.close()


def publish(office: Office, source: Path) -> None:
    with office.house.database.writing() as session:
        found = catalogue.dataset_named(session, "trips")
        signer = office.town.keys["city"]
        datasets.publish(session, office.house, dataset=found, source=source, signer=signer, table="trips")


@pytest.mark.parametrize("until", ["queued", "sent and not read back"])
def test_a_delivery_that_is_repeated_before_it_is_on_the_ledger_changes_nothing(
    office: Office, tmp_path: Path, until: str
) -> None:
    second = small_city.write_trips(tmp_path / "t2.sqlite", PEOPLE, day=2)
    publish(office, second)
    if until != "queued":
        while office.sender.step():
            pass
    files = sorted(path.name for path in office.house.versions.iterdir())

    with pytest.raises(DeliveryUnderWayError):
        publish(office, second)
    office.pump()

    assert sorted(path.name for path in office.house.versions.iterdir()) == files
    with office.house.database.reading() as session, office.house.vault.reading() as vault:
        number = catalogue.dataset_named(session, "trips").number
        leaves = select(LeafSaltRow.leaf).where(LeafSaltRow.dataset == number, LeafSaltRow.version == 2)
        root = OrderedTree(vault.scalars(leaves)).root
    assert root == office.town.contracts.datasets.version(number, 2).root


def test_a_use_case_is_told_the_coverage_and_the_report_of_its_own_k(office: Office) -> None:
    office.join("lab", Class.COMMERCIAL)
    office.join("clinic", Class.COMMERCIAL)
    numbers = [
        office.apply(name, small_city.document(small_city.TRAVEL), minimum_cohort=k)
        for name, k in (("lab", 20), ("clinic", 5))
    ]
    own: dict[int, object] = {}
    for number in numbers:
        report = use_cases.assess(office.house, number)
        assert report.figures is not None
        own[number] = report.figures.expected_covered_share
        office.allow(number)

    with office.house.database.reading() as session:
        told = {number: coverage.expected(session, number) for number in numbers}
        ks = [decisions.risk_report(session, number)["asked"]["k"] for number in numbers]

    assert len(set(own.values())) == 2
    assert {number: one and one.expected_share for number, one in told.items()} == own
    assert ks == [20, 5]


def test_figures_for_another_k_are_told_as_no_coverage(office: Office) -> None:
    office.join("lab", Class.COMMERCIAL)
    number = office.apply("lab", small_city.document(small_city.TRAVEL), minimum_cohort=5)
    use_cases.assess(office.house, number)
    office.allow(number, minimum_cohort=20)

    with office.house.database.reading() as session:
        told = coverage.expected(session, number)
        report = decisions.risk_report(session, number)

    assert told is not None
    assert told.expected_share is None
    assert report["asked"]["k"] == 5
