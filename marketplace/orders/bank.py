"""The city's bank account, as the treasurer sees it: what came in becomes credits.

The ledger takes each line of a bank statement once, by its digest.
"""

from typing import Any

from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.outbox import messages
from marketplace.catalogue import artefacts
from marketplace.catalogue.documents import text_of
from marketplace.errors import ConflictError
from marketplace.house import House
from marketplace.participants import queries as participants

LONGEST_REFERENCE = 140
"""Characters, as in a SEPA credit transfer's remittance information."""


class StatementLineUsedError(ConflictError):
    """This line of the bank statement was booked before."""

    code = "statement_line_used"


def paid_in(session: Session, house: House, *, participant: int, amount: int, reference: str) -> str:
    """Credit what a participant transferred to the city's bank account, in micro-credits. Returns the outbox key.

    `reference` is the bank's own number of the entry. The ledger says to whom and how much; the line, which it has by
    digest, only has to be one line.

    Raises:
        UnknownParticipantError
        ValueNotAllowedError: the reference is empty, too long, or has characters that do not print.
        StatementLineUsedError: the line with this reference was booked before.
    """
    account = participants.by_number(session, participant).account
    reference = text_of(reference, "The reference", longest=LONGEST_REFERENCE)
    key = book(
        session, house, account=account, amount=amount, line={"v": 1, "label": "bank", "reference": reference}
    )
    if key is None:
        raise StatementLineUsedError(
            f"The line {reference!r} is booked, or about to be. Each line of a statement is booked once."
        )
    return key


def book(session: Session, house: House, *, account: str, amount: int, line: dict[str, Any]) -> str | None:
    """Credit an account against a line of a statement. The outbox key; None if the line is booked or about to be."""
    digest = artefacts.keep_document(session, "statement-line", line)
    key = f"mint:{hexed(digest)}"
    call = house.contracts.credit.mint(account, amount, digest)
    return key if messages.put(session, call, key=key, signer="treasurer") else None
