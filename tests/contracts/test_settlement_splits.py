"""Who gets what: pots, shares and the remainder; and that money is neither made nor lost.

Settlement.withdrawShare
├── given a pot
│   ├── it pays each payee its basis points, rounded down, and the city what is left, in any order
│   └── it pays to the payee, whoever calls, once
├── given the pot grew after a withdrawal
│   └── parts still add up to the whole
└── when there is nothing, no such tariff or no such party
    └── it refuses
Settlement and CityCredit together
└── whatever happens, credits in circulation are minted less redeemed, and Settlement holds what it owes
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.bindings import ShareWithdrawn
from ledger.enums import Class, OrderState
from ledger.node import RevertedError
from tests.contracts.refusals import refused
from tests.town import CREDIT, Town, events, payee

WHOLE = 10_000
PAYEES = ("clinic", "mallory")
HOLDERS = (*PAYEES, "lab", "city", "treasurer")

in_town = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def use_case(town: Town) -> int:
    """Lab's, allowed; Lab has funds; Clinic and Mallory are suppliers."""
    number = town.open_use_case()
    for name in PAYEES:
        town.join(name, Class.SUPPLIER)
    town.fund("lab")
    town.anchor()
    return number


shares = st.lists(st.integers(0, WHOLE), max_size=4).filter(lambda parts: sum(parts) <= WHOLE)


def balance(town: Town, name: str) -> int:
    return town.contracts.credit.balance_of(town.keys[name].address)


def withdraw(town: Town, tariff: int, party: int) -> int:
    """What `party` got, 0 when there was nothing."""
    try:
        receipt = town.send("relay", town.contracts.settlement.withdraw_share(tariff, party))
    except RevertedError as refusal:
        if refusal.name != "NothingToWithdraw":
            raise
        return 0
    (event,) = events(receipt, ShareWithdrawn)
    return event.amount


@in_town
@given(total=st.integers(0, 10**10), parts=shares, data=st.data())
@example(total=9_999, parts=[3_333, 3_333, 3_334], data=None)
@example(total=1, parts=[5_000, 5_000], data=None)
def test_parts_add_up_to_the_whole_for_any_order_of_withdrawals(
    town: Town, use_case: int, total: int, parts: list[int], data: st.DataObject | None
) -> None:
    order = list(range(len(parts) + 1))
    if data is not None:
        order = data.draw(st.permutations(order))
    with town.rewinding():
        payees = [payee(town.numbers["clinic"], part) for part in parts]
        tariff = town.set_tariff(use_case, licence_price=total, payees=payees)
        town.buy(use_case, tariff)

        got = {party: withdraw(town, tariff, party) for party in order}

        floors = [total * part // WHOLE for part in parts]
        assert [got[party] for party in sorted(got)] == [total - sum(floors), *floors]
        assert town.contracts.settlement.owed() == 0


@settings(parent=in_town, max_examples=15)
@given(
    parts=shares,
    earnings=st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 4)), min_size=1, max_size=6),
)
@example(parts=[5_000, 5_000], earnings=[(1, 0), (1, 1), (1, 2)])
@example(parts=[3_333, 3_333, 3_334], earnings=[(1, 0), (2, 3), (1, 1), (20_000, 2)])
def test_parts_add_up_to_the_whole_when_withdrawals_come_between_earnings(
    town: Town, use_case: int, parts: list[int], earnings: list[tuple[int, int]]
) -> None:
    """Above all the city's remainder: it must not shrink when the next earning makes the payees' parts whole."""
    with town.rewinding():
        payees = [payee(town.numbers["clinic"], part) for part in parts]
        tariff = town.set_tariff(use_case, licence_price=0, unit_price=1, payees=payees)
        licence = town.buy(use_case, tariff)
        earned, paid = 0, 0
        for amount, party in earnings:
            town.settle(town.order(licence, tariff, cap=amount), units=amount)
            earned += amount
            paid += withdraw(town, tariff, party % (len(parts) + 1))
            assert paid <= earned
        paid += sum(withdraw(town, tariff, party) for party in range(len(parts) + 1))

        assert paid == earned
        assert town.contracts.settlement.owed() == 0


def test_a_share_is_paid_to_its_party_whoever_calls(town: Town, use_case: int) -> None:
    clinic = town.numbers["clinic"]
    tariff = town.set_tariff(use_case, payees=[payee(clinic, 2_500)])
    town.buy(use_case, tariff)
    settlement = town.contracts.settlement

    to_clinic = town.send("mallory", settlement.withdraw_share(tariff, 1))
    to_city = town.send("mallory", settlement.withdraw_share(tariff, 0))

    assert events(to_clinic, ShareWithdrawn) == [
        ShareWithdrawn(tariff, 1, town.keys["clinic"].address, 25 * CREDIT)
    ]
    assert events(to_city, ShareWithdrawn) == [
        ShareWithdrawn(tariff, 0, town.keys["city"].address, 75 * CREDIT)
    ]
    assert (balance(town, "clinic"), balance(town, "city")) == (25 * CREDIT, 75 * CREDIT)
    assert balance(town, "mallory") == 0


def test_a_share_is_paid_once_and_grows_with_the_pot(town: Town, use_case: int) -> None:
    tariff = town.set_tariff(use_case, payees=[payee(town.numbers["clinic"], 2_500)])
    town.buy(use_case, tariff)
    call = town.contracts.settlement.withdraw_share(tariff, 1)
    town.send("relay", call)
    with refused("NothingToWithdraw"):
        town.send("clinic", call)

    town.buy(use_case, tariff)
    town.send("relay", call)

    assert balance(town, "clinic") == 50 * CREDIT


def test_what_was_earned_is_divided_once(town: Town, use_case: int) -> None:
    """Each division rounds for itself, so the micro-credit that went to the city stays there."""
    tariff = town.set_tariff(
        use_case, licence_price=1, payees=[payee(town.numbers[name], 5_000) for name in PAYEES]
    )
    town.buy(use_case, tariff)
    assert withdraw(town, tariff, 0) == 1
    town.buy(use_case, tariff)

    assert [withdraw(town, tariff, party) for party in (1, 2, 0)] == [0, 0, 1]

    settlement = town.contracts.settlement
    assert settlement.divided(tariff) == settlement.earned(tariff) == 2
    assert [settlement.accrued(tariff, party) for party in range(3)] == [2, 0, 0]
    assert [settlement.released(tariff, party) for party in range(3)] == [2, 0, 0]


def test_the_parts_are_those_of_the_tariff_that_was_bought_under(town: Town, use_case: int) -> None:
    before = town.set_tariff(use_case, payees=[payee(town.numbers["clinic"], 2_500)])
    town.buy(use_case, before)
    town.set_tariff(use_case, payees=[payee(town.numbers["mallory"], 9_000)])

    assert [withdraw(town, before, party) for party in (1, 0)] == [25 * CREDIT, 75 * CREDIT]


def test_a_frozen_payee_is_still_paid(town: Town, use_case: int) -> None:
    tariff = town.set_tariff(use_case, payees=[payee(town.numbers["clinic"], 2_500)])
    town.buy(use_case, tariff)
    town.freeze("clinic")

    assert withdraw(town, tariff, 1) == 25 * CREDIT


@pytest.mark.parametrize("unknown", [0, 9])
def test_an_unknown_tariff_has_no_shares(town: Town, use_case: int, unknown: int) -> None:
    with refused("UnknownTariff", tariff=unknown):
        town.send("relay", town.contracts.settlement.withdraw_share(unknown, 0))


@pytest.mark.parametrize("unknown", [2, 2**256 - 1])
def test_an_unknown_party_has_no_share(town: Town, use_case: int, unknown: int) -> None:
    tariff = town.set_tariff(use_case, payees=[payee(town.numbers["clinic"], 2_500)])
    town.buy(use_case, tariff)

    with refused("UnknownParty", tariff=tariff, party=unknown):
        town.send("relay", town.contracts.settlement.withdraw_share(tariff, unknown))


# Conservation


@dataclass
class Books:
    """What a bookkeeper outside the ledger would know after each step."""

    town: Town
    use_case: int
    tariff: int
    licence: int
    orders: list[bytes] = field(default_factory=list[bytes])

    def step(self, kind: str, which: int, amount: int) -> None:
        town, settlement = self.town, self.town.contracts.settlement
        open_ = [order for order in self.orders if settlement.order(order).state == OrderState.ESCROWED]
        match kind:
            case "buy":
                town.buy(self.use_case, self.tariff)
            case "order":
                self.orders.append(town.order(self.licence, self.tariff, cap=10 * CREDIT + amount))
            case "settle" if open_:
                town.settle(open_[which % len(open_)], units=which)
            case "refund" if open_:
                call = settlement.refund_early(open_[which % len(open_)], b"\x01" * 32)
                town.send("settler", call)
            case "withdraw" if settlement.credits(town.keys["lab"].address):
                town.send("relay", settlement.withdraw(town.keys["lab"].address))
            case "share":
                withdraw(town, self.tariff, which % 3)
            case "redeem" if balance(town, "city"):
                self.pay_out("city")
            case _:
                pass

    def pay_out(self, name: str) -> None:
        town, amount = self.town, balance(self.town, name)
        treasurer = town.keys["treasurer"].address
        town.send(name, town.contracts.credit.transfer(treasurer, amount))
        line = town.node.head().hash
        town.send("treasurer", town.contracts.credit.redeem(amount, line))

    def check(self) -> None:
        town, credit, settlement = self.town, self.town.contracts.credit, self.town.contracts.settlement
        held = credit.balance_of(settlement.address)
        in_circulation = sum(balance(town, name) for name in HOLDERS) + held
        assert credit.minted() - credit.redeemed() == credit.total_supply() == in_circulation

        found = [settlement.order(order) for order in self.orders]
        escrow = sum(order.cap for order in found if order.state == OrderState.ESCROWED)
        credited = settlement.credits(town.keys["lab"].address)
        pot = settlement.earned(self.tariff)
        paid = sum(settlement.released(self.tariff, party) for party in range(3))
        assert held == settlement.owed() == escrow + credited + pot - paid


steps = st.tuples(
    st.sampled_from(["buy", "order", "settle", "refund", "withdraw", "share", "redeem"]),
    st.integers(0, 5),
    st.integers(0, 5 * CREDIT),
)


@settings(parent=in_town, max_examples=10)
@given(st.lists(steps, min_size=5, max_size=16))
def test_money_is_neither_made_nor_lost(
    town: Town, use_case: int, history: list[tuple[str, int, int]]
) -> None:
    with town.rewinding():
        payees = [payee(town.numbers[name], 2_500) for name in PAYEES]
        tariff = town.set_tariff(use_case, payees=payees)
        books = Books(town, use_case, tariff, town.buy(use_case, tariff))
        for step in history:
            books.step(*step)
            books.check()
