from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ledger.bindings import Own, Terms
from ledger.node import Block
from ledger.revocation_code import RevocationCode
from marketplace.analysis.subjects import NOBODY, SubjectSet, subject_set
from marketplace.consent.rules import Cohort, Consent, cohort
from marketplace.consent.tables import ConsentRow, ErasureRow, LeftOutRow, LinkRow, StopRow
from marketplace.errors import NotFoundError


class UnknownConsentError(NotFoundError):
    """No consent on the ledger answers to this."""

    code = "unknown_consent"


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """A consent with everything that is needed to show it and to end it."""

    consent: Consent
    terms: Terms
    own: Own
    granted_at: int
    revoked_at: int | None
    how: int | None


def given(session: Session, id_: bytes) -> GivenConsent:
    row = session.get(ConsentRow, id_)
    if row is None:
        raise UnknownConsentError("This consent is not on the ledger (yet).")
    return _given(row)


def by_code(session: Session, code: RevocationCode) -> list[GivenConsent]:
    """The consents that this code ends, oldest first.

    It is one, unless somebody copied the code's digest from the ledger into a consent of his own.

    Raises:
        UnknownConsentError
    """
    rows = session.scalars(
        select(ConsentRow)
        .where(ConsentRow.revocation_hash == code.hash)
        .order_by(ConsentRow.granted_in, ConsentRow.id)
    )
    found = [_given(row) for row in rows]
    if not found:
        raise UnknownConsentError("No consent on the ledger has this code. Compare it with the paper.")
    return found


def cohort_at(session: Session, use_case: int, at: Block) -> Cohort:
    rows = session.execute(
        # Columns instead of rows: there may be tens of thousands, and nothing else of them is needed.
        select(
            ConsentRow.id,
            ConsentRow.use_case,
            ConsentRow.objection,
            ConsentRow.scope,
            ConsentRow.valid_until,
            ConsentRow.granted_in,
            ConsentRow.revoked_in,
        ).where(
            ConsentRow.use_case == use_case,
            ConsentRow.granted_in <= at.number,
            or_(ConsentRow.revoked_in.is_(None), ConsentRow.revoked_in > at.number),
        )
    )
    return cohort((Consent(*row) for row in rows), use_case, at)


def count_in_force(session: Session, use_case: int, at: Block) -> int:
    """How many consent to a use case. Objections do not count."""
    return (
        session.scalar(
            select(func.count())
            .select_from(ConsentRow)
            .where(
                ConsentRow.use_case == use_case,
                ConsentRow.granted_in <= at.number,
                or_(ConsentRow.revoked_in.is_(None), ConsentRow.revoked_in > at.number),
                ConsentRow.valid_until > at.timestamp,
                ~ConsentRow.objection,
            )
        )
        or 0
    )


def asked_to_stop(vault: Session, found: Cohort) -> frozenset[bytes]:
    """The consents in `found` that their citizens have asked to stop, though the ledger may not have heard of it."""
    wishes = vault.scalars(
        select(StopRow.consent)
        .join(LinkRow, LinkRow.consent == StopRow.consent)
        .where(LinkRow.use_case == found.use_case)
    )
    return frozenset(one.id for one in found.consents if not one.objection) & frozenset(wishes)


def left_out(vault: Session, order: bytes) -> frozenset[bytes]:
    """The consents that the order's run left out because their citizens had asked to stop."""
    return frozenset(vault.scalars(select(LeftOutRow.consent).where(LeftOutRow.order == order)))


def subjects_by_bit(
    vault: Session, found: Cohort, bits: Sequence[int], *, without: Set[bytes]
) -> Mapping[int, SubjectSet]:
    """For each scope bit, the subjects whose consent in `found` covers it, but for the consents in `without`.

    A consent without a link covers nobody: its person was erased.
    """
    links = {
        row.consent: row.subject
        for row in vault.execute(
            select(LinkRow.consent, LinkRow.subject).where(LinkRow.use_case == found.use_case)
        )
        if row.consent not in without
    }
    covered: dict[int, SubjectSet] = {}
    for bit in bits:
        indexes = [
            links[one.id]
            for one in found.consents
            if not one.objection and one.scope >> bit & 1 and one.id in links
        ]
        covered[bit] = subject_set(indexes) if indexes else NOBODY
    return covered


def objecting(vault: Session, found: Cohort, bit: int) -> SubjectSet:
    """The subjects who object to the use of the source at `bit`, and those who are being forgotten."""
    ids = {one.id for one in found.consents if one.objection and one.scope >> bit & 1}
    links = vault.execute(
        select(LinkRow.consent, LinkRow.subject).where(LinkRow.use_case == found.use_case, LinkRow.objection)
    )
    out = {row.subject for row in links if row.consent in ids}
    # An erasure ends her objections before her rows are gone.
    leaving = vault.scalars(select(ErasureRow.subject).where(ErasureRow.done_at.is_(None)))
    out.update(subject for subject in leaving if subject is not None)
    return subject_set(out) if out else NOBODY


def _given(row: ConsentRow) -> GivenConsent:
    return GivenConsent(
        consent=_model(row),
        terms=Terms(
            statement=row.statement,
            recipient=row.recipient,
            until=row.until,
            use_case=row.use_case,
            scope=row.scope,
            valid_until=row.valid_until,
            deadline=row.deadline,
        ),
        own=Own(row.signer, row.commitment, row.revocation_hash),
        granted_at=row.granted_at,
        revoked_at=row.revoked_at,
        how=row.how,
    )


def _model(row: ConsentRow) -> Consent:
    return Consent(
        id=row.id,
        use_case=row.use_case,
        objection=row.objection,
        scope=row.scope,
        valid_until=row.valid_until,
        granted_in=row.granted_in,
        revoked_in=row.revoked_in,
    )
