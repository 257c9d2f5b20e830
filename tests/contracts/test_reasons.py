"""Whoever acts for the city says why, whoever settles says what: an act without it is refused by name."""

import pytest

from ledger.enums import Class, OrderState
from tests.contracts.refusals import refused
from tests.town import Town

NONE = bytes(32)


def test_no_freeze_and_no_thaw_without_a_reason(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL)

    with refused("ReasonMissing"):
        town.send("guardian", town.contracts.participants.freeze(number, NONE))
    town.freeze("lab")
    with refused("ReasonMissing"):
        town.send("otto", town.contracts.participants.unfreeze(number, NONE))


def test_no_use_case_is_closed_without_a_reason(town: Town) -> None:
    with refused("ReasonMissing"):
        town.send("otto", town.contracts.use_cases.close(town.open_use_case(), NONE))


def test_no_licence_is_terminated_without_a_reason(town: Town) -> None:
    with refused("ReasonMissing"):
        town.send("otto", town.contracts.licences.terminate(town.trade().licence, NONE))


def test_nothing_is_declared_not_personal_without_a_reason(town: Town) -> None:
    with refused("ReasonMissing"):
        town.send("otto", town.contracts.datasets.declare_not_personal(town.dataset(), NONE))


def test_no_consent_is_ended_by_a_mandate_that_nobody_named(town: Town) -> None:
    given = town.grant(town.terms(town.open_use_case()))

    with refused("MandateMissing"):
        town.send("ombudsman", town.contracts.consents.revoke_by_mandate(given.terms, [given.own], NONE))
    assert town.contracts.consents.is_in_force(given.consent.id)


@pytest.mark.parametrize("missing", ["result", "manifest"])
def test_nothing_is_settled_without_a_result(town: Town, missing: str) -> None:
    trade = town.trade()
    order = town.order(trade.licence, trade.tariff)

    with refused("ResultMissing", id=order):
        town.settle(order, **{missing: NONE})
    assert town.contracts.settlement.order(order).state == OrderState.ESCROWED


def test_nothing_is_settled_over_the_consents_of_a_block_before_the_order(town: Town) -> None:
    trade = town.trade()
    before = town.node.head().number
    order = town.order(trade.licence, trade.tariff)
    opened_in = town.contracts.settlement.order(order).opened_in

    with refused("ConsentBlockBeforeOrder", consentBlock=before, openedIn=opened_in):
        town.settle(order, consent_block=before)
    town.settle(order, consent_block=opened_in)


def test_a_registrar_in_office_is_not_replaced_by_the_administrator_alone(town: Town) -> None:
    mallory = town.keys["mallory"].address

    with refused("RegistrarInOffice", registrar=town.keys["registrar"].address):
        town.send_later("admin", town.contracts.consents.set_registrar(mallory), 2)


def test_a_terminated_licence_counts_as_expired(town: Town) -> None:
    licence = town.trade().licence
    assert not town.contracts.licences.is_token_expired(licence)

    town.send("otto", town.contracts.licences.terminate(licence, b"\x01" * 32))

    assert town.contracts.licences.is_token_expired(licence)
