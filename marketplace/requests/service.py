"""Answering a repeated request as it was answered the first time: asked twice is done once.

The answer is written in the transaction that does what was asked, so neither exists without the other. A refusal
changes nothing and is not remembered.
"""

import time

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.errors import ConflictError, InvalidError
from marketplace.requests.tables import AnsweredRow

KEPT_SECONDS = 48 * 3600


class KeyReusedError(InvalidError):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class InFlightError(ConflictError):
    """The same request is being carried out."""

    code = "request_in_flight"


def answered(session: Session, caller: str, key: str, fingerprint: bytes) -> AnsweredRow | None:
    """How this request was answered before, if it was.

    Raises:
        KeyReusedError: the key belongs to another request.
    """
    row = session.get(AnsweredRow, (caller, key))
    if row is not None and row.fingerprint != fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key was used for another request. Use a new key for a new request."
        )
    return row


def remember(
    session: Session, caller: str, key: str, fingerprint: bytes, answer: bytes, location: str | None
) -> None:
    """Keep an answer for at least 24 hours.

    Raises:
        InFlightError: another process answered the same request at this very moment.
    """
    now = int(time.time())
    session.execute(delete(AnsweredRow).where(AnsweredRow.answered_at < now - KEPT_SECONDS))
    row = AnsweredRow(
        caller=caller, key=key, fingerprint=fingerprint, answer=answer, location=location, answered_at=now
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise InFlightError("The same request is being carried out. Ask again in a moment.") from None
