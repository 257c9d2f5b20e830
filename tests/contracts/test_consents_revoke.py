"""Taking a consent back, by raw transaction.

Consents.revoke · revokeBySignature · revokeByCode · revokeByMandate · revokeBatch
├── given a consent in force
│   ├── it ends in this block, by each of the four ways, and says how
│   ├── it is not retroactive
│   └── it never comes back
├── given a consent that has not arrived yet
│   └── it leaves a tombstone that refuses the grant by every door
├── given grants are paused, the use case closed, the notice retired, the recipient frozen, the city unplugged
│   └── it ends all the same
├── when the caller cannot show the right to end it
│   └── it refuses: another account, another's signature, a wrong code, a mistyped code, no mandate
├── when it was ended before
│   └── it says since when
└── when a batch holds good and bad members
    └── it ends the good ones and names the bad ones
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import pytest

from ledger.abi import Call
from ledger.artifacts import artifact
from ledger.bindings import ConsentGranted, ConsentRevoked, Consents, Refused, Revocation
from ledger.consents import revocation_by_code, revocation_by_signature, sign_revocation
from ledger.enums import How, Why
from ledger.keys import LocalSigner
from ledger.node import Receipt
from ledger.revocation_code import BASE, LENGTH, RevocationCode
from ledger.transactions import DirectSender
from ledger.typed_data import Domain, recovered, revocation_digest
from tests.contracts.refusals import FORGERIES, NOBODY, Forgery, no_signature, refused
from tests.town import Given, Town, events

MANDATE = b"\x51" * 32


@dataclass(frozen=True)
class Way:
    """One of the ways to end a consent: who sends what."""

    how: How
    sender: Callable[[Given], str | LocalSigner]
    call: Callable[[Town, Given], Call]
    mandate: bytes = bytes(32)

    def __call__(self, town: Town, given: Given) -> Receipt:
        return town.send(self.sender(given), self.call(town, given))

    def __repr__(self) -> str:
        return self.how.name.lower()


BY_SIGNER = Way(
    How.SIGNER,
    lambda given: given.signer,
    lambda town, given: town.contracts.consents.revoke(given.terms, given.own),
)
BY_SIGNATURE = Way(
    How.SIGNATURE,
    lambda given: "mallory",  # anyone may carry it
    lambda town, given: town.contracts.consents.revoke_by_signature(
        given.terms,
        given.own,
        sign_revocation(town.city.domains.consents, given.signer, given.consent.id),
    ),
)
BY_CODE = Way(
    How.CODE,
    lambda given: "mallory",  # who found the paper can do no more than she could
    lambda town, given: town.contracts.consents.revoke_by_code(given.terms, given.own, given.code.value),
)
BY_MANDATE = Way(
    How.MANDATE,
    lambda given: "ombudsman",
    lambda town, given: town.contracts.consents.revoke_by_mandate(given.terms, [given.own], MANDATE),
    MANDATE,
)
ways = pytest.mark.parametrize("way", [BY_SIGNER, BY_SIGNATURE, BY_CODE, BY_MANDATE], ids=repr)


@pytest.fixture(scope="module")
def use_case(founded_town: Town) -> Generator[int]:
    with founded_town.rewinding():
        yield founded_town.open_use_case()


@pytest.fixture
def given(town: Town, use_case: int) -> Given:
    """Anna's consent, in force."""
    return town.grant(town.terms(use_case))


def grant_single(town: Town, given: Given) -> Receipt:
    return town.send("relay", town.contracts.consents.grant_by_signature(given.terms, given.grant))


def ended_in(town: Town, given: Given) -> int:
    return town.contracts.consents.consent(given.consent.id).revoked_in


# It ends


@ways
def test_a_revoked_consent_is_out_of_force_from_its_block_on(town: Town, given: Given, way: Way) -> None:
    receipt = way(town, given)

    assert ended_in(town, given) == receipt.block_number
    assert not town.contracts.consents.is_in_force(given.consent.id, block=receipt.block_number)


@ways
def test_the_event_says_how_it_ended(town: Town, given: Given, use_case: int, way: Way) -> None:
    receipt = way(town, given)

    assert events(receipt, ConsentRevoked) == [
        ConsentRevoked(given.consent.id, use_case, way.how, way.mandate)
    ]


@ways
def test_revocation_is_not_retroactive(town: Town, given: Given, way: Way) -> None:
    before = town.contracts.consents.consent(given.consent.id)

    receipt = way(town, given)

    assert town.contracts.consents.is_in_force(given.consent.id, block=receipt.block_number - 1)
    after = town.contracts.consents.consent(given.consent.id)
    assert after == before._replace(revoked_in=receipt.block_number)


@ways
def test_a_revoked_consent_cannot_be_granted_again(town: Town, given: Given, way: Way) -> None:
    way(town, given)
    since = ended_in(town, given)

    with refused("ConsentAlreadyRevoked", id=given.consent.id, revokedIn=since):
        grant_single(town, given)
    with refused("ConsentAlreadyRevoked", id=given.consent.id, revokedIn=since):
        call = town.contracts.consents.grant(given.terms, given.own, given.grant.countersignature)
        town.send(given.signer, call)
    receipt = town.send("relay", town.contracts.consents.grant_batch(given.terms, [given.grant]))
    assert events(receipt, Refused) == [Refused(given.consent.id, 0, Why.ALREADY_REVOKED)]
    assert not town.contracts.consents.is_in_force(given.consent.id)


@pytest.mark.parametrize("first", [BY_SIGNER, BY_CODE, BY_MANDATE], ids=repr)
@pytest.mark.parametrize("second", [BY_SIGNER, BY_SIGNATURE, BY_CODE], ids=repr)
def test_ending_it_twice_says_since_when_it_is_ended(
    town: Town, given: Given, first: Way, second: Way
) -> None:
    first(town, given)

    with refused("ConsentAlreadyRevoked", id=given.consent.id, revokedIn=ended_in(town, given)):
        second(town, given)


@ways
def test_an_expired_consent_can_still_be_ended(town: Town, given: Given, way: Way) -> None:
    town.pass_time(given.terms.valid_until - town.clock.now + 1)

    receipt = way(town, given)

    assert ended_in(town, given) == receipt.block_number


# It cannot be blocked


def paused(town: Town, given: Given) -> None:
    town.send("guardian", town.contracts.consents.pause())
    town.send("guardian", town.contracts.settlement.pause())


def use_case_closed(town: Town, given: Given) -> None:
    town.close(given.terms.use_case)


def notice_retired(town: Town, given: Given) -> None:
    town.send("otto", town.contracts.use_cases.retire_notice(given.terms.use_case, given.terms.statement))


def recipient_frozen(town: Town, given: Given) -> None:
    town.freeze("lab")


def registrar_replaced(town: Town, given: Given) -> None:
    town.replace_registrar(LocalSigner.fresh().address)


def registrar_dismissed(town: Town, given: Given) -> None:
    town.send("guardian", town.contracts.consents.dismiss_registrar())


@ways
@pytest.mark.parametrize(
    "trouble",
    [paused, use_case_closed, notice_retired, recipient_frozen, registrar_replaced, registrar_dismissed],
)
def test_nothing_that_happens_in_the_city_blocks_a_revocation(
    town: Town, given: Given, way: Way, trouble: Callable[[Town, Given], None]
) -> None:
    trouble(town, given)

    receipt = way(town, given)

    assert ended_in(town, given) == receipt.block_number


@pytest.mark.parametrize("way", [BY_SIGNER, BY_SIGNATURE, BY_CODE], ids=repr)
def test_a_closed_target_blocks_no_revocation_of_the_citizens_own(town: Town, given: Given, way: Way) -> None:
    """Administrators can close a contract for every role. A citizen's own ways need no role."""
    closing = town.contracts.access.set_target_closed(town.contracts.consents.address, True)
    town.send_later("admin", closing, 2)

    receipt = way(town, given)

    assert ended_in(town, given) == receipt.block_number


@pytest.mark.parametrize("way", [BY_SIGNER, BY_SIGNATURE, BY_CODE], ids=repr)
def test_revoking_reads_no_other_contract(town: Town, given: Given, way: Way) -> None:
    """A Consents contract whose city is not there: whatever revoking asked of another contract would revert."""
    nowhere = LocalSigner.fresh().address
    sender = DirectSender(town.node, LocalSigner.fresh())
    address = sender.deploy(artifact("Consents").creation_code(nowhere, nowhere))
    alone = Consents(address, town.node)
    domain = Domain("Stoa Consents", town.city.chain_id, address)
    id_ = alone.id_of(given.terms, given.own)
    calls = {
        How.SIGNER: (given.signer, alone.revoke(given.terms, given.own)),
        How.CODE: ("mallory", alone.revoke_by_code(given.terms, given.own, given.code.value)),
        How.SIGNATURE: (
            "mallory",
            alone.revoke_by_signature(given.terms, given.own, sign_revocation(domain, given.signer, id_)),
        ),
    }

    who, call = calls[way.how]
    receipt = town.send(who, call)

    assert alone.consent(id_).revoked_in == receipt.block_number


@ways
def test_a_revocation_before_its_grant_leaves_a_tombstone(town: Town, use_case: int, way: Way) -> None:
    given = town.consent(town.terms(use_case))

    receipt = way(town, given)

    assert events(receipt, ConsentRevoked) == [
        ConsentRevoked(given.consent.id, use_case, way.how, way.mandate)
    ]
    with refused("ConsentAlreadyRevoked", id=given.consent.id, revokedIn=receipt.block_number):
        grant_single(town, given)
    batch = town.send("relay", town.contracts.consents.grant_batch(given.terms, [given.grant]))
    assert events(batch, Refused) == [Refused(given.consent.id, 0, Why.ALREADY_REVOKED)]
    assert events(batch, ConsentGranted) == []
    assert not town.contracts.consents.is_in_force(given.consent.id)


@ways
def test_a_tombstone_needs_no_use_case(town: Town, use_case: int, way: Way) -> None:
    """Whatever the terms say: she signed them, so she can take them back."""
    given = town.consent(town.terms(use_case + 99, statement=b"\x01" * 32, scope=0, valid_until=1))

    receipt = way(town, given)

    assert ended_in(town, given) == receipt.block_number


def test_a_revocation_that_reaches_the_block_first_stops_the_grant_behind_it(
    town: Town, use_case: int
) -> None:
    given = town.consent(town.terms(use_case))
    consents = town.contracts.consents

    revocation, grant = town.send_together(
        ("mallory", consents.revoke_by_code(given.terms, given.own, given.code.value)),
        ("relay", consents.grant_by_signature(given.terms, given.grant)),
    )

    assert (revocation.succeeded, grant.succeeded) == (True, False)
    assert not consents.is_in_force(given.consent.id)


def test_a_consent_granted_and_ended_in_one_block_never_counted(town: Town, use_case: int) -> None:
    given = town.consent(town.terms(use_case))
    consents = town.contracts.consents

    town.send_together(
        ("relay", consents.grant_by_signature(given.terms, given.grant)),
        ("mallory", consents.revoke_by_code(given.terms, given.own, given.code.value)),
    )

    slot = consents.consent(given.consent.id)
    assert slot.granted_in == slot.revoked_in == town.node.head().number
    assert not consents.is_in_force(given.consent.id)


# Who cannot


def test_a_wrong_code_a_mistyped_code_and_a_second_use_are_three_different_refusals(
    town: Town, given: Given
) -> None:
    consents = town.contracts.consents
    wrong = RevocationCode.fresh()
    mistyped = given.code.value + 1

    with refused("WrongRevocationCode", id=given.consent.id):
        town.send("mallory", consents.revoke_by_code(given.terms, given.own, wrong.value))
    with refused("WrongCheckDigit", code=mistyped):
        town.send("mallory", consents.revoke_by_code(given.terms, given.own, mistyped))
    assert consents.is_in_force(given.consent.id)

    BY_CODE(town, given)
    with refused("ConsentAlreadyRevoked", id=given.consent.id, revokedIn=ended_in(town, given)):
        BY_CODE(town, given)


@pytest.mark.parametrize("code", [BASE**LENGTH, BASE**LENGTH * 2, 2**128 - 1])
def test_a_number_longer_than_twenty_characters_is_no_code(town: Town, given: Given, code: int) -> None:
    with refused("WrongCheckDigit", code=code):
        town.send("mallory", town.contracts.consents.revoke_by_code(given.terms, given.own, code))


def test_a_code_ends_one_consent_and_not_the_next_on_the_same_terms(town: Town, use_case: int) -> None:
    anna, bert = town.grant_many(town.terms(use_case), 2)

    with refused("WrongRevocationCode", id=bert.consent.id):
        call = town.contracts.consents.revoke_by_code(bert.terms, bert.own, anna.code.value)
        town.send("mallory", call)

    assert town.contracts.consents.is_in_force(bert.consent.id)


def test_altered_terms_end_another_consent_than_hers(town: Town, given: Given) -> None:
    """The digest vouches for the struct: with any other word in it, hers stays."""
    altered = given.terms._replace(scope=2)

    town.send("mallory", town.contracts.consents.revoke_by_code(altered, given.own, given.code.value))

    assert town.contracts.consents.is_in_force(given.consent.id)


@pytest.mark.parametrize("who", ["mallory", "otto", "registrar", "lab", "ombudsman"])
def test_only_the_signer_revokes_with_her_own_transaction(town: Town, given: Given, who: str) -> None:
    with refused("NotTheSigner", id=given.consent.id, caller=town.keys[who].address):
        town.send(who, town.contracts.consents.revoke(given.terms, given.own))


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_revocation_that_she_did_not_sign_is_refused(town: Town, given: Given, forgery: Forgery) -> None:
    digest = revocation_digest(town.city.domains.consents, given.consent.id)
    forged = forgery(given.signer, digest)

    with refused("WrongSigner", id=given.consent.id, recovered=recovered(digest, forged) or NOBODY):
        call = town.contracts.consents.revoke_by_signature(given.terms, given.own, forged)
        town.send("relay", call)


def test_the_signature_of_the_grant_does_not_revoke(town: Town, given: Given) -> None:
    digest = revocation_digest(town.city.domains.consents, given.consent.id)
    call = town.contracts.consents.revoke_by_signature(given.terms, given.own, given.grant.signature)

    with refused("WrongSigner", id=given.consent.id, recovered=recovered(digest, given.grant.signature)):
        town.send("mallory", call)


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"contract": NOBODY}])
def test_a_revocation_for_another_chain_or_contract_is_refused(
    town: Town, given: Given, change: dict[str, object]
) -> None:
    elsewhere = replace(town.city.domains.consents, **change)  # pyright: ignore[reportArgumentType]
    there = sign_revocation(elsewhere, given.signer, given.consent.id)
    digest = revocation_digest(town.city.domains.consents, given.consent.id)

    with refused("WrongSigner", id=given.consent.id, recovered=recovered(digest, there)):
        town.send("relay", town.contracts.consents.revoke_by_signature(given.terms, given.own, there))


def test_nobody_at_all_cannot_revoke(town: Town, given: Given) -> None:
    """An empty signature recovers to the zero address, which is nobody's signer."""
    own = given.own._replace(signer=NOBODY)
    id_ = town.contracts.consents.id_of(given.terms, own)
    call = town.contracts.consents.revoke_by_signature(given.terms, own, no_signature(given.signer, b""))

    with refused("WrongSigner", id=id_, recovered=NOBODY):
        town.send("mallory", call)


@pytest.mark.parametrize("who", ["mallory", "otto", "registrar", "lab", "guardian"])
def test_only_an_ombudsman_revokes_by_mandate(town: Town, given: Given, who: str) -> None:
    with refused("AccessManagedUnauthorized", caller=town.keys[who].address):
        call = town.contracts.consents.revoke_by_mandate(given.terms, [given.own], MANDATE)
        town.send(who, call)


def test_a_mandate_ends_several_and_leaves_out_who_is_ended_already(town: Town, use_case: int) -> None:
    terms = town.terms(use_case)
    anna, bert, cleo = town.grant_many(terms, 3)
    BY_CODE(town, bert)
    owns = [anna.own, bert.own, cleo.own, anna.own]

    receipt = town.send("ombudsman", town.contracts.consents.revoke_by_mandate(terms, owns, MANDATE))

    assert [event.id for event in events(receipt, ConsentRevoked)] == [anna.consent.id, cleo.consent.id]
    assert events(receipt, Refused) == [
        Refused(bert.consent.id, 1, Why.ALREADY_REVOKED),
        Refused(anna.consent.id, 3, Why.ALREADY_REVOKED),
    ]


def test_a_mandate_names_at_least_one_consent(town: Town, use_case: int) -> None:
    with refused("EmptyBatch"):
        call = town.contracts.consents.revoke_by_mandate(town.terms(use_case), [], MANDATE)
        town.send("ombudsman", call)


# Batches


def test_a_bad_member_of_a_batch_of_revocations_never_fails_the_others(town: Town, use_case: int) -> None:
    terms = town.terms(use_case)
    domain = town.city.domains.consents
    given = town.grant_many(terms, 8)
    by_code = [revocation_by_code(one.own, one.code) for one in given]
    members = [
        by_code[0],
        revocation_by_signature(given[1].own, sign_revocation(domain, given[1].signer, given[1].consent.id)),
        by_code[2]._replace(code=given[3].code.value),
        by_code[3]._replace(code=given[3].code.value + 1),
        revocation_by_signature(given[4].own, given[4].grant.signature),
        by_code[5],
        by_code[5],
        revocation_by_signature(given[6].own, no_signature(given[6].signer, b"")),
        by_code[7],
    ]

    receipt = town.send("mallory", town.contracts.consents.revoke_batch(terms, members))

    ended = [0, 1, 5, 7]
    assert [event.id for event in events(receipt, ConsentRevoked)] == [
        given[number].consent.id for number in ended
    ]
    assert [event.how for event in events(receipt, ConsentRevoked)] == [
        How.CODE,
        How.SIGNATURE,
        How.CODE,
        How.CODE,
    ]
    assert events(receipt, Refused) == [
        Refused(given[2].consent.id, 2, Why.WRONG_CODE),
        Refused(given[3].consent.id, 3, Why.WRONG_CHECK_DIGIT),
        Refused(given[4].consent.id, 4, Why.WRONG_SIGNER),
        Refused(given[5].consent.id, 6, Why.ALREADY_REVOKED),
        Refused(given[6].consent.id, 7, Why.WRONG_SIGNER),
    ]
    in_force = [town.contracts.consents.is_in_force(one.consent.id) for one in given]
    assert in_force == [number not in ended for number in range(8)]


def test_a_batch_of_revocations_leaves_tombstones_too(town: Town, use_case: int) -> None:
    given = town.consent(town.terms(use_case))
    members: list[Revocation] = [revocation_by_code(given.own, given.code)]

    receipt = town.send("relay", town.contracts.consents.revoke_batch(given.terms, members))

    assert events(receipt, ConsentRevoked) == [
        ConsentRevoked(given.consent.id, use_case, How.CODE, bytes(32))
    ]
    with refused("ConsentAlreadyRevoked", id=given.consent.id, revokedIn=receipt.block_number):
        grant_single(town, given)


def test_an_empty_batch_of_revocations_is_refused(town: Town, use_case: int) -> None:
    with refused("EmptyBatch"):
        town.send("relay", town.contracts.consents.revoke_batch(town.terms(use_case), []))
