"""What is sold: where the city or its rule allowed the use case, at the price in force, for a payment made for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.bindings import LicenceQuote, Payment
from ledger.digests import text_digest
from ledger.enums import Class
from ledger.payments import licence_quote_id, pay
from marketplace.licences import service as licences
from marketplace.licences.service import QuoteExpiredError, UseCaseNotAllowedError, WrongPaymentError
from marketplace.participants import queries as participants
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.office import Office
from tests.town import CREDIT

PRICE = 100 * CREDIT


@pytest.fixture
def use_case(office: Office, tmp_path: Path) -> int:
    """Lab has applied to count bikes, and has money; the city has not decided."""
    bikes = small_city.write_bikes(tmp_path / "bikes.csv")
    office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    office.join("lab", Class.COMMERCIAL)
    office.fund("lab")
    office.town.set_tariff(licence_price=PRICE)
    office.projector.catch_up()
    return office.apply("lab", small_city.document(small_city.BIKES_BY_HOUR), minimum_cohort=0)


def decide(office: Office, use_case: int, *, allowed: bool) -> None:
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, use_case, allowed=allowed, reason="Counts of bikes.")
    office.pump()


def quoted(office: Office, use_case: int) -> LicenceQuote:
    with office.house.database.reading() as session:
        lab = participants.by_number(session, office.town.numbers["lab"])
        return licences.quote(session, use_case, lab)[0]


def payment(office: Office, quote: LicenceQuote, **changes: Any) -> Payment:
    town = office.town
    wish = {
        "amount": quote.price,
        "nonce": licence_quote_id(quote),
        "valid_before": quote.deadline,
        **changes,
    }
    return pay(town.city.domains.credit, town.keys["lab"], town.city.addresses["Settlement"], **wish)


def buy(office: Office, quote: LicenceQuote, paid: Payment) -> None:
    with office.house.database.writing() as session:
        lab = participants.by_number(session, office.town.numbers["lab"])
        licences.buy(session, office.house, buyer=lab, quoted=quote, payment=paid)


def test_nothing_is_sold_for_a_use_case_before_it_is_allowed_and_after_it_is_closed(
    office: Office, use_case: int
) -> None:
    with pytest.raises(UseCaseNotAllowedError, match="is applied"):
        quoted(office, use_case)
    decide(office, use_case, allowed=True)
    quote = quoted(office, use_case)
    office.town.close(use_case)
    office.pump()
    with pytest.raises(UseCaseNotAllowedError, match="is closed"):
        buy(office, quote, payment(office, quote))


def test_nothing_is_sold_for_a_use_case_that_was_denied(office: Office, use_case: int) -> None:
    decide(office, use_case, allowed=False)
    with pytest.raises(UseCaseNotAllowedError, match="is denied"):
        quoted(office, use_case)


def test_whoever_is_frozen_buys_nothing(office: Office, use_case: int) -> None:
    decide(office, use_case, allowed=True)
    quote = quoted(office, use_case)
    lab = office.town.numbers["lab"]
    office.town.send("guardian", office.town.contracts.participants.freeze(lab, text_digest("A breach.")))
    office.pump()
    with pytest.raises(UseCaseNotAllowedError, match="frozen"):
        buy(office, quote, payment(office, quote))


@pytest.mark.parametrize(
    "change",
    [
        lambda quote: quote._replace(price=1),
        lambda quote: quote._replace(tariff=quote.tariff + 1),
        lambda quote: quote._replace(deadline=quote.deadline - 700),
    ],
    ids=["price", "tariff", "deadline"],
)
def test_a_quote_is_as_the_city_made_it(
    office: Office, use_case: int, change: Callable[[LicenceQuote], LicenceQuote]
) -> None:
    decide(office, use_case, allowed=True)
    changed = change(quoted(office, use_case))
    with pytest.raises(QuoteExpiredError):
        buy(office, changed, payment(office, changed, valid_before=office.town.soon))


def test_a_price_that_has_changed_since_is_not_charged(office: Office, use_case: int) -> None:
    decide(office, use_case, allowed=True)
    quote = quoted(office, use_case)
    office.town.set_tariff(licence_price=2 * PRICE)
    office.projector.catch_up()
    with pytest.raises(QuoteExpiredError):
        buy(office, quote, payment(office, quote))


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": b"n" * 32},
        {"amount": PRICE - 1},
        {"valid_before": 1},
        {"valid_after": 2**40, "valid_before": 2**41},
    ],
    ids=["for another quote", "less", "too late", "too early"],
)
def test_a_payment_is_for_this_quote_and_this_time(
    office: Office, use_case: int, change: dict[str, Any]
) -> None:
    decide(office, use_case, allowed=True)
    quote = quoted(office, use_case)
    with pytest.raises(WrongPaymentError):
        buy(office, quote, payment(office, quote, **change))

    buy(office, quote, payment(office, quote))
    office.pump()
    assert office.town.contracts.licences.count() == 1


@pytest.mark.parametrize(
    ("class_", "longest_days", "retention_days", "put"),
    [
        (Class.COMMERCIAL, 100, 100, 1),
        (Class.COMMERCIAL, 101, 100, 0),
        (Class.COMMERCIAL, 100, 101, 0),
        (Class.SUPPLIER, 100, 100, 0),
    ],
)
def test_a_rule_of_a_hundred_days_decides_for_its_class_and_for_no_longer(
    office: Office, use_case: int, class_: Class, longest_days: int, retention_days: int, put: int
) -> None:
    wish = {"minimum_cohort": 0, "longest_days": longest_days, "retention_days": retention_days}
    assert use_case != office.apply("lab", small_city.document(small_city.BIKES_BY_HOUR), **wish)
    with office.house.database.writing() as session:
        use_cases.publish_rule(
            session, office.house, text="Open to some.", classes=[class_], longest_days=100
        )
    office.pump()
    with office.house.database.writing() as session:
        assert use_cases.decide_by_rules(session, office.house) == put
