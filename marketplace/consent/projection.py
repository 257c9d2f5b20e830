from sqlalchemy import update
from sqlalchemy.orm import Session

from ledger.bindings import ConsentGranted, ConsentRevoked, Refused
from ledger.reader import Place
from marketplace.consent.tables import ConsentRow, RefusedMemberRow, TombstoneRow


def on_granted(session: Session, event: ConsentGranted, place: Place) -> None:
    session.add(
        ConsentRow(
            id=event.id,
            use_case=event.use_case,
            objection=event.objection,
            scope=event.scope,
            statement=event.statement,
            recipient=event.recipient,
            until=event.until,
            valid_until=event.valid_until,
            deadline=event.deadline,
            signer=event.signer,
            commitment=event.commitment,
            revocation_hash=event.revocation_hash,
            granted_in=place.block,
            granted_at=place.timestamp,
        )
    )


def on_revoked(session: Session, event: ConsentRevoked, place: Place) -> None:
    session.flush()
    if session.get(ConsentRow, event.id) is None:
        session.add(TombstoneRow(id=event.id, use_case=event.use_case, revoked_in=place.block, how=event.how))
        session.flush()
        return
    session.execute(
        update(ConsentRow)
        .where(ConsentRow.id == event.id)
        .values(revoked_in=place.block, revoked_at=place.timestamp, how=event.how)
    )


def on_refused(session: Session, event: Refused, place: Place) -> None:
    session.add(RefusedMemberRow(block=place.block, position=place.index, consent=event.id, why=event.why))
