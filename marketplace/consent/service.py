"""Taking consents to the ledger and ending them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ledger.bindings import Grant, Own, Signature, Terms
from ledger.consents import is_countersigned_by, is_signed_by_its_key, terms_of
from ledger.enums import NoticeKind, UseCaseState
from ledger.outbox import messages
from ledger.relay import batch_of, grant_gas
from ledger.revocation_code import RevocationCode
from ledger.typed_data import consent_id, last_day
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.tables import SubjectRow
from marketplace.consent import queries
from marketplace.consent.rules import FOR_GOOD, deadline_slot, latest_end
from marketplace.consent.tables import ConsentRow, LinkRow, TombstoneRow
from marketplace.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from marketplace.house import House
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases


class UseCaseNotOpenError(NotAllowedError):
    """The use case takes no consents now."""

    code = "use_case_not_open"


class NoNoticeError(NotFoundError):
    """There is no published sentence for this language and choice."""

    code = "no_notice"


class WrongTermsError(InvalidError):
    """The terms are not those of a published notice, or their dates are out of range."""

    code = "wrong_terms"


class WrongConsentSignatureError(NotAllowedError):
    """Not signed by the key that the consent names, or not countersigned by the registrar."""

    code = "wrong_signature"


class AlreadyRevokedError(ConflictError):
    """The consent has ended already."""

    code = "consent_already_revoked"


class AlreadyGivenError(ConflictError):
    """This consent is on the ledger or on its way."""

    code = "consent_exists"


class SubjectUnknownError(NotFoundError):
    """No dataset has rows of this person."""

    code = "subject_unknown"


@dataclass(frozen=True, slots=True)
class Whose:
    """What the registrar says of the person behind a letter: the key of her rows and her reference."""

    kind: str
    key: str
    reference: bytes


class Registrar(Protocol):
    """The registrar's office, wherever it runs."""

    def whose(self, letter: str, use_case: int) -> Whose:
        """Who showed this letter. Raises StoaError as the registrar refuses."""
        ...

    def countersign(
        self, letter: str, terms: Terms, own: Own, signature: Signature, salt: bytes
    ) -> Signature: ...


def offered_terms(
    session: Session,
    use_case: int,
    *,
    language: str,
    scope: int | None = None,
    valid_until: int | None = None,
    kind: NoticeKind = NoticeKind.CONSENT,
) -> tuple[Terms, use_cases.Notice, str]:
    """The terms a citizen would sign now, the notice they name, and the recipient.

    Without `scope` the fullest choice, without `valid_until` the longest duration. An objection lasts for good, and
    may come after the use case was closed: what was ordered before runs on.

    Raises:
        UnknownUseCaseError, UseCaseNotOpenError, NoNoticeError
    """
    found = use_cases.use_case(session, use_case)
    consents = kind is NoticeKind.CONSENT
    if found.state is not UseCaseState.ALLOWED and consents:
        raise UseCaseNotOpenError(f"Use case {use_case} is {found.state.name.lower()}: nobody is asked.")
    notice = _notice(session, use_case, kind, language, scope)
    recipient = participants.by_number(session, found.applicant)
    now = head(session).timestamp
    terms = terms_of(
        statement=notice.statement,
        recipient=recipient.name or "",
        use_case=use_case,
        scope=notice.scope,
        valid_until=valid_until or (latest_end(now, found.longest_days) if consents else FOR_GOOD),
        deadline=deadline_slot(now),
    )
    return terms, notice, recipient.name or ""


def _notice(
    session: Session, use_case: int, kind: NoticeKind, language: str, scope: int | None
) -> use_cases.Notice:
    published = [
        one
        for one in use_cases.notices(session, use_case)
        if one.language == language and not one.retired and one.kind is kind
    ]
    wanted = [one for one in published if scope is None or one.scope == scope]
    if not wanted:
        raise NoNoticeError(f"Use case {use_case} has no notice for this choice in {language!r}.")
    return max(wanted, key=lambda one: one.scope.bit_count())


def submit(
    session: Session,
    vault: Session,
    house: House,
    *,
    terms: Terms,
    grant: Grant,
    whose: Whose,
    salt: bytes,
    code: RevocationCode | None,
    assisted: bool,
) -> bytes:
    """Take a signed and countersigned consent or objection: link it to the person's rows and queue it for the ledger.

    Checks what the contract will check, so that nothing is queued that it would refuse. Returns the consent's id.

    Raises:
        WrongTermsError, UseCaseNotOpenError, WrongConsentSignatureError, AlreadyGivenError, AlreadyRevokedError,
        SubjectUnknownError
    """
    domain = house.city.domains.consents
    id_ = consent_id(domain, terms, grant.own)
    kind = require_terms(session, terms)
    if not is_signed_by_its_key(domain, terms, grant.own, grant.signature):
        raise WrongConsentSignatureError("The consent is not signed by the key it names.")
    if not is_countersigned_by(domain, house.city.registrar, terms, grant):
        raise WrongConsentSignatureError("The consent is not countersigned by the city's registrar.")
    if session.get(TombstoneRow, id_) is not None:
        raise AlreadyRevokedError("This consent was taken back before it arrived.")
    if session.get(ConsentRow, id_) is not None:
        raise AlreadyGivenError("This consent is on the ledger already.")

    objection = kind is NoticeKind.OBJECTION
    _link(vault, id_, terms, whose, salt, code, assisted=assisted, objection=objection)
    messages.put(
        session,
        house.contracts.consents.grant_by_signature(terms, grant),
        key=f"grant:{id_.hex()}",
        signer="relay",
        gas=grant_gas(1),
        batch=batch_of(terms),
        expires_at=terms.deadline,
    )
    return id_


@dataclass(frozen=True, slots=True)
class Member:
    """One consent of a bulk import: signed, countersigned, and whose it is."""

    grant: Grant
    whose: Whose
    salt: bytes
    code: RevocationCode | None


def import_batch(
    session: Session, vault: Session, house: House, *, terms: Terms, members: Sequence[Member]
) -> list[bytes]:
    """Take many consents under the same terms from the desk, with the checks of `submit`. Their ids, in order.

    A consent that is on the ledger or queued already is left as it is, so an interrupted import can be repeated.

    Raises:
        as `submit`; nothing is queued then.
    """
    domain = house.city.domains.consents
    kind = require_terms(session, terms)
    ids = [consent_id(domain, terms, member.grant.own) for member in members]
    for member in members:
        if not is_signed_by_its_key(domain, terms, member.grant.own, member.grant.signature):
            raise WrongConsentSignatureError("A consent is not signed by the key it names.")
        if not is_countersigned_by(domain, house.city.registrar, terms, member.grant):
            raise WrongConsentSignatureError("A consent is not countersigned by the city's registrar.")

    _link_many(vault, terms, ids, members, objection=kind is NoticeKind.OBJECTION)
    messages.put_many(
        session,
        [
            (f"grant:{id_.hex()}", house.contracts.consents.grant_by_signature(terms, member.grant))
            for id_, member in zip(ids, members, strict=True)
        ],
        signer="relay",
        gas=grant_gas(1),
        batch=batch_of(terms),
        expires_at=terms.deadline,
    )
    return ids


def _link_many(
    vault: Session, terms: Terms, ids: Sequence[bytes], members: Sequence[Member], *, objection: bool
) -> None:
    subjects = {
        kind: catalogue.subject_indexes(vault, kind) for kind in {member.whose.kind for member in members}
    }
    upcoming = catalogue.next_subject_index(vault)
    linked = set(vault.scalars(select(LinkRow.consent).where(LinkRow.use_case == terms.use_case)))
    rows: list[dict[str, object]] = []
    for id_, member in zip(ids, members, strict=True):
        indexes = subjects[member.whose.kind]
        if member.whose.key not in indexes:
            indexes[member.whose.key] = upcoming
            vault.add(SubjectRow(index=upcoming, kind=member.whose.kind, key=member.whose.key))
            upcoming += 1
        if id_ not in linked:
            rows.append(
                {
                    "consent": id_,
                    "use_case": terms.use_case,
                    "subject": indexes[member.whose.key],
                    "reference": member.whose.reference,
                    "salt": member.salt,
                    "code": None if member.code is None else str(member.code),
                    "assisted": True,
                    "objection": objection,
                }
            )
    vault.flush()
    if rows:
        vault.execute(insert(LinkRow), rows)


def kind_of(session: Session, terms: Terms) -> NoticeKind:
    """Whether who signs these terms consents or objects: as the sentence was published."""
    published = use_cases.notices(session, terms.use_case)
    return next((one.kind for one in published if one.digest == terms.statement), NoticeKind.CONSENT)


def require_terms(session: Session, terms: Terms) -> NoticeKind:
    """What the terms are: a consent, or an objection, which is never unwelcome and never ends by itself.

    Raises:
        WrongTermsError, UseCaseNotOpenError: the ledger would not take them now.
    """
    found = use_cases.use_case(session, terms.use_case)
    kind = kind_of(session, terms)
    if found.state is not UseCaseState.ALLOWED and kind is NoticeKind.CONSENT:
        raise UseCaseNotOpenError(f"Use case {terms.use_case} takes no consents now.")
    published = [one for one in use_cases.notices(session, terms.use_case) if one.digest == terms.statement]
    if not published or published[0].retired or published[0].scope != terms.scope:
        raise WrongTermsError(
            "The sentence is none that is published for this choice. Read the request again."
        )
    now = head(session).timestamp
    recipient = participants.by_number(session, found.applicant).name or ""
    expected = terms_of(
        statement=published[0].statement,
        recipient=recipient,
        use_case=terms.use_case,
        scope=terms.scope,
        valid_until=terms.valid_until,
        deadline=terms.deadline,
    )
    if terms != expected:
        raise WrongTermsError("The recipient or the end date is not what the sentence says.")
    if now > terms.deadline:
        raise WrongTermsError("The time to send this consent has passed. Read the request again.")
    if kind is NoticeKind.OBJECTION:
        if terms.valid_until != FOR_GOOD:
            raise WrongTermsError("An objection lasts until it is taken back. Read the request again.")
        return kind
    if not now < terms.valid_until <= latest_end(now, found.longest_days) or terms.valid_until % 86_400:
        latest = last_day(latest_end(now, found.longest_days))
        raise WrongTermsError(f"A consent to this ends with a day: choose a last one up to {latest}.")
    return kind


def _link(
    vault: Session,
    id_: bytes,
    terms: Terms,
    whose: Whose,
    salt: bytes,
    code: RevocationCode | None,
    *,
    assisted: bool,
    objection: bool,
) -> None:
    subject = vault.scalar(
        select(SubjectRow.index).where(SubjectRow.kind == whose.kind, SubjectRow.key == whose.key)
    )
    if subject is None:
        # She may be asked before the first delivery names her.
        subject = catalogue.next_subject_index(vault)
        vault.add(SubjectRow(index=subject, kind=whose.kind, key=whose.key))
        vault.flush()
    vault.merge(
        LinkRow(
            consent=id_,
            use_case=terms.use_case,
            subject=subject,
            reference=whose.reference,
            salt=salt,
            code=None if code is None else str(code),
            assisted=assisted,
            objection=objection,
        )
    )


def revoke_by_code(session: Session, house: House, code: RevocationCode) -> list[bytes]:
    """End every consent that this code ends and that has not ended. Their ids, the oldest first.

    Raises:
        UnknownConsentError, AlreadyRevokedError
    """
    running = [one for one in queries.by_code(session, code) if one.consent.revoked_in is None]
    if not running:
        raise AlreadyRevokedError("This consent has ended already. There is nothing left to stop.")
    for one in running:
        end_with_code(session, house, one, code)
    return [one.consent.id for one in running]


def end_with_code(session: Session, house: House, found: queries.GivenConsent, code: RevocationCode) -> str:
    """Queue the end of one consent by its code. Returns the outbox key."""
    key = f"revoke:{found.consent.id.hex()}"
    call = house.contracts.consents.revoke_by_code(found.terms, found.own, code.value)
    messages.put(session, call, key=key, signer="revoker", gas=200_000)
    return key


def revoke_by_mandate(session: Session, house: House, id_: bytes, mandate: bytes) -> str:
    """End a consent on a documented mandate: by the ombudsman."""
    found = queries.given(session, id_)
    if found.consent.revoked_in is not None:
        raise AlreadyRevokedError("This consent has ended already.")
    key = f"mandate:{id_.hex()}"
    call = house.contracts.consents.revoke_by_mandate(found.terms, [found.own], mandate)
    messages.put(session, call, key=key, signer="ombudsman", gas=200_000)
    return key
