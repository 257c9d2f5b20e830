"""Answering a repeated request as it was answered the first time: asked twice is done once.

The answer is written in the transaction that does what was asked, so neither exists without the other. A refusal
changes nothing and is not remembered.
"""

import time
from collections.abc import Sequence

from sqlalchemy import delete, select
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


def forget_answers(session: Session, *, naming: Sequence[str]) -> None:
    """Delete the kept answers that name one of these things: whoever repeats that request is no longer recognised."""
    for row in session.scalars(select(AnsweredRow)):
        told = row.answer.decode(errors="replace") + (row.location or "")
        if any(name in told for name in naming):
            session.delete(row)
    session.flush()
