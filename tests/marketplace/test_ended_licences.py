"""A licence that has ended orders nothing, and says why."""

from pathlib import Path

import pytest

from ledger.digests import text_digest
from ledger.enums import Class
from marketplace.licences.queries import UnknownLicenceError
from marketplace.licences.service import NotEnoughCreditError
from marketplace.orders.service import LicenceEndedError
from tests.marketplace.public_counter import licence_of_lab
from tests.office import Office
from tests.town import CREDIT, DAY


def test_a_licence_that_is_over_orders_nothing(office: Office, tmp_path: Path) -> None:
    licence = licence_of_lab(office, tmp_path, licence_days=1)
    assert office.order("lab", licence)
    office.town.pass_time(DAY)
    office.pump()
    with pytest.raises(LicenceEndedError, match=f"Licence {licence} has ended"):
        office.order("lab", licence)


def test_a_licence_whose_runs_are_used_orders_nothing_until_one_is_given_back(
    office: Office, tmp_path: Path
) -> None:
    licence = licence_of_lab(office, tmp_path, quota=1)
    id_ = office.order("lab", licence)
    with pytest.raises(LicenceEndedError, match="All 1 runs"):
        office.order("lab", licence)

    office.town.pass_time(3_600)
    office.town.send("mallory", office.town.contracts.settlement.refund(id_))
    office.pump()
    assert office.order("lab", licence)


def test_a_terminated_licence_orders_nothing(office: Office, tmp_path: Path) -> None:
    licence = licence_of_lab(office, tmp_path)
    reason = text_digest("Results were passed on.")
    office.town.send("otto", office.town.contracts.licences.terminate(licence, reason))
    office.pump()
    with pytest.raises(LicenceEndedError, match=f"Licence {licence} has ended"):
        office.order("lab", licence)


def test_a_licence_is_its_buyers_alone(office: Office, tmp_path: Path) -> None:
    licence = licence_of_lab(office, tmp_path)
    office.join("mallory", Class.COMMERCIAL)
    office.fund("mallory")
    with pytest.raises(UnknownLicenceError):
        office.order("mallory", licence)


def test_an_order_above_the_balance_is_refused(office: Office, tmp_path: Path) -> None:
    licence = licence_of_lab(office, tmp_path, unit_price=901 * CREDIT)
    with pytest.raises(NotEnoughCreditError, match=r"You have 900\.00 credits and this needs 901\.00"):
        office.order("lab", licence)
    office.fund("lab", 1)
    assert office.order("lab", licence)
