"""The door for stock x402 clients, whose signature does not bind the terms, and what may go wrong beside it.

Settlement.buyLicenceFor · openOrderFor
├── given a payment that anybody may send
│   ├── a carrier sells for it, once; nobody else may, for the terms are the carrier's word
│   └── when somebody sent it to the token before, or its payer cancelled it
│       └── it refuses: neither is a payment for anything
└── reconcile
    ├── it credits the payer for money that is really there and owed to nobody
    └── it refuses more than the surplus, no reason, and everybody but a treasurer
"""

import secrets
from collections.abc import Generator

import pytest

from ledger.abi import Call
from ledger.bindings import LicenceBought, OrderOpened, Payment, Reconciled
from ledger.enums import OrderState
from ledger.payments import licence_quote_id, order_id
from tests.contracts.refusals import refused
from tests.town import CREDIT, Town, Trade, events

PRICE, CAP = 100 * CREDIT, 12 * CREDIT
EVIDENCE = b"\x71" * 32


@pytest.fixture(scope="module")
def trade(founded_town: Town) -> Generator[Trade]:
    with founded_town.rewinding():
        yield founded_town.trade()


def stock_payment(town: Town, amount: int) -> Payment:
    """What a stock x402 client signs: anybody may send it, and its nonce says nothing."""
    return town.payment("lab", amount, secrets.token_bytes(32), bound=False)


def sent_past_settlement(town: Town, payment: Payment, amount: int) -> Call:
    return town.contracts.credit.transfer_with_authorization(
        payment.from_,
        town.contracts.settlement.address,
        amount,
        payment.valid_after,
        payment.valid_before,
        payment.nonce,
        payment.v,
        payment.r,
        payment.s,
    )


def surplus(town: Town) -> int:
    settlement = town.contracts.settlement
    return town.contracts.credit.balance_of(settlement.address) - settlement.owed()


def test_a_carrier_buys_a_licence_for_a_stock_client(town: Town, trade: Trade) -> None:
    quote, payment = town.licence_quote(trade.use_case, trade.tariff), stock_payment(town, PRICE)

    receipt = town.send("relay", town.contracts.settlement.buy_licence_for(quote, payment))

    lab = town.keys["lab"].address
    assert events(receipt, LicenceBought) == [
        LicenceBought(2, lab, trade.tariff, PRICE, licence_quote_id(quote), payment.nonce)
    ]
    assert town.contracts.licences.owner_of(2) == lab


def test_a_carrier_opens_an_order_for_a_stock_client(town: Town, trade: Trade) -> None:
    quote, payment = town.order_quote(trade.licence, trade.tariff), stock_payment(town, CAP)

    receipt = town.send("relay", town.contracts.settlement.open_order_for(quote, payment))

    (event,) = events(receipt, OrderOpened)
    assert (event.id, event.nonce, event.cap) == (order_id(quote), payment.nonce, CAP)
    town.settle(event.id)


@pytest.mark.parametrize("who", ["mallory", "lab", "otto", "treasurer", "settler", "admin"])
def test_only_a_carrier_may_say_what_a_stock_payment_is_for(town: Town, trade: Trade, who: str) -> None:
    settlement = town.contracts.settlement
    licence = settlement.buy_licence_for(
        town.licence_quote(trade.use_case, trade.tariff), stock_payment(town, PRICE)
    )
    order = settlement.open_order_for(town.order_quote(trade.licence, trade.tariff), stock_payment(town, CAP))

    for call in (licence, order):
        with refused("AccessManagedUnauthorized", caller=town.keys[who].address):
            town.send(who, call)


def test_a_stock_payment_is_used_once_for_whatever_quote(town: Town, trade: Trade) -> None:
    settlement, payment = town.contracts.settlement, stock_payment(town, PRICE)
    quotes = [town.licence_quote(trade.use_case, trade.tariff) for _ in range(2)]
    town.send("relay", settlement.buy_licence_for(quotes[0], payment))

    for quote in quotes:
        with refused("ERC3009UsedAuthorization", authorizer=town.keys["lab"].address, nonce=payment.nonce):
            town.send("relay", settlement.buy_licence_for(quote, payment))


def test_a_second_payment_for_the_same_order_is_refused(town: Town, trade: Trade) -> None:
    settlement, quote = town.contracts.settlement, town.order_quote(trade.licence, trade.tariff)
    town.send("relay", settlement.open_order_for(quote, stock_payment(town, CAP)))

    with refused("OrderExists", id=order_id(quote)):
        town.send("relay", settlement.open_order_for(quote, stock_payment(town, CAP)))


def test_a_payment_of_another_amount_buys_nothing(town: Town, trade: Trade) -> None:
    quote = town.licence_quote(trade.use_case, trade.tariff)

    with refused("ERC3009InvalidSignature"):
        payment = stock_payment(town, PRICE - 1)
        town.send("relay", town.contracts.settlement.buy_licence_for(quote, payment))


def test_a_bound_payment_does_not_open_the_stock_door(town: Town, trade: Trade) -> None:
    quote = town.licence_quote(trade.use_case, trade.tariff)
    bound = town.payment("lab", PRICE, licence_quote_id(quote))

    with refused("ERC3009InvalidSignature"):
        town.send("relay", town.contracts.settlement.buy_licence_for(quote, bound))


def test_a_bound_payment_cannot_be_sent_past_settlement(town: Town, trade: Trade) -> None:
    quote = town.licence_quote(trade.use_case, trade.tariff)
    bound = town.payment("lab", PRICE, licence_quote_id(quote))

    with refused("ERC3009InvalidSignature"):
        town.send("mallory", sent_past_settlement(town, bound, PRICE))


def test_a_cancelled_payment_is_no_payment_at_either_door(town: Town, trade: Trade) -> None:
    payment = stock_payment(town, PRICE)
    town.send("lab", town.cancel_payment("lab", payment.nonce))
    used = {"authorizer": town.keys["lab"].address, "nonce": payment.nonce}
    settlement = town.contracts.settlement

    with refused("ERC3009UsedAuthorization", used):
        quote = town.licence_quote(trade.use_case, trade.tariff)
        town.send("relay", settlement.buy_licence_for(quote, payment))
    assert surplus(town) == 0
    with refused("NoSurplus", surplus=0, amount=PRICE):
        call = settlement.reconcile(town.keys["lab"].address, PRICE, EVIDENCE)
        town.send("treasurer", call)


def test_nothing_is_sold_at_this_door_while_paused(town: Town, trade: Trade) -> None:
    town.send("guardian", town.contracts.settlement.pause())
    settlement = town.contracts.settlement
    licence_quote = town.licence_quote(trade.use_case, trade.tariff)
    order_quote = town.order_quote(trade.licence, trade.tariff)

    for call in (
        settlement.buy_licence_for(licence_quote, stock_payment(town, PRICE)),
        settlement.open_order_for(order_quote, stock_payment(town, CAP)),
    ):
        with refused("EnforcedPause"):
            town.send("relay", call)


# A payment sent past Settlement


def test_a_payment_that_somebody_sent_past_settlement_buys_nothing(town: Town, trade: Trade) -> None:
    payment = stock_payment(town, PRICE)
    licences = town.contracts.licences.count()
    town.send("mallory", sent_past_settlement(town, payment, PRICE))

    with refused("ERC3009UsedAuthorization", authorizer=town.keys["lab"].address, nonce=payment.nonce):
        quote = town.licence_quote(trade.use_case, trade.tariff)
        town.send("relay", town.contracts.settlement.buy_licence_for(quote, payment))

    assert town.contracts.licences.count() == licences
    assert surplus(town) == PRICE


def test_stranded_money_is_credited_to_its_payer(town: Town, trade: Trade) -> None:
    payment = stock_payment(town, PRICE)
    before = town.contracts.credit.balance_of(town.keys["lab"].address)
    town.send("mallory", sent_past_settlement(town, payment, PRICE))
    settlement, lab = town.contracts.settlement, town.keys["lab"].address

    receipt = town.send("treasurer", settlement.reconcile(lab, PRICE, payment.nonce))

    assert events(receipt, Reconciled) == [Reconciled(lab, PRICE, payment.nonce)]
    assert surplus(town) == 0
    town.send("mallory", settlement.withdraw(lab))
    assert town.contracts.credit.balance_of(lab) == before


def test_never_more_than_the_surplus_is_credited(town: Town, trade: Trade) -> None:
    """Escrow, pots and credits are money too, and none of it is surplus."""
    order = town.order(trade.licence, trade.tariff)
    town.settle(town.order(trade.licence, trade.tariff))
    town.send("mallory", sent_past_settlement(town, stock_payment(town, 5), 5))
    settlement, lab = town.contracts.settlement, town.keys["lab"].address

    for amount in (6, PRICE, 2**64 - 1):
        with refused("NoSurplus", surplus=5, amount=amount):
            town.send("treasurer", settlement.reconcile(lab, amount, EVIDENCE))
    town.send("treasurer", settlement.reconcile(lab, 5, EVIDENCE))
    with refused("NoSurplus", surplus=0, amount=1):
        town.send("treasurer", settlement.reconcile(lab, 1, EVIDENCE))
    assert settlement.order(order).state == OrderState.ESCROWED


def test_reconciling_needs_an_amount_and_evidence(town: Town, trade: Trade) -> None:
    town.send("mallory", sent_past_settlement(town, stock_payment(town, 5), 5))
    settlement, lab = town.contracts.settlement, town.keys["lab"].address

    with refused("NoSurplus", surplus=5, amount=0):
        town.send("treasurer", settlement.reconcile(lab, 0, EVIDENCE))
    with refused("ReasonMissing"):
        town.send("treasurer", settlement.reconcile(lab, 5, bytes(32)))


def test_credits_given_to_settlement_are_surplus_too(town: Town, trade: Trade) -> None:
    settlement = town.contracts.settlement
    town.send("lab", town.contracts.credit.transfer(settlement.address, 7))

    town.send("treasurer", settlement.reconcile(town.keys["lab"].address, 7, EVIDENCE))

    assert settlement.credits(town.keys["lab"].address) == 7


@pytest.mark.parametrize("who", ["mallory", "lab", "otto", "settler", "relay"])
def test_only_a_treasurer_reconciles(town: Town, trade: Trade, who: str) -> None:
    with refused("AccessManagedUnauthorized", caller=town.keys[who].address):
        call = town.contracts.settlement.reconcile(town.keys[who].address, 1, EVIDENCE)
        town.send(who, call)
