"""Giving a buyer the money back before the deadline: there is no answer that may leave, or none in time."""

from sqlalchemy.orm import Session

from ledger.outbox import messages
from marketplace.catalogue import artefacts
from marketplace.house import House
from marketplace.orders.jobs import move
from marketplace.orders.model import JobState
from marketplace.orders.tables import JobRow

NO_ANSWER = "There is no answer that may leave. The order is refunded in full."
CANNOT_RUN = "The order could not be run. It is refunded in full."


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


def refund_key(order: bytes) -> str:
    return f"refund:{order.hex()}"
