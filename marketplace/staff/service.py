"""The city's staff in a browser: let in by a link that works once, made on the machine that keeps the city's keys.

Whoever may run commands there acts with these keys already, so a link gives nobody more than she could give herself.
The host's clock decides here, as for every session.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ledger.digests import sha256
from marketplace.errors import InvalidError, NotAllowedError
from marketplace.staff.tables import StaffInvitationRow, StaffSessionRow

INVITATION_SECONDS = 600
SESSION_SECONDS = 12 * 3600
SECRET_BYTES = 32
LONGEST_NAME = 60


class StaffNameError(InvalidError):
    """The name is empty, too long, or cannot be shown on one line."""

    code = "staff_name"


class InvitationVoidError(NotAllowedError):
    """The link was used, is too old, or is none."""

    code = "invitation_void"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Whoever runs the city from a browser. Her name is for the city's own eyes."""

    name: str


def invite(session: Session, name: str, *, now: int) -> str:
    """Make what lets `name` in once, within ten minutes. Told once and kept nowhere.

    Raises:
        StaffNameError
    """
    if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        raise StaffNameError(f"Give a name of 1 to {LONGEST_NAME} characters, such as Otto.")
    session.execute(delete(StaffInvitationRow).where(StaffInvitationRow.expires_at <= now))
    code = secrets.token_urlsafe(SECRET_BYTES)
    digest = sha256(code.encode())
    session.add(
        StaffInvitationRow(code_digest=digest, name=name.strip(), expires_at=now + INVITATION_SECONDS)
    )
    return code


def enter(session: Session, code: str, *, now: int) -> str:
    """Use an invitation up. The token of the session of twelve hours that begins.

    Raises:
        InvitationVoidError
    """
    name = session.scalar(
        delete(StaffInvitationRow)
        .where(StaffInvitationRow.code_digest == sha256(code.encode()), StaffInvitationRow.expires_at > now)
        .returning(StaffInvitationRow.name)
    )
    if name is None:
        raise InvitationVoidError("This link was used or is too old. `stoa city sign-in` makes a new one.")
    session.execute(delete(StaffSessionRow).where(StaffSessionRow.expires_at <= now))
    token = secrets.token_urlsafe(SECRET_BYTES)
    session.add(
        StaffSessionRow(
            token_digest=sha256(token.encode()), name=name, opened_at=now, expires_at=now + SESSION_SECONDS
        )
    )
    return token


def holder(session: Session, token: str, *, now: int) -> StaffMember | None:
    """Whose session this is; None if it is none, or has ended."""
    row = session.get(StaffSessionRow, sha256(token.encode()))
    return None if row is None or now >= row.expires_at else StaffMember(row.name)


def leave(session: Session, token: str) -> None:
    session.execute(delete(StaffSessionRow).where(StaffSessionRow.token_digest == sha256(token.encode())))
