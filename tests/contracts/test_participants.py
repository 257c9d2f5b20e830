"""The organisations of the city. What is wrong with a signature is in test_signed_acts.py.

Participants
├── join: enrols under a number; refuses no class, no name, a taken account, a taken name
├── admit: lets act who joined; refuses the unknown and the admitted
├── freeze: stops within the block; refuses who is not active
└── unfreeze: only who is frozen
"""

import pytest

from ledger.abi import Call
from ledger.bindings import (
    Participant,
    ParticipantAdmitted,
    ParticipantFrozen,
    ParticipantJoined,
    ParticipantUnfrozen,
)
from ledger.digests import text_digest
from ledger.enums import Class, Status
from ledger.typed_data import join_digest, signed
from tests.contracts.refusals import NOBODY, no_signature, refused
from tests.town import Join, Town, events

REASON = b"\x61" * 32


def form(town: Town, name: str, class_: int = Class.COMMERCIAL, *, called: str | None = None) -> Join:
    shown = name if called is None else called
    return Join(class_, text_digest(shown), town.keys[name].address, town.soon)


def joining(town: Town, name: str, form: Join) -> Call:
    signature = signed(town.keys[name], join_digest(town.city.domains.participants, form))
    return town.contracts.participants.join(form, signature)


def status(town: Town, number: int) -> int:
    return town.contracts.participants.participant(number).status


def test_the_city_is_participant_one_from_the_first_block(town: Town) -> None:
    city = town.contracts.participants.participant(1)

    assert city == Participant(
        town.keys["city"].address, Class.CITY, Status.ACTIVE, text_digest("Testopolis")
    )
    assert town.contracts.participants.count() == 1


@pytest.mark.parametrize("class_", [each for each in Class if each is not Class.NONE])
def test_an_organisation_joins_and_waits_to_be_admitted(town: Town, class_: Class) -> None:
    wanted = form(town, "lab", class_)
    receipt = town.send("relay", joining(town, "lab", wanted))

    account = town.keys["lab"].address
    act = join_digest(town.city.domains.participants, wanted)
    assert events(receipt, ParticipantJoined) == [
        ParticipantJoined(2, account, class_, text_digest("lab"), act)
    ]
    assert town.contracts.participants.participant(2) == Participant(
        account, class_, Status.JOINED, text_digest("lab")
    )
    assert town.contracts.participants.id_of(account) == 2
    with refused("WrongStatus", id=2, status=Status.JOINED):
        town.contracts.participants.require_active(2)


def test_a_class_is_needed(town: Town) -> None:
    with refused("ClassMissing"):
        town.send("relay", joining(town, "lab", form(town, "lab", Class.NONE)))


def test_a_class_that_does_not_exist_is_refused(town: Town) -> None:
    with refused("Unknown", data=b""):  # the ABI decoder says no more
        town.send("relay", joining(town, "lab", form(town, "lab", max(Class) + 1)))


def test_a_name_is_needed(town: Town) -> None:
    with refused("NameMissing"):
        town.send("relay", joining(town, "lab", form(town, "lab")._replace(name=bytes(32))))


def test_an_account_joins_once(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL)

    with refused("AccountAlreadyJoined", account=town.keys["lab"].address, id=number):
        town.send("relay", joining(town, "lab", form(town, "lab", called="another")))


def test_a_name_belongs_to_one_organisation(town: Town) -> None:
    """Several may have joined under one name: only one of them is admitted, and none of them holds it before."""
    town.send("relay", joining(town, "mallory", form(town, "mallory", called="lab")))
    squatter = town.contracts.participants.id_of(town.keys["mallory"].address)
    number = town.join("lab", Class.COMMERCIAL)

    with refused("NameTaken", name=text_digest("lab"), id=number):
        town.send("otto", town.contracts.participants.admit(squatter))


def test_nobody_can_take_the_citys_name(town: Town) -> None:
    town.send("relay", joining(town, "mallory", form(town, "mallory", called="Testopolis")))
    number = town.contracts.participants.id_of(town.keys["mallory"].address)

    with refused("NameTaken", name=text_digest("Testopolis"), id=1):
        town.send("otto", town.contracts.participants.admit(number))


def test_the_zero_account_cannot_join(town: Town) -> None:
    nobody = Join(Class.COMMERCIAL, text_digest("nobody"), NOBODY, town.soon)

    with refused("NotSignedBy", actor=NOBODY, recovered=NOBODY):
        unsigned = no_signature(town.keys["lab"], b"")
        town.send("relay", town.contracts.participants.join(nobody, unsigned))


def test_an_admitted_organisation_can_act(town: Town) -> None:
    number = town.join("lab", Class.SUPPLIER, admit=False)

    receipt = town.send("otto", town.contracts.participants.admit(number))

    assert events(receipt, ParticipantAdmitted) == [ParticipantAdmitted(number)]
    assert town.contracts.participants.require_active(number) == (
        town.keys["lab"].address,
        Class.SUPPLIER,
    )


def test_an_unknown_organisation_cannot_be_admitted_frozen_or_unfrozen(town: Town) -> None:
    participants = town.contracts.participants
    acts = (
        ("otto", participants.admit(9)),
        ("guardian", participants.freeze(9, REASON)),
        ("otto", participants.unfreeze(9, REASON)),
    )
    for who, call in acts:
        with refused("UnknownParticipant", id=9):
            town.send(who, call)


def test_nobody_is_admitted_twice(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL)

    with refused("WrongStatus", id=number, status=Status.ACTIVE):
        town.send("otto", town.contracts.participants.admit(number))


def test_a_frozen_organisation_is_not_admitted_back(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL)
    town.freeze("lab")

    with refused("WrongStatus", id=number, status=Status.FROZEN):
        town.send("otto", town.contracts.participants.admit(number))


def test_a_frozen_organisation_cannot_act_until_it_is_unfrozen(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL)
    participants = town.contracts.participants

    frozen = town.send("guardian", participants.freeze(number, REASON))

    assert events(frozen, ParticipantFrozen) == [ParticipantFrozen(number, REASON)]
    assert participants.is_frozen(town.keys["lab"].address)
    with refused("WrongStatus", id=number, status=Status.FROZEN):
        participants.require_active(number)

    unfrozen = town.send("otto", participants.unfreeze(number, REASON))

    assert events(unfrozen, ParticipantUnfrozen) == [ParticipantUnfrozen(number, REASON)]
    assert not participants.is_frozen(town.keys["lab"].address)
    assert status(town, number) == Status.ACTIVE


def test_who_only_joined_cannot_be_frozen(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL, admit=False)

    with refused("WrongStatus", id=number, status=Status.JOINED):
        town.send("guardian", town.contracts.participants.freeze(number, REASON))


def test_who_is_active_cannot_be_unfrozen(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL)

    with refused("WrongStatus", id=number, status=Status.ACTIVE):
        town.send("otto", town.contracts.participants.unfreeze(number, REASON))


def test_a_freeze_holds_for_what_comes_behind_it_in_its_own_block(town: Town) -> None:
    use_case, tariff, licence = town.trade()
    given = town.consent(town.terms(use_case))
    freeze = town.contracts.participants.freeze(town.numbers["lab"], REASON)

    receipts = town.send_together(
        ("guardian", freeze),
        ("relay", town.contracts.consents.grant_by_signature(given.terms, given.grant)),
        ("relay", town.licence_call(town.licence_quote(use_case, tariff))),
        ("relay", town.order_call(town.order_quote(licence, tariff))),
    )

    assert [receipt.succeeded for receipt in receipts] == [True, False, False, False]


def test_the_same_acts_succeed_in_one_block_without_the_freeze(town: Town) -> None:
    use_case, tariff, licence = town.trade()
    given = town.consent(town.terms(use_case))

    receipts = town.send_together(
        ("relay", town.contracts.consents.grant_by_signature(given.terms, given.grant)),
        ("relay", town.licence_call(town.licence_quote(use_case, tariff))),
        ("relay", town.order_call(town.order_quote(licence, tariff))),
    )

    assert [receipt.succeeded for receipt in receipts] == [True, True, True]
