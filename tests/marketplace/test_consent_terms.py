"""What is signed is what a citizen may be asked now: anything else is refused before it is queued."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.bindings import Grant, Terms
from ledger.digests import text_digest
from ledger.enums import Class
from marketplace.consent import service as consents
from marketplace.consent.queries import count_in_force
from marketplace.consent.service import (
    Member,
    UseCaseNotOpenError,
    Whose,
    WrongConsentSignatureError,
    WrongTermsError,
    offered_terms,
    require_terms,
)
from marketplace.provenance.queries import head
from tests import small_city
from tests.marketplace.headcount import HOW_MANY
from tests.office import Office
from tests.town import DAY

ANNA = Whose("person", "1", bytes(32))


@pytest.fixture
def use_case(office: Office, tmp_path: Path) -> int:
    persons = small_city.write_persons(tmp_path / "p.csv", 2)
    office.dataset(small_city.document(small_city.PERSONS), persons)
    office.join("lab", Class.COMMERCIAL)
    number = office.apply("lab", HOW_MANY, longest_days=90)
    office.allow(number)
    return number


def offered(office: Office, use_case: int, until: int | None = None) -> Terms:
    with office.house.database.reading() as session:
        return offered_terms(session, use_case, language="en", valid_until=until)[0]


def require(office: Office, terms: Terms) -> None:
    with office.house.database.reading() as session:
        require_terms(session, terms)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda terms: terms._replace(statement=text_digest("I allow everything.")), "sentence is none"),
        (lambda terms: terms._replace(scope=3), "sentence is none"),
        (lambda terms: terms._replace(recipient=text_digest("Mallory")), "not what the sentence says"),
        (lambda terms: terms._replace(valid_until=terms.valid_until - DAY), "not what the sentence says"),
    ],
)
def test_terms_are_those_of_the_published_sentence(
    office: Office, use_case: int, change: Callable[[Terms], Terms], says: str
) -> None:
    terms = offered(office, use_case)
    require(office, terms)
    with pytest.raises(WrongTermsError, match=says):
        require(office, change(terms))


@pytest.mark.parametrize("days", [-89, 0])
def test_a_consent_may_end_with_any_day_up_to_the_latest(office: Office, use_case: int, days: int) -> None:
    latest = offered(office, use_case).valid_until
    require(office, offered(office, use_case, latest + days * DAY))


@pytest.mark.parametrize("seconds", [DAY, -1, -91 * DAY], ids=["later", "within a day", "past"])
def test_a_consent_ends_with_no_other_instant(office: Office, use_case: int, seconds: int) -> None:
    latest = offered(office, use_case).valid_until
    with pytest.raises(WrongTermsError, match="ends with a day"):
        require(office, offered(office, use_case, latest + seconds))


def test_what_was_signed_too_long_ago_is_read_again(office: Office, use_case: int) -> None:
    terms = offered(office, use_case)
    office.town.pass_time(terms.deadline - office.town.clock.now)
    office.pump()
    require(office, terms)
    office.town.pass_time(1)
    office.pump()
    with pytest.raises(WrongTermsError, match="time to send"):
        require(office, terms)


def test_a_retired_sentence_is_signed_by_nobody(office: Office, use_case: int) -> None:
    terms = offered(office, use_case)
    office.town.send("otto", office.town.contracts.use_cases.retire_notice(use_case, terms.statement))
    office.pump()
    with pytest.raises(WrongTermsError, match="sentence is none"):
        require(office, terms)


def test_a_closed_use_case_takes_no_consent(office: Office, use_case: int) -> None:
    terms = offered(office, use_case)
    office.town.close(use_case)
    office.pump()
    with pytest.raises(UseCaseNotOpenError):
        require(office, terms)


def submit(office: Office, terms: Terms, grant: Grant) -> None:
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        consents.submit(
            session,
            vault,
            office.house,
            terms=terms,
            grant=grant,
            whose=ANNA,
            salt=bytes(32),
            code=None,
            assisted=False,
        )


def import_it(office: Office, terms: Terms, grant: Grant) -> None:
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        member = Member(grant, ANNA, bytes(32), None)
        consents.import_batch(session, vault, office.house, terms=terms, members=[member])


@pytest.mark.parametrize("take", [submit, import_it])
@pytest.mark.parametrize("part", ["signature", "countersignature"])
def test_a_signature_of_another_consent_is_taken_nowhere(
    office: Office, use_case: int, take: Callable[[Office, Terms, Grant], None], part: str
) -> None:
    terms = offered(office, use_case)
    hers, another = office.town.consent(terms).grant, office.town.consent(terms).grant
    with pytest.raises(WrongConsentSignatureError):
        take(office, terms, hers._replace(**{part: getattr(another, part)}))

    take(office, terms, hers)
    office.pump()
    with office.house.database.reading() as session:
        assert count_in_force(session, use_case, head(session)) == 1
