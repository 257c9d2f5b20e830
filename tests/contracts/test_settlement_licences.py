"""Buying a licence, through the door for our own clients.

Settlement.buyLicence
├── given a quote that the buyer paid for
│   ├── it takes the price, issues the licence and owes the parties, whoever carries it
│   └── it takes off the discount for data that the buyer shares, as long as the tariff says
├── given the use case is not open to the buyer
│   └── it refuses: another participant, a frozen one, paused
├── given another tariff or price is in force
│   └── it refuses
└── when the payment is not for this quote
    └── it refuses: another quote, amount, chain or signer; used, cancelled, too early, too late, unfunded
"""

from dataclasses import replace

import pytest

from ledger.abi import Call
from ledger.bindings import AuthorizationUsed, LicenceBought, LicenceQuote
from ledger.enums import Class
from ledger.keys import SECP256K1_ORDER
from ledger.payments import licence_quote_id, pay
from tests.contracts.refusals import NOBODY, refused
from tests.town import CREDIT, DAY, Town, events

PRICE = 100 * CREDIT


@pytest.fixture
def use_case(town: Town) -> int:
    """Allowed, with tariff 1; Lab has funds."""
    number = town.open_use_case()
    town.set_tariff(number)
    town.fund("lab")
    return number


def test_a_purchase_takes_the_price_and_issues_the_licence(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    lab, settlement = town.keys["lab"].address, town.contracts.settlement

    receipt = town.send("relay", town.licence_call(quote))

    nonce = licence_quote_id(quote)
    assert events(receipt, LicenceBought) == [LicenceBought(1, lab, 1, PRICE, nonce, nonce)]
    assert events(receipt, AuthorizationUsed) == [AuthorizationUsed(lab, nonce)]
    assert town.contracts.credit.balance_of(lab) == 9_900 * CREDIT
    assert town.contracts.credit.balance_of(settlement.address) == PRICE
    assert (settlement.earned(1), settlement.owed()) == (PRICE, PRICE)
    assert town.contracts.licences.owner_of(1) == lab


def test_anyone_may_carry_a_purchase(town: Town, use_case: int) -> None:
    town.send("mallory", town.licence_call(town.licence_quote(use_case, 1)))

    assert town.contracts.licences.owner_of(1) == town.keys["lab"].address


def test_a_tariff_for_every_use_case_serves_where_there_is_no_other(town: Town) -> None:
    number = town.open_use_case()
    town.fund("lab")

    town.buy(number, town.set_tariff(0))

    assert town.contracts.licences.count() == 1


def test_a_free_licence_costs_nothing(town: Town, use_case: int) -> None:
    town.buy(use_case, town.set_tariff(use_case, licence_price=0))

    assert town.contracts.settlement.owed() == 0


# What is wrong with the quote


@pytest.mark.parametrize("quoted", [0, 2, 99])
def test_a_tariff_that_is_not_in_force_is_refused(town: Town, use_case: int, quoted: int) -> None:
    quote = LicenceQuote(use_case, quoted, PRICE, town.soon, b"\x01" * 32)

    with refused("WrongTariff", tariff=quoted, current=1):
        town.send("relay", town.licence_call(quote))


def test_a_replaced_tariff_is_refused(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    second = town.set_tariff(use_case)

    with refused("WrongTariff", tariff=1, current=second):
        town.send("relay", town.licence_call(quote))


def test_another_classs_tariff_is_refused(town: Town, use_case: int) -> None:
    cheaper = town.set_tariff(use_case, class_=Class.PUBLIC_SERVICE, licence_price=1)

    with refused("WrongTariff", tariff=cheaper, current=1):
        town.buy(use_case, cheaper)


def test_without_a_tariff_nothing_is_sold(town: Town) -> None:
    number = town.open_use_case()
    quote = LicenceQuote(number, 0, 0, town.soon, b"\x01" * 32)

    with refused("WrongTariff", tariff=0, current=0):
        town.send("relay", town.licence_call(quote))


@pytest.mark.parametrize("off", [-1, 1])
def test_another_price_is_refused(town: Town, use_case: int, off: int) -> None:
    quote = town.licence_quote(use_case, 1, price=PRICE + off)

    with refused("WrongPrice", price=PRICE + off, expected=PRICE):
        town.send("relay", town.licence_call(quote))
    assert town.contracts.credit.balance_of(town.keys["lab"].address) == 10_000 * CREDIT


def test_a_quote_holds_until_its_deadlines_own_second(town: Town, use_case: int) -> None:
    early, late = (town.licence_quote(use_case, 1, deadline=town.clock.now + 60) for _ in range(2))
    paid_early, paid_late = town.licence_call(early), town.licence_call(late)
    town.pass_time(60)
    town.send("relay", paid_early)
    town.pass_time(1)

    with refused("QuoteExpired", deadline=late.deadline, now_=town.clock.now):
        town.send("relay", paid_late)


def test_an_unknown_use_case_sells_nothing(town: Town, use_case: int) -> None:
    with refused("UnknownUseCase", id=9):
        town.send("relay", town.licence_call(town.licence_quote(9, 1)))


# Who may not buy


def test_only_the_applicant_buys(town: Town, use_case: int) -> None:
    town.join("clinic", Class.COMMERCIAL)
    town.fund("clinic")

    with refused("NotTheApplicant", id=use_case, account=town.keys["clinic"].address):
        town.buy(use_case, 1, "clinic")


def test_a_frozen_applicant_buys_nothing_until_it_is_unfrozen(town: Town, use_case: int) -> None:
    town.freeze("lab")
    with refused("ApplicantFrozen", applicant=town.numbers["lab"]):
        town.buy(use_case, 1)

    town.send("otto", town.contracts.participants.unfreeze(town.numbers["lab"], b"\x01" * 32))

    town.buy(use_case, 1)


def test_nothing_is_sold_while_paused(town: Town, use_case: int) -> None:
    town.send("guardian", town.contracts.settlement.pause())
    with refused("EnforcedPause"):
        town.buy(use_case, 1)

    town.send_later("admin", town.contracts.settlement.unpause(), 2)

    town.buy(use_case, 1)


# What is wrong with the payment


def test_a_payment_is_for_one_quote(town: Town, use_case: int) -> None:
    quote, other = town.licence_quote(use_case, 1), town.licence_quote(use_case, 1)
    payment = town.payment("lab", PRICE, licence_quote_id(quote))

    with refused("ERC3009InvalidSignature"):
        town.send("mallory", town.contracts.settlement.buy_licence(other, payment))


@pytest.mark.parametrize(
    "change", [{"price": PRICE - 1}, {"deadline": 1}, {"use_case": 2}, {"tariff": 2}, {"salt": bytes(32)}]
)
def test_every_word_of_a_quote_is_paid_for(town: Town, use_case: int, change: dict[str, object]) -> None:
    quote = town.licence_quote(use_case, 1)
    payment = town.payment("lab", PRICE, licence_quote_id(quote))

    with refused("ERC3009InvalidSignature"):
        call = town.contracts.settlement.buy_licence(quote._replace(**change), payment)
        town.send("mallory", call)


def test_a_payment_of_another_amount_is_refused(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    payment = town.payment("lab", PRICE - 1, licence_quote_id(quote))

    with refused("ERC3009InvalidSignature"):
        town.send("relay", town.contracts.settlement.buy_licence(quote, payment))


def test_a_payment_that_somebody_else_signed_is_refused(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    payment = town.payment("mallory", PRICE, licence_quote_id(quote))

    with refused("ERC3009InvalidSignature"):
        stolen = payment._replace(from_=town.keys["lab"].address)
        town.send("mallory", town.contracts.settlement.buy_licence(quote, stolen))


def test_a_malleable_payment_is_refused(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    payment = town.payment("lab", PRICE, licence_quote_id(quote))
    twin_s = SECP256K1_ORDER - int.from_bytes(payment.s, "big")
    twin = payment._replace(v=55 - payment.v, s=twin_s.to_bytes(32, "big"))

    with refused("ECDSAInvalidSignatureS", s=twin.s):
        town.send("relay", town.contracts.settlement.buy_licence(quote, twin))


def test_nobody_at_all_pays_nothing(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    nobody = town.payment("lab", PRICE, licence_quote_id(quote))._replace(
        from_=NOBODY, r=bytes(32), s=bytes(32)
    )

    with refused("ECDSAInvalidSignature"):
        town.send("mallory", town.contracts.settlement.buy_licence(quote, nobody))


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"contract": NOBODY}])
def test_a_payment_on_another_chain_or_token_is_refused(
    town: Town, use_case: int, change: dict[str, object]
) -> None:
    quote = town.licence_quote(use_case, 1)
    elsewhere = replace(town.city.domains.credit, **change)  # pyright: ignore[reportArgumentType]
    payment = pay(
        elsewhere,
        town.keys["lab"],
        town.contracts.settlement.address,
        amount=PRICE,
        nonce=licence_quote_id(quote),
        valid_before=town.soon,
    )

    with refused("ERC3009InvalidSignature"):
        town.send("relay", town.contracts.settlement.buy_licence(quote, payment))


def test_a_payment_to_somebody_else_is_refused(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    payment = pay(
        town.city.domains.credit,
        town.keys["lab"],
        town.keys["clinic"].address,
        amount=PRICE,
        nonce=licence_quote_id(quote),
        valid_before=town.soon,
    )

    with refused("ERC3009InvalidSignature"):
        town.send("relay", town.contracts.settlement.buy_licence(quote, payment))


def test_a_payment_of_the_stock_kind_does_not_open_this_door(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    payment = town.payment("lab", PRICE, licence_quote_id(quote), bound=False)

    with refused("ERC3009InvalidSignature"):
        town.send("relay", town.contracts.settlement.buy_licence(quote, payment))


def test_a_payment_is_used_once(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    call = town.licence_call(quote)
    town.send("relay", call)

    with refused(
        "ERC3009UsedAuthorization", authorizer=town.keys["lab"].address, nonce=licence_quote_id(quote)
    ):
        town.send("mallory", call)
    assert town.contracts.licences.count() == 1


def test_a_cancelled_payment_is_no_payment(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1)
    nonce = licence_quote_id(quote)
    call = town.licence_call(quote)
    town.send("lab", town.cancel_payment("lab", nonce))
    assert town.contracts.credit.authorization_state(town.keys["lab"].address, nonce)

    with refused("ERC3009UsedAuthorization", authorizer=town.keys["lab"].address, nonce=nonce):
        town.send("relay", call)
    assert town.contracts.licences.count() == 0


def test_a_payment_holds_within_its_window(town: Town, use_case: int) -> None:
    quote = town.licence_quote(use_case, 1, deadline=town.clock.now + 600)
    now = town.clock.now

    def paid(valid_after: int, valid_before: int) -> Call:
        payment = pay(
            town.city.domains.credit,
            town.keys["lab"],
            town.contracts.settlement.address,
            amount=PRICE,
            nonce=licence_quote_id(quote),
            valid_after=valid_after,
            valid_before=valid_before,
        )
        return town.contracts.settlement.buy_licence(quote, payment)

    for after, before in ((now + 1, now + 60), (now, now + 60), (0, now), (0, now - 1)):
        with refused("ERC3009InvalidAuthorizationTime", validAfter=after, validBefore=before):
            town.send("relay", paid(after, before))
    town.send("relay", paid(now - 1, now + 1))


def test_a_buyer_without_credits_buys_nothing(town: Town) -> None:
    number = town.open_use_case()
    tariff = town.set_tariff(number)

    with refused("ERC20InsufficientBalance", sender=town.keys["lab"].address, balance=0, needed=PRICE):
        town.buy(number, tariff)


# Discount for data shared


@pytest.mark.parametrize(
    ("basis_points", "price"), [(1, 99_990_000), (1_500, 85 * CREDIT), (10_000, 0), (0, PRICE)]
)
def test_who_shares_data_pays_less_by_basis_points(
    town: Town, use_case: int, basis_points: int, price: int
) -> None:
    tariff = town.set_tariff(use_case, sharing_discount=basis_points, sharing_days=30)
    town.deliver("lab")

    quote = town.licence_quote(use_case, tariff, price=price)
    town.send("relay", town.licence_call(quote))

    assert town.contracts.licences.licence(1).discount == basis_points
    assert town.contracts.settlement.earned(tariff) == price


def test_the_discount_lasts_as_long_as_the_tariff_says(town: Town, use_case: int) -> None:
    tariff = town.set_tariff(use_case, sharing_discount=2_000, sharing_days=1)
    town.deliver("lab")
    town.pass_time(DAY)
    town.send("relay", town.licence_call(town.licence_quote(use_case, tariff, price=80 * CREDIT)))
    town.pass_time(1)

    with refused("WrongPrice", price=80 * CREDIT, expected=PRICE):
        town.send("relay", town.licence_call(town.licence_quote(use_case, tariff, price=80 * CREDIT)))


def test_who_shares_nothing_gets_no_discount(town: Town, use_case: int) -> None:
    tariff = town.set_tariff(use_case, sharing_discount=2_000, sharing_days=65_535)
    town.join("clinic", Class.SUPPLIER)
    town.deliver("clinic")

    with refused("WrongPrice", price=80 * CREDIT, expected=PRICE):
        town.send("relay", town.licence_call(town.licence_quote(use_case, tariff, price=80 * CREDIT)))
