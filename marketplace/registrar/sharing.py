"""What several people share, such as a home's meter: every adult of them agrees before it is used, any one ends it.

Each has a letter of her own, which opens what they share. A yes waits in the register until the others have said
theirs; the consent of whoever is last is countersigned. Stopping and objecting take one of them.
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.bindings import Terms
from marketplace.errors import ConflictError, NotFoundError
from marketplace.registrar.rules import Agreement, allows, born_by, may_be_asked
from marketplace.registrar.tables import AgreementRow, PersonRow, ResidentRow


class UnknownResidentError(NotFoundError):
    """Nobody of this name lives there."""

    code = "unknown_resident"


class NobodyLivesThereError(ConflictError):
    """The register does not know who shares this."""

    code = "nobody_lives_there"


class WaitsForOthersError(ConflictError):
    """Not everybody who shares this has agreed yet."""

    code = "waits_for_others"


def move_in(session: Session, entry: PersonRow, name: str, age: int, day: date) -> bool:
    """Enter somebody who shares `entry`; whoever is there already stays as she is. Whether she is new.

    What was agreed before she came waits for her, too. A consent in force goes on, and she can stop it.
    """
    if resident_named(session, entry, name) is not None:
        return False
    session.add(ResidentRow(entry=entry.id, name=name, born_by=born_by(age, day).isoformat()))
    session.flush()
    return True


def move_out(session: Session, entry: PersonRow, name: str) -> None:
    """Her letter opens nothing any more, and nobody waits for her.

    Raises:
        UnknownResidentError
    """
    resident = known_resident(session, entry, name)
    for row in session.scalars(select(AgreementRow).where(AgreementRow.resident == resident.id)):
        session.delete(row)
    session.delete(resident)
    session.flush()


def resident_named(session: Session, entry: PersonRow, name: str) -> ResidentRow | None:
    return session.scalar(select(ResidentRow).where(ResidentRow.entry == entry.id, ResidentRow.name == name))


def known_resident(session: Session, entry: PersonRow, name: str) -> ResidentRow:
    """Raises UnknownResidentError."""
    found = resident_named(session, entry, name)
    if found is None:
        raise UnknownResidentError("Nobody of this name lives there, as far as the register knows.")
    return found


def adults(session: Session, entry: PersonRow, day: date) -> list[ResidentRow]:
    """Everybody who shares it and is old enough to be asked."""
    residents = session.scalars(select(ResidentRow).where(ResidentRow.entry == entry.id))
    return [one for one in residents if may_be_asked(date.fromisoformat(one.born_by), day)]


def agree(
    session: Session, resident: ResidentRow, *, use_case: int, scope: int, valid_until: int, now: int
) -> None:
    """Note an adult's yes. It is to this choice of data at most, until this end at the latest."""
    session.merge(
        AgreementRow(
            resident=resident.id, use_case=use_case, scope=scope, valid_until=valid_until, agreed_at=now
        )
    )
    session.flush()


def disagree(session: Session, resident: ResidentRow, use_case: int) -> bool:
    """Take her yes back while it waits. Whether there was one."""
    row = session.get(AgreementRow, (resident.id, use_case))
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def require_everybody(session: Session, entry: PersonRow, terms: Terms, *, day: date, now: int) -> None:
    """Refuse a consent to which not every adult has agreed.

    Raises:
        NobodyLivesThereError, WaitsForOthersError
    """
    asked = adults(session, entry, day)
    if not asked:
        raise NobodyLivesThereError(
            f"The register does not say who lives there, so nobody can agree for this {entry.kind}. Ask the desk to "
            "enter them."
        )
    found = [session.get(AgreementRow, (one.id, terms.use_case)) for one in asked]
    agreed = [
        row
        for row in found
        if row is not None
        and allows(
            Agreement(row.scope, row.valid_until, row.agreed_at),
            scope=terms.scope,
            valid_until=terms.valid_until,
            now=now,
        )
    ]
    if len(agreed) < len(asked):
        raise WaitsForOthersError(
            f"{len(agreed)} of the {len(asked)} adults of this {entry.kind} have said yes to this. It counts once all "
            "have, to the same data and for as long; each says so with her own letter, or at the desk."
        )


def forget_agreements(session: Session, entry: PersonRow, use_case: int) -> None:
    """They were used: after a stop everybody is asked anew."""
    residents = select(ResidentRow.id).where(ResidentRow.entry == entry.id)
    for row in session.scalars(
        select(AgreementRow).where(AgreementRow.resident.in_(residents), AgreementRow.use_case == use_case)
    ):
        session.delete(row)
    session.flush()
