"""What comes twice in one transaction counts once.

Consents.grantBatch · revokeByMandate · revokeBatch
└── when a member comes again behind itself
    └── it is left out by name, and the others are not
"""

from collections.abc import Generator

import pytest

from ledger.bindings import ConsentGranted, ConsentRevoked, Refused
from ledger.consents import revocation_by_code, revocation_by_signature, sign_revocation
from ledger.enums import Why
from tests.contracts.refusals import malleated
from tests.town import Town, events

MANDATE = b"\x51" * 32


@pytest.fixture(scope="module")
def use_case(founded_town: Town) -> Generator[int]:
    with founded_town.rewinding():
        yield founded_town.open_use_case()


def test_a_consent_that_comes_twice_in_a_batch_is_granted_once(town: Town, use_case: int) -> None:
    anna, bert = (town.consent(town.terms(use_case)) for _ in range(2))
    grants = [anna.grant, anna.grant, bert.grant, anna.grant]

    receipt = town.send("relay", town.contracts.consents.grant_batch(anna.terms, grants))

    assert [event.id for event in events(receipt, ConsentGranted)] == [anna.consent.id, bert.consent.id]
    assert events(receipt, Refused) == [
        Refused(anna.consent.id, 1, Why.ALREADY_USED),
        Refused(anna.consent.id, 3, Why.ALREADY_USED),
    ]


def test_the_twin_of_a_signature_adds_nothing_to_a_batch(town: Town, use_case: int) -> None:
    """Before its consent the twin is no signature; behind it the consent is there already."""
    anna = town.consent(town.terms(use_case))
    digest = anna.consent.id
    twin = anna.grant._replace(signature=malleated(anna.signer, digest))

    receipt = town.send("relay", town.contracts.consents.grant_batch(anna.terms, [twin, anna.grant, twin]))

    assert [event.id for event in events(receipt, ConsentGranted)] == [anna.consent.id]
    assert events(receipt, Refused) == [
        Refused(anna.consent.id, 0, Why.WRONG_SIGNER),
        Refused(anna.consent.id, 2, Why.ALREADY_USED),
    ]


def test_a_mandate_that_names_somebody_twice_ends_her_consent_once(town: Town, use_case: int) -> None:
    anna, bert = town.grant_many(town.terms(use_case), 2)
    owns = [anna.own, anna.own, bert.own]

    receipt = town.send("ombudsman", town.contracts.consents.revoke_by_mandate(anna.terms, owns, MANDATE))

    assert [event.id for event in events(receipt, ConsentRevoked)] == [anna.consent.id, bert.consent.id]
    assert events(receipt, Refused) == [Refused(anna.consent.id, 1, Why.ALREADY_REVOKED)]


def test_a_code_behind_a_signature_in_one_batch_ends_nothing_more(town: Town, use_case: int) -> None:
    anna = town.grant(town.terms(use_case))
    signature = sign_revocation(town.city.domains.consents, anna.signer, anna.consent.id)
    members = [revocation_by_signature(anna.own, signature), revocation_by_code(anna.own, anna.code)]

    receipt = town.send("mallory", town.contracts.consents.revoke_batch(anna.terms, members))

    assert [event.id for event in events(receipt, ConsentRevoked)] == [anna.consent.id]
    assert events(receipt, Refused) == [Refused(anna.consent.id, 1, Why.ALREADY_REVOKED)]
