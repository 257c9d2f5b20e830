"""What the carrier's door refuses: a stock x402 client's signature does not bind what is bought, so all else must hold.

Settlement.buyLicenceFor · openOrderFor
├── given the payer may not buy: another's use case or licence, frozen, a use case that is not allowed
│   └── it refuses by name, and the payer keeps the money
├── given the quote does not hold: another tariff or price, too late, a deadline out of range
│   └── the same
├── given the licence does not: used up, expired, terminated
│   └── the same
└── given an order of these terms was settled or refunded
    └── a new payment does not open it again
"""

import secrets
from collections.abc import Generator

import pytest

from ledger.abi import Call
from ledger.bindings import LicenceQuote, OrderQuote
from ledger.enums import OrderState, UseCaseState
from ledger.payments import order_id
from ledger.roles import DEVNET
from tests.contracts.refusals import refused
from tests.town import CREDIT, Source, Town, Trade

PRICE, CAP = 100 * CREDIT, 12 * CREDIT
REASON = b"\x61" * 32


@pytest.fixture(scope="module")
def trade(founded_town: Town) -> Generator[Trade]:
    with founded_town.rewinding():
        trade = founded_town.trade(quota=2)
        founded_town.fund("mallory")
        yield trade


def buying(town: Town, quote: LicenceQuote, buyer: str = "lab") -> Call:
    payment = town.payment(buyer, quote.price, secrets.token_bytes(32), bound=False)
    return town.contracts.settlement.buy_licence_for(quote, payment)


def ordering(town: Town, quote: OrderQuote, buyer: str = "lab") -> Call:
    payment = town.payment(buyer, quote.cap, secrets.token_bytes(32), bound=False)
    return town.contracts.settlement.open_order_for(quote, payment)


def balance(town: Town, name: str) -> int:
    return town.contracts.credit.balance_of(town.keys[name].address)


@pytest.fixture(autouse=True)
def nothing_is_paid_for_a_refusal(town: Town, trade: Trade) -> Generator[None]:
    """Tests here end with a refusal: what Settlement owes and what people hold must not have moved by it."""
    yield
    settlement = town.contracts.settlement
    assert town.contracts.credit.balance_of(settlement.address) == settlement.owed()


def refuse(town: Town, call: Call, name: str, **values: object) -> None:
    before = balance(town, "lab"), balance(town, "mallory")
    with refused(name, **values):
        town.send("relay", call)
    assert (balance(town, "lab"), balance(town, "mallory")) == before


# Who pays


def test_another_than_the_applicant_buys_and_orders_nothing(town: Town, trade: Trade) -> None:
    mallory = town.keys["mallory"].address

    for call in (
        buying(town, town.licence_quote(trade.use_case, trade.tariff), "mallory"),
        ordering(town, town.order_quote(trade.licence, trade.tariff), "mallory"),
    ):
        refuse(town, call, "NotTheApplicant", id=trade.use_case, account=mallory)


def test_a_frozen_applicant_buys_and_orders_nothing(town: Town, trade: Trade) -> None:
    town.freeze("lab")

    for call in (
        buying(town, town.licence_quote(trade.use_case, trade.tariff)),
        ordering(town, town.order_quote(trade.licence, trade.tariff)),
    ):
        refuse(town, call, "ApplicantFrozen", applicant=town.numbers["lab"])


def test_a_closed_use_case_takes_no_purchase_and_no_order(town: Town, trade: Trade) -> None:
    town.close(trade.use_case)

    for call in (
        buying(town, town.licence_quote(trade.use_case, trade.tariff)),
        ordering(town, town.order_quote(trade.licence, trade.tariff)),
    ):
        refuse(town, call, "WrongUseCaseState", id=trade.use_case, state=UseCaseState.CLOSED)


def test_a_use_case_that_was_applied_for_or_denied_takes_no_purchase(town: Town, trade: Trade) -> None:
    number = town.apply("lab", [Source(1, 1, False)])
    tariff = town.set_tariff(number)
    quote = town.licence_quote(number, tariff)
    refuse(town, buying(town, quote), "WrongUseCaseState", id=number, state=UseCaseState.APPLIED)

    town.send("otto", town.contracts.use_cases.decide(number, town.decision(allowed=False)))

    refuse(town, buying(town, quote), "WrongUseCaseState", id=number, state=UseCaseState.DENIED)


# What is quoted


def test_a_tariff_that_is_not_in_force_is_refused(town: Town, trade: Trade) -> None:
    current = town.set_tariff(trade.use_case)

    for call in (
        buying(town, town.licence_quote(trade.use_case, trade.tariff)),
        ordering(town, town.order_quote(trade.licence, trade.tariff)),
    ):
        refuse(town, call, "WrongTariff", tariff=trade.tariff, current=current)


def test_another_price_and_a_cap_below_one_unit_are_refused(town: Town, trade: Trade) -> None:
    cheaper = town.licence_quote(trade.use_case, trade.tariff, price=PRICE - 1)
    smaller = town.order_quote(trade.licence, trade.tariff, cap=10 * CREDIT - 1)

    refuse(town, buying(town, cheaper), "WrongPrice", price=PRICE - 1, expected=PRICE)
    refuse(town, ordering(town, smaller), "CapBelowOneUnit", cap=10 * CREDIT - 1, unitPrice=10 * CREDIT)


def test_a_quote_holds_until_its_deadline(town: Town, trade: Trade) -> None:
    deadline = town.clock.now - 1
    quote = town.licence_quote(trade.use_case, trade.tariff, deadline=deadline)

    refuse(town, buying(town, quote), "QuoteExpired", deadline=deadline, now_=town.clock.now)


@pytest.mark.parametrize("seconds", [0, DEVNET.shortest_order - 1, DEVNET.longest_order + 1])
def test_an_orders_deadline_lies_within_the_citys_bounds(town: Town, trade: Trade, seconds: int) -> None:
    now = town.clock.now
    quote = town.order_quote(trade.licence, trade.tariff, deadline=now + seconds)

    refuse(
        town,
        ordering(town, quote),
        "DeadlineOutOfRange",
        deadline=now + seconds,
        earliest=now + DEVNET.shortest_order,
        latest=now + DEVNET.longest_order,
    )


# The licence


def test_a_licence_that_is_used_up_orders_nothing(town: Town, trade: Trade) -> None:
    for _ in range(2):
        town.send("relay", ordering(town, town.order_quote(trade.licence, trade.tariff)))

    call = ordering(town, town.order_quote(trade.licence, trade.tariff))

    refuse(town, call, "QuotaUsedUp", id=trade.licence, quota=2)


def test_an_expired_or_terminated_licence_orders_nothing(town: Town, trade: Trade) -> None:
    ends_at = town.contracts.licences.licence(trade.licence).ends_at
    town.pass_time(ends_at - town.clock.now)
    call = ordering(town, town.order_quote(trade.licence, trade.tariff))
    refuse(town, call, "LicenceExpired", id=trade.licence, endsAt=ends_at)

    town.send("otto", town.contracts.licences.terminate(trade.licence, REASON))

    refuse(town, call, "LicenceIsTerminated", id=trade.licence)


# Once


@pytest.mark.parametrize("ending", [OrderState.SETTLED, OrderState.REFUNDED])
def test_an_order_that_ended_is_not_opened_again_with_new_money(
    town: Town, trade: Trade, ending: OrderState
) -> None:
    quote = town.order_quote(trade.licence, trade.tariff)
    town.send("relay", ordering(town, quote))
    if ending is OrderState.SETTLED:
        town.settle(order_id(quote))
    else:
        town.send("settler", town.contracts.settlement.refund_early(order_id(quote), REASON))

    refuse(town, ordering(town, quote), "OrderExists", id=order_id(quote))

    assert town.contracts.settlement.order(order_id(quote)).state == ending
