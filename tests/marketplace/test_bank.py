"""Money in: a line of the city's bank statement becomes credits, and no line does so twice."""

from dataclasses import replace

import pytest

from ledger.enums import Class
from marketplace.catalogue.documents import ValueNotAllowedError
from marketplace.errors import StoaError
from marketplace.orders import bank, play_bank
from marketplace.orders.bank import StatementLineUsedError
from marketplace.orders.play_bank import NoPlayBankError
from marketplace.participants.queries import UnknownParticipantError
from tests.office import Office
from tests.town import CREDIT

LINE = "entry 2026-11-25/0017"


@pytest.fixture
def lab(office: Office) -> int:
    return office.town.join("lab", Class.COMMERCIAL)


def balance(office: Office) -> int:
    return office.town.contracts.credit.balance_of(office.town.keys["lab"].address)


def paid_in(office: Office, participant: int, amount: int, reference: str) -> None:
    office.pump()
    with office.house.database.writing() as session:
        bank.paid_in(session, office.house, participant=participant, amount=amount, reference=reference)
    office.pump()


def test_what_arrived_at_the_bank_is_credited(office: Office, lab: int) -> None:
    paid_in(office, lab, 500 * CREDIT, LINE)
    assert balance(office) == 500 * CREDIT


def test_a_line_is_booked_once_whatever_the_amount(office: Office, lab: int) -> None:
    paid_in(office, lab, 500 * CREDIT, LINE)
    with pytest.raises(StatementLineUsedError):
        paid_in(office, lab, 900 * CREDIT, LINE)
    assert balance(office) == 500 * CREDIT

    paid_in(office, lab, CREDIT, "entry 2026-11-25/0018")
    assert balance(office) == 501 * CREDIT


@pytest.mark.parametrize(
    ("participant", "reference", "refused"),
    [
        (4711, LINE, UnknownParticipantError),
        (None, "", ValueNotAllowedError),
        (None, "entry \u202e17", ValueNotAllowedError),
        (None, "x" * 141, ValueNotAllowedError),
    ],
)
def test_what_cannot_be_booked_changes_nothing(
    office: Office, lab: int, participant: int | None, reference: str, refused: type[StoaError]
) -> None:
    before = office.town.node.head().number
    with pytest.raises(refused):
        paid_in(office, participant or lab, CREDIT, reference)
    office.pump()
    assert office.town.node.head().number == before


def test_a_city_without_a_play_bank_says_how_real_money_gets_in(office: Office, lab: int) -> None:
    office.pump()
    real = replace(office.house, city=replace(office.house.city, profile="production"))
    account = office.town.keys["lab"].address
    with (
        office.house.database.writing() as session,
        pytest.raises(NoPlayBankError, match="`stoa city paid-in`"),
    ):
        play_bank.pay_in(session, real, account=account, amount=CREDIT)
