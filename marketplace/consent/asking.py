"""Asking a citizen, and taking her answer: from her letter to a consent on its way to the ledger."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.bindings import Grant, Own, Signature, Terms
from ledger.consents import Opening
from ledger.enums import NoticeKind, UseCaseState
from ledger.revocation_code import RevocationCode
from marketplace.catalogue import queries as catalogue
from marketplace.consent.rules import FOR_GOOD, latest_end
from marketplace.consent.service import Registrar, WrongTermsError, offered_terms, require_terms, submit
from marketplace.consent.standing import Person, Standing, standings, subject_of
from marketplace.errors import NotAllowedError
from marketplace.house import House
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST, Purpose
from marketplace.use_cases.queries import Notice, UseCase


class NotAskedError(NotAllowedError):
    """This use case does not ask whoever holds this letter."""

    code = "not_asked"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a citizen: everything she should know before she says yes or no."""

    use_case: UseCase
    recipient: str
    purpose: Purpose | None
    titles: tuple[str, ...]
    """Per source, in the order of the scope's bits."""
    notices: tuple[Notice, ...]
    latest_end: int
    standing: Standing | None
    """What she answered before; None if nothing."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A consent ready for her signature. The opening is hers: with it she can show that the commitment means her."""

    terms: Terms
    own: Own
    notice: Notice
    recipient: str
    opening: Opening


def asked_of(session: Session, vault: Session, person: Person) -> list[Asked]:
    """What a person is asked now."""
    kind, _ = person
    answered = _answers(session, vault, person, objections=False)
    return [
        _asked(session, found, NoticeKind.CONSENT, answered.get(found.number))
        for found in use_cases.use_cases(session)
        if found.state is UseCaseState.ALLOWED and kind in kinds_asked(session, found)
    ]


def objectable_by(session: Session, vault: Session, person: Person) -> list[Asked]:
    """What is done with a person's data on another ground than her consent. She may object at any time."""
    kind, _ = person
    answered = _answers(session, vault, person, objections=True)
    return [
        _asked(session, found, NoticeKind.OBJECTION, answered.get(found.number))
        for found in use_cases.use_cases(session)
        if (found.state is UseCaseState.ALLOWED or found.number in answered)
        and kind in kinds_asked(session, found, NoticeKind.OBJECTION)
    ]


def _answers(session: Session, vault: Session, person: Person, *, objections: bool) -> dict[int, Standing]:
    """By use case the newest that she said."""
    subject = subject_of(vault, person)
    said = [] if subject is None else standings(session, vault, subject)
    return {one.use_case: one for one in said if one.objection is objections}


def _asked(session: Session, found: UseCase, kind: NoticeKind, standing: Standing | None) -> Asked:
    published = use_cases.notices(session, found.number)
    return Asked(
        use_case=found,
        recipient=participants.by_number(session, found.applicant).name or "",
        purpose=BY_DIGEST.get(found.purpose),
        titles=tuple(
            catalogue.dataset(session, source.dataset).description.title for source in found.sources
        ),
        notices=tuple(one for one in published if one.kind is kind and not one.retired),
        latest_end=_latest_end(session, found, kind),
        standing=standing,
    )


def _latest_end(session: Session, found: UseCase, kind: NoticeKind) -> int:
    if kind is NoticeKind.OBJECTION:
        return FOR_GOOD
    return latest_end(head(session).timestamp, found.longest_days)


def kinds_asked(session: Session, found: UseCase, kind: NoticeKind = NoticeKind.CONSENT) -> set[str]:
    """Whose consent the use case rests on, or who may object to it: persons, homes."""
    scope = found.consent_scope if kind is NoticeKind.CONSENT else found.objection_scope
    described = [
        catalogue.dataset(session, source.dataset).description
        for bit, source in enumerate(found.sources)
        if scope >> bit & 1
    ]
    return {one.subject.kind for one in described if one.subject is not None}


def draft(
    house: House,
    registrar: Registrar,
    *,
    letter: str,
    use_case: int,
    language: str,
    scope: int | None,
    valid_until: int | None,
    signer: str,
    revocation_hash: bytes,
    kind: NoticeKind = NoticeKind.CONSENT,
) -> Draft:
    """What she signs with a key made for it: the sentence, until when, and a commitment that means her.

    Raises:
        UnknownUseCaseError, UseCaseNotOpenError, NoNoticeError, WrongTermsError, NotAskedError, and whatever the
        registrar refuses.
    """
    with house.database.reading() as session:
        terms, notice, recipient = offered_terms(
            session, use_case, language=language, scope=scope, valid_until=valid_until, kind=kind
        )
        require_terms(session, terms)
        kinds = kinds_asked(session, use_cases.use_case(session, use_case), kind)
    whose = registrar.whose(letter, use_case)
    _require_asked(kinds, whose.kind, kind)
    opening = Opening.of(whose.reference)
    return Draft(terms, Own(signer, opening.commitment, revocation_hash), notice, recipient, opening)


def give(
    session: Session,
    vault: Session,
    house: House,
    registrar: Registrar,
    *,
    letter: str,
    terms: Terms,
    own: Own,
    signature: Signature,
    salt: bytes,
    code: RevocationCode | None,
) -> bytes:
    """Take what she signed, consent or objection: checked as the ledger will, countersigned, linked, queued. Its id.

    The registrar is asked after the terms were checked, since it countersigns one consent at a time, and before any
    transaction of ours is open, since it may be slow.

    Raises:
        as `submit`; NotAskedError; and whatever the registrar refuses.
    """
    if code is not None and code.hash != own.revocation_hash:
        raise WrongTermsError("The code is not the one whose hash was signed.")
    with house.database.reading() as reading:
        kind = require_terms(reading, terms)
        kinds = kinds_asked(reading, use_cases.use_case(reading, terms.use_case), kind)
    whose = registrar.whose(letter, terms.use_case)
    _require_asked(kinds, whose.kind, kind)
    countersignature = registrar.countersign(letter, terms, own, signature, salt)
    return submit(
        session,
        vault,
        house,
        terms=terms,
        grant=Grant(own, signature, countersignature),
        whose=whose,
        salt=salt,
        code=code,
        assisted=False,
    )


def _require_asked(kinds: set[str], whose: str, kind: NoticeKind) -> None:
    if whose in kinds:
        return
    if kind is NoticeKind.OBJECTION:
        raise NotAskedError(f"Nothing of a {whose} is used here without consent.")
    if not kinds:
        raise NotAskedError("Nobody is asked about this: no data in it says whose it is.")
    raise NotAskedError(f"This asks for the consent of each {' and '.join(sorted(kinds))}, not of a {whose}.")
