"""Signing in with an account's signature (EIP-4361), and staying signed in for a while.

The host's clock decides here: a session is nobody's money. Contract accounts cannot sign in.
"""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ledger.city import City
from ledger.digests import sha256
from ledger.enums import Status
from ledger.keys import checksum, recover
from ledger.personal_messages import personal_digest
from marketplace.errors import NotAllowedError
from marketplace.house import House
from marketplace.participants import queries
from marketplace.participants.model import Participant
from marketplace.participants.sign_in_message import SignInMessage, parse
from marketplace.participants.tables import SessionRow, SignInNonceRow

NONCE_SECONDS = 300
SESSION_SECONDS = 12 * 3600
NONCE_BYTES = 16
TOKEN_BYTES = 32
STATEMENT = "Sign in to the city's data marketplace. This costs nothing and allows nothing else."


class SignInRefusedError(NotAllowedError):
    """The message is not the one that was handed out, is too old, or is signed by another account."""

    code = "sign_in_refused"


class NotEnrolledError(NotAllowedError):
    """The account belongs to no participant, or to a frozen one."""

    code = "not_enrolled"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session. `token` is told once and kept nowhere."""

    token: str
    participant: Participant
    expires_at: int


def offer(session: Session, city: City, *, public: str, account: str, now: int) -> SignInMessage:
    """The message `account` is to sign, with a nonce of its own that works once, for five minutes."""
    session.execute(delete(SignInNonceRow).where(SignInNonceRow.expires_at <= now))
    nonce = secrets.token_hex(NONCE_BYTES)
    session.add(SignInNonceRow(nonce=nonce, expires_at=now + NONCE_SECONDS))
    place = urlsplit(public)
    return SignInMessage(
        scheme=place.scheme,
        domain=place.netloc,
        address=checksum(account),
        statement=STATEMENT,
        uri=public,
        chain_id=city.chain_id,
        nonce=nonce,
        issued_at=now,
        expires_at=now + NONCE_SECONDS,
    )


def sign_in(house: House, *, public: str, text: str, signature: bytes, now: int) -> Opened:
    """Open a session for whoever signed `text`.

    The nonce is used up, durably, before anything else is looked at: a message is good for one try.

    Raises:
        SignInMessageError, SignInRefusedError, NotEnrolledError
    """
    message = parse(text)
    with house.database.writing() as session:
        fresh = _use_up(session, message.nonce, now)
    place = urlsplit(public)
    if (message.scheme, message.domain, message.uri) != (place.scheme, place.netloc, public):
        raise SignInRefusedError(f"The message is for another place than {public}.")
    if message.chain_id != house.city.chain_id or message.statement != STATEMENT:
        raise SignInRefusedError("The message is for another city, or says something else than it should.")
    if not fresh:
        raise SignInRefusedError(
            "The message's nonce was used, has expired, or is not ours. Ask for a new message."
        )
    begins = message.issued_at if message.not_before is None else max(message.issued_at, message.not_before)
    if not begins <= now < message.expires_at or message.expires_at > message.issued_at + NONCE_SECONDS:
        raise SignInRefusedError("The message is not valid now. Ask for a new one.")
    if recover(personal_digest(text), signature) != message.address:
        raise SignInRefusedError("The message is not signed by the account it names.")
    with house.database.writing() as session:
        return _open(session, message.address, now)


def holder(session: Session, token: str, *, now: int) -> Participant | None:
    """Whose session this is; None if it is none, or has ended."""
    row = session.get(SessionRow, sha256(token.encode()))
    if row is None or now >= row.expires_at:
        return None
    try:
        return queries.by_number(session, row.participant)
    except queries.UnknownParticipantError:
        return None  # the read model is being rebuilt


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(SessionRow).where(SessionRow.token_digest == sha256(token.encode())))


def _use_up(session: Session, nonce: str, now: int) -> bool:
    """Whether the nonce was ours and unused; from now on it is neither."""
    found = session.execute(
        delete(SignInNonceRow)
        .where(SignInNonceRow.nonce == nonce, SignInNonceRow.expires_at > now)
        .returning(SignInNonceRow.nonce)
    )
    return found.first() is not None


def _open(session: Session, account: str, now: int) -> Opened:
    participant = queries.by_account(session, account)
    if participant is None or participant.status not in {Status.JOINED, Status.ACTIVE}:
        raise NotEnrolledError(
            "This account belongs to no participant, or to a frozen one. Join first: POST /v1/participants/forms."
        )
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now + SESSION_SECONDS
    session.add(
        SessionRow(
            token_digest=sha256(token.encode()),
            participant=participant.number,
            opened_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return Opened(token, participant, expires_at)
