"""Prices that were on the ledger before the purchase.

Settlement.setTariff
├── it keeps every version and puts the newest in force, per use case or for all, per class of participant
└── it refuses shares above the whole, a fifth payee, an unknown payee, no term, no class
"""

import pytest

from ledger.bindings import TariffSet
from ledger.enums import Class, Meter
from tests.contracts.refusals import refused
from tests.town import Payee, Tariff, Town, events, payee


def test_a_tariff_is_kept_and_told_as_it_was_set(town: Town) -> None:
    clinic = town.join("clinic", Class.SUPPLIER)
    terms = town.tariff(
        3, meter=Meter.CELL, sharing_discount=500, sharing_days=30, payees=(payee(clinic, 2500),)
    )

    receipt = town.send("otto", town.contracts.settlement.set_tariff(terms))

    assert events(receipt, TariffSet) == [TariffSet(1, 3, Class.COMMERCIAL, terms)]
    assert town.contracts.settlement.tariff(1) == terms


def test_a_new_tariff_takes_the_place_of_the_old_which_never_changes(town: Town) -> None:
    first = town.set_tariff(3, unit_price=10)
    second = town.set_tariff(3, unit_price=20)

    settlement = town.contracts.settlement
    assert settlement.tariff_for(3, Class.COMMERCIAL) == second
    assert (settlement.tariff(first).unit_price, settlement.tariff(second).unit_price) == (10, 20)


def test_a_tariff_for_all_holds_where_a_use_case_has_none_of_its_own(town: Town) -> None:
    for_all, own = town.set_tariff(0), town.set_tariff(3)

    settlement = town.contracts.settlement
    assert settlement.tariff_for(3, Class.COMMERCIAL) == own
    assert settlement.tariff_for(4, Class.COMMERCIAL) == for_all


@pytest.mark.parametrize("class_", [Class.SUPPLIER, Class.COMMERCIAL, Class.PUBLIC_SERVICE])
@pytest.mark.parametrize("meter", list(Meter))
def test_each_class_has_its_own_tariff_by_any_meter(town: Town, class_: Class, meter: Meter) -> None:
    number = town.set_tariff(3, class_=class_, meter=meter)

    found = [town.contracts.settlement.tariff_for(3, each) for each in Class]
    assert found == [number if each is class_ else 0 for each in Class]


@pytest.mark.parametrize("shares", [[10_000], [2_500] * 4, [0], [1, 9_999], []])
def test_shares_up_to_the_whole_are_taken(town: Town, shares: list[int]) -> None:
    town.set_tariff(payees=[payee(1, share) for share in shares])

    assert [each.basis_points for each in town.contracts.settlement.tariff(1).payees] == shares


@pytest.mark.parametrize("shares", [[10_001], [5_000, 5_001], [65_535] * 4])
def test_shares_above_the_whole_are_refused(town: Town, shares: list[int]) -> None:
    with refused("SharesAboveWhole", basisPoints=sum(shares)):
        town.set_tariff(payees=[payee(1, share) for share in shares])


def test_a_fifth_payee_is_refused(town: Town) -> None:
    with refused("TooManyPayees", payees=5):
        town.set_tariff(payees=[payee(1, 1)] * 5)


@pytest.mark.parametrize("unknown", [0, 7])
def test_an_unknown_payee_is_refused(town: Town, unknown: int) -> None:
    with refused("UnknownParticipant", id=unknown):
        town.set_tariff(payees=[Payee(unknown, 1)])


def refused_tariff(town: Town, name: str, values: dict[str, object], **changes: object) -> None:
    terms: Tariff = town.tariff(**changes)  # pyright: ignore[reportArgumentType]
    with refused(name, values):
        town.send("otto", town.contracts.settlement.set_tariff(terms))
    assert town.contracts.settlement.tariff_count() == 0


def test_a_tariff_needs_a_term_a_quota_a_class_and_a_discount_that_is_a_part(town: Town) -> None:
    refused_tariff(town, "NoTerm", {}, licence_days=0)
    refused_tariff(town, "NoTerm", {}, quota=0)
    refused_tariff(town, "ClassMissing", {}, class_=Class.NONE)
    refused_tariff(town, "DiscountAboveWhole", {"discount": 10_001}, sharing_discount=10_001)


def test_a_meter_that_does_not_exist_is_refused(town: Town) -> None:
    refused_tariff(town, "Unknown", {"data": b""}, meter=max(Meter) + 1)
