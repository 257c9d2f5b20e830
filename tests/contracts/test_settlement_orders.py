"""An order: escrowed, then settled or refunded, exactly one of the two, once.

Settlement.openOrder · settle · refund · refundEarly · withdraw
├── openOrder
│   ├── it escrows the cap, uses one run, pins tariff and discount
│   └── it refuses a cap below one unit, a deadline out of range, another's licence, a payment for another quote
├── settle
│   ├── it charges units at the pinned price, at most the cap, and credits the rest back
│   └── it refuses strangers, the deadline, a stale journal, a frozen buyer, a future block, an ended order
├── refund
│   ├── it pays back in full: from the deadline by anyone, before it by a settler, at once when the buyer is frozen
│   └── it refuses before that, and an order that has ended
└── withdraw: pays what is credited, to its owner, whoever calls
"""

from collections.abc import Generator

import pytest
from eth_abi.abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.bindings import OrderOpened, OrderRefunded, OrderSettled, Withdrawn
from ledger.digests import keccak
from ledger.enums import Class, Meter, OrderState
from ledger.payments import order_id
from ledger.roles import DEVNET
from tests.contracts.refusals import refused
from tests.town import CREDIT, DAY, Outcome, Town, Trade, events

REASON = b"\x61" * 32
CAP = 12 * CREDIT
PRICE = 10 * CREDIT
FUNDS = 9_900 * CREDIT
"""What Lab has left after its licence."""

OUTCOME_TYPES = "(uint32,bytes32,bytes32,uint40,bytes32,uint32)"


@pytest.fixture(scope="module")
def trade(founded_town: Town) -> Generator[Trade]:
    with founded_town.rewinding():
        yield founded_town.trade()


@pytest.fixture
def order(town: Town, trade: Trade) -> bytes:
    """Lab's, in escrow, with an hour to settle it."""
    return town.order(trade.licence, trade.tariff)


def balance(town: Town, name: str) -> int:
    return town.contracts.credit.balance_of(town.keys[name].address)


def credit_of(town: Town, name: str) -> int:
    return town.contracts.settlement.credits(town.keys[name].address)


def state(town: Town, order: bytes) -> int:
    return town.contracts.settlement.order(order).state


# Opening


def test_an_order_puts_its_cap_into_escrow_and_uses_a_run(town: Town, trade: Trade) -> None:
    quote = town.order_quote(trade.licence, trade.tariff)

    receipt = town.send("relay", town.order_call(quote))

    number, lab = order_id(quote), town.keys["lab"].address
    assert number == town.contracts.settlement.order_id(quote)
    assert events(receipt, OrderOpened) == [
        OrderOpened(
            number,
            trade.licence,
            lab,
            trade.tariff,
            quote.request,
            CAP,
            quote.deadline,
            0,
            number,
        )
    ]
    found = town.contracts.settlement.order(number)
    assert (found.cap, found.licence, found.tariff) == (CAP, trade.licence, trade.tariff)
    assert (found.deadline, found.discount, found.state) == (quote.deadline, 0, OrderState.ESCROWED)
    assert balance(town, "lab") == FUNDS - CAP
    assert town.contracts.settlement.owed() == 100 * CREDIT + CAP
    assert town.contracts.licences.licence(trade.licence).used == 1


def test_a_cap_of_one_unit_is_taken_and_less_refused(town: Town, trade: Trade) -> None:
    with refused("CapBelowOneUnit", cap=PRICE - 1, unitPrice=PRICE):
        town.order(trade.licence, trade.tariff, cap=PRICE - 1)

    town.order(trade.licence, trade.tariff, cap=PRICE)


@pytest.mark.parametrize(
    ("seconds", "taken"),
    [
        (DEVNET.shortest_order - 1, False),
        (DEVNET.shortest_order, True),
        (DEVNET.longest_order, True),
        (DEVNET.longest_order + 1, False),
        (0, False),
    ],
)
def test_a_deadline_lies_within_the_citys_bounds(town: Town, trade: Trade, seconds: int, taken: bool) -> None:
    now = town.clock.now
    bounds = {"earliest": now + DEVNET.shortest_order, "latest": now + DEVNET.longest_order}
    if taken:
        town.order(trade.licence, trade.tariff, deadline=now + seconds)
        return
    with refused("DeadlineOutOfRange", {"deadline": now + seconds, **bounds}):
        town.order(trade.licence, trade.tariff, deadline=now + seconds)


def test_an_unknown_licence_orders_nothing(town: Town, trade: Trade) -> None:
    for unknown in (0, 99):
        with refused("UnknownLicence", id=unknown):
            town.order(unknown, trade.tariff)


def test_a_licence_orders_for_its_own_buyer_only(town: Town, trade: Trade) -> None:
    town.join("clinic", Class.COMMERCIAL)
    town.fund("clinic")

    with refused("NotTheApplicant", id=trade.use_case, account=town.keys["clinic"].address):
        town.order(trade.licence, trade.tariff, "clinic")


def test_a_frozen_buyer_orders_nothing(town: Town, trade: Trade) -> None:
    town.freeze("lab")

    with refused("ApplicantFrozen", applicant=town.numbers["lab"]):
        town.order(trade.licence, trade.tariff)


def test_nothing_is_ordered_while_paused_and_open_orders_go_on(
    town: Town, trade: Trade, order: bytes
) -> None:
    other = town.order(trade.licence, trade.tariff)
    town.send("guardian", town.contracts.settlement.pause())

    with refused("EnforcedPause"):
        town.order(trade.licence, trade.tariff)

    town.settle(order)
    town.pass_time(3600)
    town.send("mallory", town.contracts.settlement.refund(other))
    town.send("mallory", town.contracts.settlement.withdraw(town.keys["lab"].address))
    town.send("mallory", town.contracts.settlement.withdraw_share(trade.tariff, 0))


def test_a_bound_payment_opens_no_other_order(town: Town, trade: Trade) -> None:
    quote = town.order_quote(trade.licence, trade.tariff)
    payment = town.payment("lab", CAP, order_id(quote))

    for change in (
        {"salt": bytes(32)},
        {"request": bytes(32)},
        {"cap": CAP - 1},
        {"deadline": quote.deadline + 1},
        {"licence": trade.licence + 1},
    ):
        with refused("ERC3009InvalidSignature"):
            other = quote._replace(**change)
            town.send("mallory", town.contracts.settlement.open_order(other, payment))


def test_a_bound_payment_for_a_licence_opens_no_order(town: Town, trade: Trade) -> None:
    quote = town.order_quote(trade.licence, trade.tariff, cap=100 * CREDIT)
    licence_quote = town.licence_quote(trade.use_case, trade.tariff)
    nonce = town.contracts.settlement.licence_quote_id(licence_quote)

    with refused("ERC3009InvalidSignature"):
        payment = town.payment("lab", 100 * CREDIT, nonce)
        town.send("mallory", town.contracts.settlement.open_order(quote, payment))


def test_an_order_is_opened_once(town: Town, trade: Trade) -> None:
    quote = town.order_quote(trade.licence, trade.tariff)
    call = town.order_call(quote)
    town.send("relay", call)

    with refused("ERC3009UsedAuthorization", authorizer=town.keys["lab"].address, nonce=order_id(quote)):
        town.send("relay", call)


def test_a_cancelled_payment_opens_nothing(town: Town, trade: Trade) -> None:
    quote = town.order_quote(trade.licence, trade.tariff)
    town.send("lab", town.cancel_payment("lab", order_id(quote)))

    with refused("ERC3009UsedAuthorization", authorizer=town.keys["lab"].address, nonce=order_id(quote)):
        town.send("relay", town.order_call(quote))
    assert state(town, order_id(quote)) == OrderState.NONE


def test_an_order_needs_the_tariff_in_force(town: Town, trade: Trade) -> None:
    current = town.set_tariff(trade.use_case)

    with refused("WrongTariff", tariff=trade.tariff, current=current):
        town.order(trade.licence, trade.tariff)
    town.order(trade.licence, current)


def test_an_open_order_keeps_the_tariff_it_was_opened_under(town: Town, trade: Trade, order: bytes) -> None:
    dearer = town.set_tariff(trade.use_case, unit_price=11 * CREDIT)

    town.settle(order)

    assert town.contracts.settlement.earned(dearer) == 0
    assert town.contracts.settlement.earned(trade.tariff) == 100 * CREDIT + PRICE


# Settling


def test_a_settled_order_charges_and_credits_the_rest_back(town: Town, trade: Trade, order: bytes) -> None:
    outcome = town.outcome(consent_block=town.node.head().number)

    receipt = town.send("settler", town.contracts.settlement.settle(order, outcome))

    assert events(receipt, OrderSettled) == [OrderSettled(order, trade.licence, trade.tariff, PRICE, outcome)]
    assert state(town, order) == OrderState.SETTLED
    assert credit_of(town, "lab") == CAP - PRICE
    assert town.contracts.settlement.earned(trade.tariff) == 100 * CREDIT + PRICE


def test_the_outcome_of_a_settled_order_can_be_checked_later(town: Town, order: bytes) -> None:
    outcome = town.outcome()
    assert town.contracts.settlement.outcome_of(order) == bytes(32)

    town.send("settler", town.contracts.settlement.settle(order, outcome))

    words = encode(["uint64", OUTCOME_TYPES], [PRICE, outcome])
    assert town.contracts.settlement.outcome_of(order) == keccak(words)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=st.integers(0, 2**32 - 1), price=st.integers(0, FUNDS), room=st.integers(0, FUNDS))
def test_the_charge_is_units_at_the_price_and_never_above_the_cap(
    town: Town, trade: Trade, units: int, price: int, room: int
) -> None:
    cap = min(price + room, FUNDS)
    with town.rewinding():
        tariff = town.set_tariff(trade.use_case, unit_price=price)
        order = town.order(trade.licence, tariff, cap=cap)

        town.settle(order, units=units)

        charge = town.contracts.settlement.earned(tariff)
        assert charge == min(cap, units * price)
        assert credit_of(town, "lab") == cap - charge


def test_units_times_price_beyond_64_bits_is_charged_at_the_cap(town: Town, trade: Trade) -> None:
    tariff = town.set_tariff(trade.use_case, unit_price=FUNDS)
    order = town.order(trade.licence, tariff, cap=FUNDS)

    town.settle(order, units=2**32 - 1)

    assert town.contracts.settlement.earned(tariff) == FUNDS


def test_a_discount_is_pinned_by_the_licence(town: Town, trade: Trade) -> None:
    """Also for orders after the delivery has aged, and not for licences bought before it."""
    tariff = town.set_tariff(trade.use_case, sharing_discount=2_500, sharing_days=1)
    town.deliver("lab")
    quote = town.licence_quote(trade.use_case, tariff, price=75 * CREDIT)
    town.send("relay", town.licence_call(quote))
    shared = town.contracts.licences.count()
    town.pass_time(2 * DAY)
    town.anchor()

    with refused("CapBelowOneUnit", cap=7_500_000 - 1, unitPrice=7_500_000):
        town.order(shared, tariff, cap=7_500_000 - 1)
    discounted, full = town.order(shared, tariff), town.order(trade.licence, tariff)
    town.settle(discounted)
    town.settle(full)

    assert town.contracts.settlement.order(discounted).discount == 2_500
    assert town.contracts.settlement.earned(tariff) == 75 * CREDIT + 7_500_000 + PRICE


@pytest.mark.parametrize("meter", [Meter.CELL, Meter.VERSION_ROWS, Meter.DEVICE])
def test_a_bill_by_cells_rows_or_devices_multiplies(town: Town, trade: Trade, meter: Meter) -> None:
    tariff = town.set_tariff(trade.use_case, meter=meter, unit_price=1_500)
    order = town.order(trade.licence, tariff, cap=CREDIT)

    town.settle(order, units=321)

    assert town.contracts.settlement.earned(tariff) == 321 * 1_500
    assert credit_of(town, "lab") == CREDIT - 321 * 1_500


def test_an_outcome_of_no_units_costs_nothing(town: Town, trade: Trade, order: bytes) -> None:
    town.settle(order, units=0)

    assert credit_of(town, "lab") == CAP


def test_an_order_is_settled_strictly_before_its_deadline(town: Town, trade: Trade) -> None:
    in_time, late = (town.order(trade.licence, trade.tariff) for _ in range(2))
    deadline = town.contracts.settlement.order(late).deadline
    town.pass_time(3599)
    town.settle(in_time)
    town.pass_time(1)

    with refused("DeadlinePassed", id=late, deadline=deadline):
        town.settle(late)


@pytest.mark.parametrize("who", ["mallory", "lab", "otto", "treasurer", "relay"])
def test_only_a_settler_settles(town: Town, order: bytes, who: str) -> None:
    with refused("NotASettler", account=town.keys[who].address):
        town.send(who, town.contracts.settlement.settle(order, town.outcome()))


def test_a_distrusted_settler_settles_nothing(town: Town, order: bytes) -> None:
    settler = town.keys["settler"].address
    town.send_later("admin", town.contracts.journal.set_settler(settler, False), 2)

    with refused("NotASettler", account=settler):
        town.settle(order)


def test_nothing_is_settled_when_the_journal_is_stale(town: Town, trade: Trade) -> None:
    orders = [town.order(trade.licence, trade.tariff, deadline=town.clock.now + 2 * DAY) for _ in range(2)]
    anchored_at = town.contracts.journal.latest().anchored_at
    town.pass_time(anchored_at + DEVNET.journal_bound - town.clock.now)
    town.settle(orders[0])
    town.pass_time(1)

    with refused("JournalStale", anchoredAt=anchored_at, bound=DEVNET.journal_bound):
        town.settle(orders[1])

    town.anchor()
    town.settle(orders[1])


def test_consents_are_read_at_a_block_up_to_this_one(town: Town, order: bytes) -> None:
    head = town.node.head().number
    ahead = town.contracts.settlement.settle(order, town.outcome(consent_block=head + 1))
    with refused("ConsentBlockInFuture", consentBlock=head + 1, current=head):
        town.node.call_as(town.keys["settler"].address, ahead.to, ahead.data)

    town.send("settler", ahead)  # in the next block it is this one


def test_an_unknown_order_is_neither_settled_nor_refunded(town: Town, trade: Trade) -> None:
    settlement, unknown = town.contracts.settlement, b"\x01" * 32
    outcome: Outcome = town.outcome()
    for who, call in (
        ("settler", settlement.settle(unknown, outcome)),
        ("settler", settlement.refund_early(unknown, REASON)),
        ("mallory", settlement.refund(unknown)),
    ):
        with refused("WrongOrderState", id=unknown, state=OrderState.NONE):
            town.send(who, call)


def test_a_settled_order_is_ended(town: Town, order: bytes) -> None:
    settlement = town.contracts.settlement
    town.settle(order)
    ended = {"id": order, "state": OrderState.SETTLED}

    with refused("WrongOrderState", ended):
        town.settle(order)
    with refused("WrongOrderState", ended):
        town.send("settler", settlement.refund_early(order, REASON))
    town.pass_time(3600)
    with refused("WrongOrderState", ended):
        town.send("mallory", settlement.refund(order))


# Refunding


def test_from_the_deadlines_own_second_anyone_refunds(town: Town, trade: Trade, order: bytes) -> None:
    deadline = town.contracts.settlement.order(order).deadline
    call = town.contracts.settlement.refund(order)
    town.pass_time(deadline - 1 - town.clock.now)
    with refused("DeadlineNotReached", id=order, deadline=deadline):
        town.send("mallory", call)
    town.pass_time(1)

    receipt = town.send("mallory", call)

    assert events(receipt, OrderRefunded) == [OrderRefunded(order, trade.licence, CAP, bytes(32))]
    assert credit_of(town, "lab") == CAP


@pytest.mark.parametrize("second", [-1, 0, 1])
def test_at_every_second_exactly_one_of_settling_and_refunding_is_open(
    town: Town, order: bytes, second: int
) -> None:
    settlement = town.contracts.settlement
    town.pass_time(3600 + second)
    settle = ("settler", settlement.settle(order, town.outcome()))
    refund = ("mallory", settlement.refund(order))

    for acts in ([settle, refund], [refund, settle]):
        with town.rewinding():
            receipts = town.send_together(*acts)
            succeeded = [acts[i][0] for i, receipt in enumerate(receipts) if receipt.succeeded]
            assert succeeded == (["settler"] if second < 0 else ["mallory"])


def test_a_refunded_order_is_ended(town: Town, order: bytes) -> None:
    settlement = town.contracts.settlement
    town.send("settler", settlement.refund_early(order, REASON))
    ended = {"id": order, "state": OrderState.REFUNDED}

    with refused("WrongOrderState", ended):
        town.settle(order)
    with refused("WrongOrderState", ended):
        town.send("settler", settlement.refund_early(order, REASON))
    town.pass_time(3600)
    with refused("WrongOrderState", ended):
        town.send("mallory", settlement.refund(order))


def test_a_settler_refunds_early_in_full_and_says_why(town: Town, trade: Trade, order: bytes) -> None:
    receipt = town.send("settler", town.contracts.settlement.refund_early(order, REASON))

    assert events(receipt, OrderRefunded) == [OrderRefunded(order, trade.licence, CAP, REASON)]
    assert credit_of(town, "lab") == CAP
    assert town.contracts.licences.licence(trade.licence).used == 0


def test_an_early_refund_needs_a_reason(town: Town, order: bytes) -> None:
    with refused("ReasonMissing"):
        town.send("settler", town.contracts.settlement.refund_early(order, bytes(32)))


@pytest.mark.parametrize("who", ["mallory", "lab", "otto", "treasurer", "guardian"])
def test_only_a_settler_refunds_early(town: Town, order: bytes, who: str) -> None:
    with refused("NotASettler", account=town.keys[who].address):
        town.send(who, town.contracts.settlement.refund_early(order, REASON))


def test_an_early_refund_needs_no_fresh_journal(town: Town, trade: Trade) -> None:
    order = town.order(trade.licence, trade.tariff, deadline=town.clock.now + 3 * DAY)
    town.pass_time(2 * DAY)

    town.send("settler", town.contracts.settlement.refund_early(order, REASON))

    assert state(town, order) == OrderState.REFUNDED


def test_a_frozen_buyers_order_is_not_settled_and_refunded_at_once(town: Town, order: bytes) -> None:
    town.freeze("lab")

    with refused("BuyerFrozen", buyer=town.keys["lab"].address):
        town.settle(order)
    town.send("mallory", town.contracts.settlement.refund(order))

    assert credit_of(town, "lab") == CAP


def test_a_frozen_buyer_still_gets_its_money(town: Town, order: bytes) -> None:
    town.freeze("lab")
    town.send("mallory", town.contracts.settlement.refund(order))

    town.send("mallory", town.contracts.settlement.withdraw(town.keys["lab"].address))

    assert balance(town, "lab") == FUNDS


def test_an_unfrozen_buyers_order_is_settled_again(town: Town, order: bytes) -> None:
    town.freeze("lab")
    town.send("otto", town.contracts.participants.unfreeze(town.numbers["lab"], REASON))
    deadline = town.contracts.settlement.order(order).deadline

    with refused("DeadlineNotReached", id=order, deadline=deadline):
        town.send("mallory", town.contracts.settlement.refund(order))
    town.settle(order)


# Withdrawing


def test_anyone_pays_out_a_credit_to_its_owner_once(town: Town, order: bytes) -> None:
    town.settle(order)
    lab = town.keys["lab"].address
    call = town.contracts.settlement.withdraw(lab)

    receipt = town.send("mallory", call)

    assert events(receipt, Withdrawn) == [Withdrawn(lab, CAP - PRICE)]
    assert balance(town, "lab") == FUNDS - PRICE
    assert balance(town, "mallory") == 0
    with refused("NothingToWithdraw"):
        town.send("lab", call)


def test_nobody_withdraws_what_is_not_credited(town: Town, order: bytes) -> None:
    with refused("NothingToWithdraw"):
        town.send("mallory", town.contracts.settlement.withdraw(town.keys["mallory"].address))
