"""Giving a buyer the money back before the deadline: there is no answer that may leave, or none in time."""

import time

from sqlalchemy.orm import Session

from ledger.digests import text_digest
from ledger.outbox import messages
from marketplace.catalogue import artefacts
from marketplace.disclosure.gate import WITHHELD_TEXT
from marketplace.house import House
from marketplace.orders.jobs import Ticket, claimed, move
from marketplace.orders.model import JobState
from marketplace.orders.tables import JobRow

NO_ANSWER = "There is no answer that may leave. The order is refunded in full."
CANNOT_RUN = "The order could not be run. It is refunded in full."
NOT_RUN_TEXT = (
    "There was no run in time, or none that counted only people who still consent. It says nothing about the data. "
    "You are refunded in full. Order again, with more time until the deadline; if it ends the same, ask the city's "
    "operator."
)
"""What a buyer reads whose order was refunded for another reason than that its answer may not leave."""

AGAIN_SECONDS = 60
"""How long a refund that the ledger refused waits until it is tried again."""


def put(session: Session, house: House, job: JobRow, why: str) -> None:
    """Queue the refund of a claimed order."""
    reason = artefacts.keep_text(session, "reason", why)
    messages.put(
        session,
        house.contracts.settlement.refund_early(job.order, reason),
        key=refund_key(job.order),
        signer="settler",
    )
    move(job, JobState.REFUNDING)


def told(reason: bytes | None) -> str:
    """What a buyer reads about a refund, by the reason on the ledger; it is one for all that the gate withholds."""
    return WITHHELD_TEXT if was_withheld(reason) else NOT_RUN_TEXT


def was_withheld(reason: bytes | None) -> bool:
    """Whether there was an answer that may not leave, rather than none in time."""
    return reason == text_digest(NO_ANSWER)


def watch(house: House, ticket: Ticket) -> bool:
    """A refund that the ledger refused is tried again: the money is still in escrow."""
    with house.database.writing() as session:
        job = claimed(session, ticket)
        fate = messages.fate(session, refund_key(ticket.order.id))
        waits = fate is not None and not (fate.failed and time.time() >= fate.put_at + AGAIN_SECONDS)
        if job is None or waits:
            return False
        put(session, house, job, CANNOT_RUN)
    return True


def refund_key(order: bytes) -> str:
    return f"refund:{order.hex()}"
