from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ledger.bindings import (
    AttestorSet,
    ParticipantAdmitted,
    ParticipantFrozen,
    ParticipantJoined,
    ParticipantUnfrozen,
    RegistrarSet,
    RoleGranted,
    RoleRevoked,
    SettlerSet,
)
from ledger.enums import Status
from ledger.reader import Place
from marketplace.participants.tables import ParticipantRow, RoleRow, TrustedKeyRow

NOBODY = "0x" + 40 * "0"
"""The registrar while there is none."""


def on_joined(session: Session, event: ParticipantJoined, place: Place) -> None:
    session.add(
        ParticipantRow(
            number=event.id,
            account=event.account,
            class_=event.class_,
            status=Status.JOINED,
            name_digest=event.name,
            joined_in=place.block,
        )
    )
    session.flush()


def on_admitted(session: Session, event: ParticipantAdmitted) -> None:
    _set_status(session, event.id, Status.ACTIVE)


def on_frozen(session: Session, event: ParticipantFrozen) -> None:
    _set_status(session, event.id, Status.FROZEN)


def on_unfrozen(session: Session, event: ParticipantUnfrozen) -> None:
    _set_status(session, event.id, Status.ACTIVE)


def on_role_granted(session: Session, event: RoleGranted) -> None:
    session.merge(RoleRow(role=event.role_id, account=event.account, delay=event.delay, since=event.since))
    session.flush()


def on_role_revoked(session: Session, event: RoleRevoked) -> None:
    session.execute(delete(RoleRow).where(RoleRow.role == event.role_id, RoleRow.account == event.account))


def on_registrar_set(session: Session, event: RegistrarSet, place: Place) -> None:
    session.execute(update(TrustedKeyRow).where(TrustedKeyRow.kind == "registrar").values(trusted=False))
    if event.registrar != NOBODY:
        _set_key(session, "registrar", event.registrar, place, trusted=True)


def on_settler_set(session: Session, event: SettlerSet, place: Place) -> None:
    _set_key(session, "settler", event.settler, place, trusted=event.trusted)


def on_attestor_set(session: Session, event: AttestorSet, place: Place) -> None:
    _set_key(session, "attestor", "0x" + event.key.hex(), place, trusted=event.trusted)


def _set_status(session: Session, number: int, status: Status) -> None:
    session.execute(update(ParticipantRow).where(ParticipantRow.number == number).values(status=status))


def _set_key(session: Session, kind: str, key: str, place: Place, *, trusted: bool) -> None:
    session.merge(TrustedKeyRow(kind=kind, key=key, trusted=trusted, changed_in=place.block))
    session.flush()
