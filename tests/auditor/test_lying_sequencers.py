"""Blocks that are sealed and hash as they must, and yet tell of what no contract would have done."""

from collections.abc import Callable

import pytest
from stoa_audit.report import Exit

from ledger import bindings as on_ledger
from ledger.digests import text_digest
from tests.auditor.bundles import Copy
from tests.auditor.conftest import Audit, Honest, named
from tests.auditor.forgery import Forgery
from tests.town import CREDIT, DAY, START

Lie = Callable[[Forgery], int]

MIDNIGHT = START // DAY * DAY


def word(kind: type[on_ledger.Event], nth: int, place: int, value: int | bytes) -> Lie:
    return lambda forgery: forgery.set_word(kind, nth, place, value)


def topic(kind: type[on_ledger.Event], nth: int, place: int, value: int | bytes) -> Lie:
    return lambda forgery: forgery.set_topic(kind, nth, place, value)


def repeated(kind: type[on_ledger.Event], nth: int = 0) -> Lie:
    return lambda forgery: forgery.repeat_event(kind, nth)


def dropped(kind: type[on_ledger.Event], nth: int = 0) -> Lie:
    return lambda forgery: forgery.drop_event(kind, nth)


def twice_the_same_line(forgery: Forgery) -> int:
    return forgery.repeat_event(on_ledger.Minted, 0)


def unknown_event(forgery: Forgery) -> int:
    return forgery.set_topic(on_ledger.TariffSet, 0, 0, b"\x77" * 32)


def shortened_event(forgery: Forgery) -> int:
    return forgery.change_event(on_ledger.Anchored, 0, lambda log: log.__setitem__(2, log[2][:31]))


Granted, Revoked = on_ledger.ConsentGranted, on_ledger.ConsentRevoked
Opened, Settled, Refunded = on_ledger.OrderOpened, on_ledger.OrderSettled, on_ledger.OrderRefunded
Bought, Issued = on_ledger.LicenceBought, on_ledger.LicenceIssued
MALLORY = bytes(12) + b"\x66" * 20

LIES: dict[str, tuple[Lie, str, str]] = {
    # Consents
    "a consent under an unpublished notice": (
        word(Granted, 0, 1, b"\x01" * 32),
        "consents.granted",
        "digest of its terms",
    ),
    "a consent for longer than signed": (
        word(Granted, 0, 5, MIDNIGHT + 60 * DAY),
        "consents.granted",
        "digest of its terms",
    ),
    "a consent with a scope that was not signed": (
        word(Granted, 0, 4, 1),
        "consents.granted",
        "digest of its terms",
    ),
    "a consent of another key": (word(Granted, 3, 7, MALLORY), "consents.granted", "digest of its terms"),
    "an objection that was a consent": (
        word(Granted, 2, 0, 1),
        "consents.granted",
        "not of the kind of its notice",
    ),
    "a consent of no use case": (
        topic(Granted, 0, 2, 99),
        "consents.granted",
        "names use case 99, which never was",
    ),
    "a consent granted twice": (repeated(Granted), "events.follow", "was granted before"),
    "a consent that came back after it was revoked": (
        lambda forgery: forgery.repeat_event(Granted, 1),
        "events.follow",
        "was granted before",
    ),
    "a code in place of a signature": (
        word(Revoked, 1, 0, 2),
        "consents.ended",
        "by a call of revokeBySignature",
    ),
    "a mandate in place of a signer": (
        word(Revoked, 0, 0, 3),
        "consents.ended",
        "in the way 3 by a call of revoke",
    ),
    "a mandate that nobody named": (
        word(Revoked, 3, 1, 0),
        "consents.ended",
        "by a mandate that nobody named",
    ),
    "a consent revoked twice": (repeated(Revoked), "events.follow", "was revoked twice"),
    "a revocation that was left out": (dropped(Revoked, 2), "orders.cohort", "consents were in force"),
    "a grant that was left out": (dropped(Granted, 4), "orders.cohort", "consents were in force"),
    # Orders and licences
    "an order at a tariff not in force": (
        word(Opened, 0, 0, 1),
        "orders.opened",
        "tariff 1, which was not in force",
    ),
    "a smaller cap than was paid": (
        word(Opened, 0, 2, 11 * CREDIT),
        "orders.paid",
        "was not paid by its buyer",
    ),
    "another discount than the licence has": (word(Opened, 0, 4, 500), "orders.opened", "another discount"),
    "an order of another buyer": (topic(Opened, 0, 3, MALLORY), "orders.opened", "who is not the applicant"),
    "an order that was opened twice": (repeated(Opened), "events.follow", "was opened twice"),
    "another deadline than was quoted": (
        word(Opened, 0, 3, START + 1),
        "orders.paid",
        "was not paid by its buyer",
    ),
    "an order opened after its deadline": (word(Opened, 1, 3, START), "orders.opened", "its own deadline"),
    "an order settled after its deadline": (
        lambda forgery: forgery.set_word(Opened, 1, 3, START + 10) and forgery.set_word(Settled, 1, 1, 1),
        "orders.ended",
        "was settled at or after its deadline",
    ),
    "a charge too high": (word(Settled, 0, 0, 11 * CREDIT), "orders.charged", "was charged 11000000"),
    "a charge too low": (word(Settled, 1, 0, 1), "orders.charged", "was charged 1,"),
    "a charge above the cap": (word(Settled, 0, 0, 13 * CREDIT), "events.follow", "charged above its cap"),
    "more units than charged": (word(Settled, 0, 1, 2), "orders.charged", "2 units at 9999999"),
    "another cohort root": (word(Settled, 0, 5, b"\x05" * 32), "orders.cohort", "names another root"),
    "another cohort size": (word(Settled, 1, 6, 13), "orders.cohort", "names a cohort of 13"),
    "consents read before the order": (
        word(Settled, 1, 4, 70),
        "orders.cohort",
        "not between its opening and",
    ),
    "consents read after the settlement": (
        word(Settled, 0, 4, 140),
        "orders.cohort",
        "not between its opening and",
    ),
    "a cohort where nobody was asked": (word(Settled, 2, 6, 5), "orders.cohort", "not about persons"),
    "another result": (word(Settled, 0, 2, b"\x05" * 32), "orders.statement", "about another result"),
    "another manifest": (word(Settled, 0, 3, b"\x05" * 32), "orders.statement", "says manifest"),
    "an order settled twice": (repeated(Settled), "events.follow", "ended twice"),
    "a settlement of no order": (
        topic(Settled, 0, 1, b"\x05" * 32),
        "events.follow",
        "ended without being opened",
    ),
    "a refund of less": (word(Refunded, 0, 0, 1), "orders.ended", "got 1 back of 12000000"),
    "a refund before its time": (
        word(Refunded, 0, 1, 0),
        "orders.ended",
        "before its deadline without a reason",
    ),
    "a licence at another price": (
        word(Bought, 0, 0, 1),
        "licences.bought",
        "cost 1, the tariff says 100000000",
    ),
    "a licence of another tariff": (
        topic(Bought, 0, 3, 1),
        "licences.bought",
        "tariff 1, which was not in force",
    ),
    "a licence that lasts too long": (
        word(Issued, 0, 0, START + 900 * DAY),
        "licences.bought",
        "lasts longer",
    ),
    "a licence with a larger quota": (word(Issued, 0, 1, 999), "licences.bought", "another quota"),
    "a licence on other terms": (word(Issued, 0, 3, b"\x05" * 32), "licences.bought", "has other terms"),
    "another quote than was paid": (
        word(Bought, 1, 1, b"\x05" * 32),
        "licences.paid",
        "was not paid by its buyer",
    ),
    # Money
    "money from nowhere": (
        word(on_ledger.Transfer, 0, 0, 20_000 * CREDIT),
        "money.conserved",
        "are in circulation",
    ),
    "a bank statement line used twice": (twice_the_same_line, "events.follow", "was used twice"),
    "an escrow that never arrived": (dropped(on_ledger.Transfer, 3), "money.covered", "Settlement holds"),
    "a party paid more than its part": (
        word(on_ledger.ShareWithdrawn, 0, 0, 1),
        "money.split",
        "was paid 1,",
    ),
    "a part paid to a stranger": (topic(on_ledger.ShareWithdrawn, 1, 3, MALLORY), "money.split", "was paid"),
    "more withdrawn than credited": (
        word(on_ledger.Withdrawn, 0, 0, 10**15),
        "events.follow",
        "more than its credit",
    ),
    # Acts and forms
    "an organisation of another class": (
        word(on_ledger.ParticipantJoined, 1, 0, 5),
        "acts.signed",
        "is not what",
    ),
    "a version with another root": (
        word(on_ledger.VersionPublished, 0, 0, b"\x05" * 32),
        "acts.signed",
        "is not what",
    ),
    "a dataset with another description": (
        word(on_ledger.DatasetRegistered, 0, 3, b"\x05" * 32),
        "acts.signed",
        "DatasetRegistered is not what",
    ),
    "an application with another minimum": (
        word(on_ledger.UseCaseApplied, 0, 7, 6),
        "acts.signed",
        "UseCaseApplied",
    ),
    "a decision by somebody else": (
        word(on_ledger.UseCaseDecided, 0, 7, MALLORY),
        "acts.persons",
        "names 0x6666",
    ),
    "one person in the place of two": (
        word(on_ledger.UseCaseDecided, 2, 8, MALLORY),
        "acts.persons",
        "names 0x6666",
    ),
    "a decision that loosens": (word(on_ledger.UseCaseDecided, 0, 1, 1), "events.follow", "loosens"),
    "an operator that never was": (
        topic(on_ledger.RoleGranted, 2, 2, MALLORY),
        "acts.powers",
        "without holding role 1",
    ),
    "a settler that never was": (topic(on_ledger.SettlerSet, 0, 1, MALLORY), "acts.powers", "is no settler"),
    "an authority other than the city's": (
        word(on_ledger.AuthorityUpdated, 3, 0, MALLORY),
        "events.follow",
        "instead of CityAccess",
    ),
    "an erased leaf that was not in its version": (
        word(on_ledger.LeafErased, 0, 1, b"\x05" * 32),
        "datasets.erased",
        "leaf 2 is not in version 1",
    ),
    "an admission of nobody": (
        topic(on_ledger.ParticipantAdmitted, 1, 1, 99),
        "events.follow",
        "99 never joined",
    ),
    "a log anchored with another root": (
        word(on_ledger.Anchored, 0, 0, b"\x05" * 32),
        "journal.roots",
        "another root",
    ),
    "an anchor that shrinks": (topic(on_ledger.Anchored, 1, 1, 1), "events.follow", "does not grow"),
    # Events
    "an event that no contract has": (unknown_event, "events.known", "its ABI does not have"),
    "an event cut short": (shortened_event, "events.known", "INVALID: a word is missing"),
    "an address with more than 20 bytes": (
        word(Granted, 0, 7, b"\x01" * 32),
        "events.known",
        "longer than 20 bytes",
    ),
    "a truth value of 2": (word(Granted, 0, 0, 2), "events.known", "neither 0 nor 1"),
    "a number that does not fit": (word(Opened, 0, 2, 2**64), "events.known", "does not fit uint64"),
}

LATER = {"an operator that never was", "a settler that never was"}
"""Lies that show at the first act of whoever was left out."""
OF_A_NEW_GENESIS = {"orders.statement", "projection.applied_blocks", "projection.followed_ledger"}
"""A new genesis is a new city file, which statements and the database name by its digest."""


def test_a_history_sealed_anew_without_a_lie_is_another_city_and_nothing_else(
    copy: Copy, audit: Audit
) -> None:
    Forgery(copy).seal()

    report = audit(copy.folder)

    assert {check.id for check in report.findings} == OF_A_NEW_GENESIS
    assert "says city" in str(report["orders.statement"].finding)


@pytest.mark.parametrize("kind", LIES)
def test_a_lie_in_a_sealed_block_is_named_with_its_block(kind: str, copy: Copy, audit: Audit) -> None:
    lie, check, fragment = LIES[kind]
    forgery = Forgery(copy)
    block = lie(forgery)
    forgery.seal()

    report = audit(copy.folder)

    assert named(report, check, fragment)
    finding = report[check].finding
    assert finding is not None
    if check not in {"orders.cohort", "orders.statement"} and kind not in LATER:
        assert f"block {block}" in finding.place
    assert report["chain.seals"].finding is None
    assert report["chain.receipts"].finding is None


def test_a_citizens_signature_that_is_not_hers_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    signature = honest.happened.given[7].grant.signature
    forgery = Forgery(copy)
    block = forgery.replace_in_transaction(signature.r, b"\x55" * 32)
    forgery.seal()

    report = audit(copy.folder)

    assert named(report, "consents.signed", f"block {block}")
    assert honest.happened.given[7].consent.id.hex() in str(report["consents.signed"].finding)
    assert report["consents.countersigned"].finding is None


def test_a_missing_countersignature_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    signature = honest.happened.given[2].grant.countersignature
    forgery = Forgery(copy)
    forgery.replace_in_transaction(signature.r, bytes(32))
    forgery.seal()

    report = audit(copy.folder)

    assert named(report, "consents.countersigned", "was countersigned by nobody")
    assert report["consents.signed"].finding is None


def test_a_buyers_payment_signed_by_somebody_else_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    quote = honest.desk.quotes[honest.happened.settled]
    forgery = Forgery(copy)
    forgery.replace_in_transaction(quote.salt, b"\x55" * 32)
    forgery.seal()

    assert named(audit(copy.folder), "orders.paid", "was not paid by its buyer for this very order")


def test_a_code_that_is_not_the_consents_own_is_named(honest: Honest, copy: Copy, audit: Audit) -> None:
    assert honest.happened.revoked is not None
    code = honest.happened.revoked.code.value.to_bytes(32, "big")
    other = honest.happened.given[8].code.value.to_bytes(32, "big")
    forgery = Forgery(copy)
    forgery.replace_in_transaction(code, other)
    forgery.seal()

    assert named(audit(copy.folder), "consents.ended", "a code that is not its own")


def test_when_events_cannot_be_followed_nothing_that_builds_on_them_is_called_good(
    copy: Copy, audit: Audit
) -> None:
    forgery = Forgery(copy)
    forgery.repeat_event(Settled, 0)
    forgery.seal()

    report = audit(copy.folder)

    good = {check.id for check in report.checks.values() if check.status == "holds"}
    assert good == {"bundle.files", "city.file", "documents.digests"}
    assert report.exit is Exit.WRONG


def test_the_names_in_this_file_are_what_the_honest_city_says(honest: Honest) -> None:
    """The statement's digest that Anna signed is that of the text in the bundle."""
    digest = honest.happened.given[0].terms.statement
    text = (honest.bundle / "documents" / "keccak256" / digest.hex()).read_text()
    assert text_digest(text) == digest
