from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.enums import Class, Status
from marketplace.catalogue import artefacts
from marketplace.errors import NotFoundError
from marketplace.participants.model import Participant
from marketplace.participants.tables import ParticipantRow


class UnknownParticipantError(NotFoundError):
    """No such organisation is enrolled."""

    code = "unknown_participant"


def by_number(session: Session, number: int) -> Participant:
    row = session.get(ParticipantRow, number)
    if row is None:
        raise UnknownParticipantError(f"There is no participant {number}.")
    return _model(session, row)


def by_account(session: Session, account: str) -> Participant | None:
    row = session.scalar(select(ParticipantRow).where(ParticipantRow.account == account))
    return None if row is None else _model(session, row)


def everybody(session: Session) -> list[Participant]:
    rows = session.scalars(select(ParticipantRow).order_by(ParticipantRow.number))
    return [_model(session, row) for row in rows]


def _model(session: Session, row: ParticipantRow) -> Participant:
    return Participant(
        number=row.number,
        account=row.account,
        class_=Class(row.class_),
        status=Status(row.status),
        name=artefacts.text(session, row.name_digest),
        joined_in=row.joined_in,
    )
