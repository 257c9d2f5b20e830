"""Granting a consent, by raw transaction.

Consents.grant · grantBySignature · grantBatch
├── given the terms are wrong for everybody under them
│   ├── it refuses an altered sentence, a retired notice, another recipient, another date, another scope
│   ├── it refuses an end that is past, not midnight, or later than the city allows
│   ├── it refuses after the deadline, and takes the deadline's own second
│   └── it refuses when grants are paused, the use case is not open, or its applicant is frozen
├── given the citizen's half is wrong
│   ├── it refuses a second use, by any door
│   ├── it refuses a signature that is stolen, malleable, empty, for another chain or another contract
│   └── it refuses a direct grant of another account than the signer's
├── given the registrar did not vouch
│   └── it refuses a countersignature that is missing, a stranger's, a former registrar's, or for another consent
├── when a batch holds good and bad members
│   └── it writes the good ones and names the bad ones
└── otherwise
    └── the consent counts from its own block until the second before its end
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

import pytest

from ledger.bindings import ConsentGranted, Grant, Refused, Source, Terms
from ledger.consents import countersign, grant_of, sign_consent
from ledger.digests import text_digest
from ledger.enums import Class, Ground, NoticeKind, UseCaseState, Why
from ledger.keys import LocalSigner
from ledger.node import Receipt
from ledger.revocation_code import RevocationCode
from ledger.typed_data import Domain, countersignature_digest, last_day, recovered
from tests.contracts.refusals import FORGERIES, NOBODY, Forgery, no_signature, refused
from tests.town import DAY, STATEMENT, Given, Town, events

Door = Callable[[Town, Given], Receipt]


def relayed(town: Town, given: Given) -> Receipt:
    return town.send("relay", town.contracts.consents.grant_by_signature(given.terms, given.grant))


def direct(town: Town, given: Given) -> Receipt:
    call = town.contracts.consents.grant(given.terms, given.own, given.grant.countersignature)
    return town.send(given.signer, call)


def batched(town: Town, given: Given) -> Receipt:
    return town.send("relay", town.contracts.consents.grant_batch(given.terms, [given.grant]))


doors = pytest.mark.parametrize("door", [relayed, direct, batched])


@pytest.fixture(scope="module")
def use_case(founded_town: Town) -> Generator[int]:
    with founded_town.rewinding():
        yield founded_town.open_use_case()


def midnight(town: Town) -> int:
    return town.clock.now // DAY * DAY


def ending(town: Town, use_case: int, valid_until: int) -> Terms:
    """Terms that end then, with the date that belongs to it."""
    until = text_digest(last_day(valid_until))
    return town.terms(use_case, valid_until=valid_until, until=until)


# A consent that is as it should be


@doors
def test_a_consent_counts_from_its_own_block(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))

    receipt = door(town, given)

    slot = town.contracts.consents.consent(given.consent.id)
    assert (slot.use_case, slot.scope, slot.valid_until) == (use_case, 1, given.terms.valid_until)
    assert (slot.granted_in, slot.revoked_in, slot.objection) == (receipt.block_number, 0, False)
    assert town.contracts.consents.is_in_force(given.consent.id, block=receipt.block_number)


@doors
def test_a_consent_is_never_retroactive(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    town.pass_time(300)

    receipt = door(town, given)

    assert not town.contracts.consents.is_in_force(given.consent.id, block=receipt.block_number - 1)
    assert town.contracts.consents.consent(given.consent.id).granted_in == receipt.block_number


@doors
def test_the_event_carries_every_field_that_was_signed(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))

    receipt = door(town, given)

    assert events(receipt, ConsentGranted) == [
        ConsentGranted(
            id=given.consent.id,
            use_case=use_case,
            revocation_hash=given.code.hash,
            objection=False,
            statement=given.terms.statement,
            recipient=given.terms.recipient,
            until=given.terms.until,
            scope=given.terms.scope,
            valid_until=given.terms.valid_until,
            deadline=given.terms.deadline,
            signer=given.signer.address,
            commitment=given.own.commitment,
        )
    ]


def test_a_consent_holds_until_the_second_before_its_end(town: Town, use_case: int) -> None:
    given = town.grant(ending(town, use_case, midnight(town) + DAY))
    town.pass_time(given.terms.valid_until - town.clock.now - 1)
    assert town.contracts.consents.is_in_force(given.consent.id)

    town.pass_time(1)

    assert not town.contracts.consents.is_in_force(given.consent.id)


def test_an_unknown_consent_is_not_in_force(town: Town) -> None:
    assert not town.contracts.consents.is_in_force(b"\x07" * 32)


def test_anyone_may_carry_a_signed_consent(town: Town, use_case: int) -> None:
    given = town.consent(town.terms(use_case))

    town.send("mallory", town.contracts.consents.grant_by_signature(given.terms, given.grant))

    assert town.contracts.consents.is_in_force(given.consent.id)


def test_the_answer_to_a_notice_of_objection_is_kept_as_an_objection(town: Town) -> None:
    town.join("clinic", Class.PUBLIC_SERVICE)
    use_case = town.apply("clinic", [Source(town.dataset(), Ground.PUBLIC_TASK, False)])
    town.allow(use_case)
    town.send(
        "otto",
        town.contracts.use_cases.publish_notice(use_case, town.notice_of(kind=NoticeKind.OBJECTION)),
    )

    given = town.grant(town.terms(use_case, recipient="clinic"))

    assert town.contracts.consents.consent(given.consent.id).objection


# Terms that are wrong for everybody under them


@doors
def test_an_altered_sentence_is_refused(town: Town, use_case: int, door: Door) -> None:
    altered = text_digest(STATEMENT.replace("age group", "name"))
    given = town.consent(town.terms(use_case, statement=altered))

    with refused("NoticeNotPublished", id=use_case, statement=altered):
        door(town, given)


@doors
def test_a_retired_notice_is_refused(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    town.send("otto", town.contracts.use_cases.retire_notice(use_case, given.terms.statement))

    with refused("NoticeIsRetired", id=use_case, statement=given.terms.statement):
        door(town, given)


@doors
def test_the_notice_of_another_use_case_is_refused(town: Town, use_case: int, door: Door) -> None:
    other = town.apply("lab", [Source(town.dataset(), Ground.CONSENT, False)])
    town.allow(other)
    given = town.consent(town.terms(other))

    with refused("NoticeNotPublished", id=other, statement=given.terms.statement):
        door(town, given)


@doors
def test_another_recipient_is_refused(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case, recipient="clinic"))

    with refused("WrongRecipient", id=use_case, recipient=text_digest("clinic"), expected=text_digest("lab")):
        door(town, given)


@doors
@pytest.mark.parametrize("scope", [0, 2, 3, 65_535])
def test_another_scope_than_the_notice_speaks_of_is_refused(
    town: Town, use_case: int, door: Door, scope: int
) -> None:
    given = town.consent(town.terms(use_case, scope=scope))

    with refused("WrongScope", id=use_case, scope=scope, published=1):
        door(town, given)


@doors
@pytest.mark.parametrize("shift", [-DAY, DAY])
def test_a_date_that_is_not_the_last_full_day_is_refused(
    town: Town, use_case: int, door: Door, shift: int
) -> None:
    terms = town.terms(use_case)
    shown = text_digest(last_day(terms.valid_until + shift))
    given = town.consent(terms._replace(until=shown))

    with refused("WrongUntil", until=shown, expected=text_digest(last_day(terms.valid_until))):
        door(town, given)


@doors
@pytest.mark.parametrize("seconds", [-1, 1, DAY // 2])
def test_an_end_that_is_not_midnight_is_refused(town: Town, use_case: int, door: Door, seconds: int) -> None:
    valid_until = midnight(town) + 30 * DAY + seconds
    given = town.consent(ending(town, use_case, valid_until))

    with refused("NotMidnight", validUntil=valid_until):
        door(town, given)


@doors
def test_an_end_that_is_now_is_refused(town: Town, use_case: int, door: Door) -> None:
    town.pass_time(midnight(town) + DAY - town.clock.now)
    given = town.consent(ending(town, use_case, town.clock.now))

    with refused("AlreadyEnded", validUntil=town.clock.now, now_=town.clock.now):
        door(town, given)


@doors
def test_an_end_at_the_longest_duration_is_taken_and_a_day_later_refused(
    town: Town, use_case: int, door: Door
) -> None:
    town.pass_time(midnight(town) + DAY - town.clock.now)
    latest = town.clock.now + 90 * DAY

    with refused("LongerThanAllowed", validUntil=latest + DAY, latest=latest):
        door(town, town.consent(ending(town, use_case, latest + DAY)))

    given = town.consent(ending(town, use_case, latest))
    door(town, given)
    assert town.contracts.consents.is_in_force(given.consent.id)


@doors
def test_the_deadlines_own_second_is_in_time_and_the_next_is_not(
    town: Town, use_case: int, door: Door
) -> None:
    early, late = (town.consent(town.terms(use_case)) for _ in range(2))
    deadline = early.terms.deadline
    town.pass_time(deadline - town.clock.now)
    door(town, early)
    town.pass_time(1)

    with refused("DeadlinePassed", deadline=deadline, now_=deadline + 1):
        door(town, late)


@doors
def test_paused_grants_are_refused_until_an_administrator_resumes_them(
    town: Town, use_case: int, door: Door
) -> None:
    given = town.consent(town.terms(use_case))
    town.send("guardian", town.contracts.consents.pause())

    with refused("GrantsPaused"):
        door(town, given)

    town.send_later("admin", town.contracts.consents.unpause(), 2)
    door(town, given)
    assert town.contracts.consents.is_in_force(given.consent.id)


@doors
def test_an_unknown_use_case_takes_no_consent(town: Town, use_case: int, door: Door) -> None:
    with refused("UnknownUseCase", id=use_case + 1):
        door(town, town.consent(town.terms(use_case + 1)))


@doors
def test_a_use_case_that_is_not_decided_takes_no_consent(town: Town, use_case: int, door: Door) -> None:
    undecided = town.apply("lab", [Source(town.dataset(), Ground.CONSENT, False)])

    with refused("WrongUseCaseState", id=undecided, state=UseCaseState.APPLIED):
        door(town, town.consent(town.terms(undecided)))


@doors
def test_a_denied_use_case_takes_no_consent(town: Town, use_case: int, door: Door) -> None:
    denied = town.apply("lab", [Source(town.dataset(), Ground.CONSENT, False)])
    town.send("otto", town.contracts.use_cases.decide(denied, town.decision(allowed=False)))

    with refused("WrongUseCaseState", id=denied, state=UseCaseState.DENIED):
        door(town, town.consent(town.terms(denied)))


@doors
def test_a_closed_use_case_takes_no_consent(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    town.close(use_case)

    with refused("WrongUseCaseState", id=use_case, state=UseCaseState.CLOSED):
        door(town, given)


@doors
def test_a_frozen_applicant_gets_no_consent(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    town.freeze("lab")

    with refused("ApplicantFrozen", applicant=town.numbers["lab"]):
        door(town, given)


@doors
def test_what_was_signed_for_one_use_case_is_no_consent_to_a_changed_one(
    town: Town, use_case: int, door: Door
) -> None:
    given = town.consent(town.terms(use_case))
    changed = town.apply("lab", [Source(town.dataset(), Ground.CONSENT, False)], routine=b"\x77" * 32)
    town.allow(changed)
    town.notice(changed)
    carried_over = replace(given, consent=replace(given.consent, terms=town.terms(changed)))

    if door is direct:  # her own transaction needs no signature: the registrar's word is missing
        leaves_out(town, carried_over, door, "CountersignatureForeign", Why.COUNTERSIGNATURE_FOREIGN)
    else:
        leaves_out(town, carried_over, door, "WrongSigner", Why.WRONG_SIGNER)


# The citizen's half


@doors
@pytest.mark.parametrize("first", [relayed, direct, batched])
def test_a_second_use_is_refused_by_every_door(town: Town, use_case: int, first: Door, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    first(town, given)

    leaves_out(town, given, door, "ConsentExists", Why.ALREADY_USED)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_the_citizen_did_not_sign_is_refused(town: Town, use_case: int, forgery: Forgery) -> None:
    given = town.consent(town.terms(use_case))
    forged = forgery(given.signer, given.consent.id)
    grant = given.grant._replace(signature=forged)
    seen = recovered(given.consent.id, forged) or NOBODY

    with refused("WrongSigner", id=given.consent.id, recovered=seen):
        town.send("relay", town.contracts.consents.grant_by_signature(given.terms, grant))
    receipt = town.send("relay", town.contracts.consents.grant_batch(given.terms, [grant]))
    assert events(receipt, Refused) == [Refused(given.consent.id, 0, Why.WRONG_SIGNER)]
    assert not town.contracts.consents.is_in_force(given.consent.id)


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"contract": "0x" + "11" * 20}, {"version": "2"}])
def test_a_signature_for_another_chain_or_contract_is_refused(
    town: Town, use_case: int, change: Mapping[str, object]
) -> None:
    elsewhere = replace(town.city.domains.consents, **change)  # pyright: ignore[reportArgumentType]
    given = town.consent(town.terms(use_case))
    there = sign_consent(
        elsewhere, given.signer, given.terms, commitment=given.own.commitment, code=given.code
    )
    grant = given.grant._replace(signature=there.signature)
    seen = recovered(given.consent.id, there.signature)

    with refused("WrongSigner", id=given.consent.id, recovered=seen):
        town.send("relay", town.contracts.consents.grant_by_signature(given.terms, grant))


def test_nobody_at_all_is_no_signer(town: Town, use_case: int) -> None:
    given = town.consent(town.terms(use_case))
    own = given.own._replace(signer=NOBODY)
    grant = Grant(own, no_signature(given.signer, b""), given.grant.countersignature)
    id_ = town.contracts.consents.id_of(given.terms, own)

    with refused("WrongSigner", id=id_, recovered=NOBODY):
        town.send("relay", town.contracts.consents.grant_by_signature(given.terms, grant))


def test_a_direct_grant_is_the_signers_own(town: Town, use_case: int) -> None:
    given = town.consent(town.terms(use_case))
    call = town.contracts.consents.grant(given.terms, given.own, given.grant.countersignature)

    with refused("NotTheSigner", id=given.consent.id, caller=town.keys["mallory"].address):
        town.send("mallory", call)


def test_a_direct_grant_of_a_key_that_the_registrar_does_not_know_is_refused(
    town: Town, use_case: int
) -> None:
    mallory = town.keys["mallory"]
    terms = town.terms(use_case)
    consent = sign_consent(
        town.city.domains.consents, mallory, terms, commitment=b"\x09" * 32, code=RevocationCode.fresh()
    )
    by_herself = countersign(town.city.domains.consents, mallory, consent)

    with refused("CountersignatureMissing", id=consent.id):
        town.send(mallory, town.contracts.consents.grant(terms, consent.own, no_signature(mallory, b"")))
    with refused("CountersignatureForeign", id=consent.id, recovered=mallory.address):
        town.send(mallory, town.contracts.consents.grant(terms, consent.own, by_herself))


# The registrar's word


@doors
def test_a_missing_countersignature_is_refused(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    bare = replace(given, grant=given.grant._replace(countersignature=no_signature(given.signer, b"")))

    leaves_out(town, bare, door, "CountersignatureMissing", Why.COUNTERSIGNATURE_MISSING)


@doors
@pytest.mark.parametrize("forgery", FORGERIES[1:])
def test_a_countersignature_that_is_not_the_registrars_is_refused(
    town: Town, use_case: int, door: Door, forgery: Forgery
) -> None:
    given = town.consent(town.terms(use_case))
    forged = forgery(town.keys["registrar"], countersignature_of(town, given))
    foreign = replace(given, grant=given.grant._replace(countersignature=forged))

    leaves_out(town, foreign, door, "CountersignatureForeign", Why.COUNTERSIGNATURE_FOREIGN)


@doors
def test_a_countersignature_is_for_one_consent_and_cannot_be_repeated(
    town: Town, use_case: int, door: Door
) -> None:
    """Also not for the same person and commitment: her second consent needs a second look of the registrar."""
    terms = town.terms(use_case)
    first = town.grant(terms)
    again = sign_consent(
        town.city.domains.consents,
        first.signer,
        terms,
        commitment=first.own.commitment,
        code=RevocationCode.fresh(),
    )
    repeated = replace(first, consent=again, grant=grant_of(again, first.grant.countersignature))

    leaves_out(town, repeated, door, "CountersignatureForeign", Why.COUNTERSIGNATURE_FOREIGN)


@doors
def test_a_former_registrar_no_longer_vouches(town: Town, use_case: int, door: Door) -> None:
    given = town.consent(town.terms(use_case))
    town.replace_registrar(LocalSigner.fresh().address)

    leaves_out(town, given, door, "CountersignatureForeign", Why.COUNTERSIGNATURE_FOREIGN)


@doors
def test_without_a_registrar_nobody_vouches(town: Town, use_case: int, door: Door) -> None:
    """A signature that recovers to nobody must not pass for a registrar who is nobody."""
    given = town.consent(town.terms(use_case))
    broken = given.grant.countersignature._replace(vs=b"\x7f" + b"\xff" * 31)
    given = replace(given, grant=given.grant._replace(countersignature=broken))
    town.send("guardian", town.contracts.consents.dismiss_registrar())

    leaves_out(town, given, door, "CountersignatureForeign", Why.COUNTERSIGNATURE_FOREIGN)


# Batches


def test_a_bad_member_of_a_batch_never_fails_the_others(town: Town, use_case: int) -> None:
    terms = town.terms(use_case)
    given = [town.consent(terms) for _ in range(10)]
    grants = [one.grant for one in given]
    grants[3] = grants[3]._replace(signature=grants[4].signature)  # stolen
    grants[7] = grants[6]  # repeated

    receipt = town.send("relay", town.contracts.consents.grant_batch(terms, grants))

    assert events(receipt, Refused) == [
        Refused(given[3].consent.id, 3, Why.WRONG_SIGNER),
        Refused(given[6].consent.id, 7, Why.ALREADY_USED),
    ]
    good = [one.consent.id for number, one in enumerate(given) if number not in {3, 7}]
    assert [event.id for event in events(receipt, ConsentGranted)] == good
    assert all(town.contracts.consents.is_in_force(id_) for id_ in good)
    assert not town.contracts.consents.is_in_force(given[3].consent.id)


def test_a_batch_names_each_reason_for_leaving_somebody_out(town: Town, use_case: int) -> None:
    terms = town.terms(use_case)
    used = town.grant(terms)
    ended, stolen, bare, foreign, good = (town.consent(terms) for _ in range(5))
    town.send(ended.signer, town.contracts.consents.revoke(terms, ended.own))
    grants = [
        used.grant,
        ended.grant,
        stolen.grant._replace(signature=good.grant.signature),
        bare.grant._replace(countersignature=no_signature(bare.signer, b"")),
        foreign.grant._replace(countersignature=good.grant.countersignature),
        good.grant,
    ]

    receipt = town.send("relay", town.contracts.consents.grant_batch(terms, grants))

    assert events(receipt, Refused) == [
        Refused(used.consent.id, 0, Why.ALREADY_USED),
        Refused(ended.consent.id, 1, Why.ALREADY_REVOKED),
        Refused(stolen.consent.id, 2, Why.WRONG_SIGNER),
        Refused(bare.consent.id, 3, Why.COUNTERSIGNATURE_MISSING),
        Refused(foreign.consent.id, 4, Why.COUNTERSIGNATURE_FOREIGN),
    ]
    assert [event.id for event in events(receipt, ConsentGranted)] == [good.consent.id]


def test_an_empty_batch_is_refused(town: Town, use_case: int) -> None:
    with refused("EmptyBatch"):
        town.send("relay", town.contracts.consents.grant_batch(town.terms(use_case), []))


def leaves_out(town: Town, given: Given, door: Door, name: str, why: Why) -> None:
    """By `name` when it comes alone, by `why` when it is the member of a batch."""
    id_ = id_of(town, given)
    if door is batched:
        receipt = door(town, given)
        assert events(receipt, Refused) == [Refused(id_, 0, why)]
        assert events(receipt, ConsentGranted) == []
        return
    values: dict[str, object] = {"id": id_}
    if name == "WrongSigner":
        values["recovered"] = recovered(id_, given.grant.signature)
    if name == "CountersignatureForeign":
        digest = countersignature_of(town, given)
        values["recovered"] = recovered(digest, given.grant.countersignature) or NOBODY
    with refused(name, values):
        door(town, given)


def id_of(town: Town, given: Given) -> bytes:
    return town.contracts.consents.id_of(given.terms, given.grant.own)


def countersignature_of(town: Town, given: Given) -> bytes:
    """The digest that the registrar would have to sign for this grant."""
    domain: Domain = town.city.domains.consents
    return countersignature_digest(domain, given.terms.use_case, given.own.commitment, id_of(town, given))
