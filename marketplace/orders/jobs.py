"""How far the service is with an order, and who may take it further.

Several workers may look at one order. Each acts on what it read of the order and of its job, and only while both are
still as they were read: whoever writes first goes on, and what the other had in hand is dropped.
"""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.orders import queries
from marketplace.orders.model import JobState, Order
from marketplace.orders.tables import JobRow


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order and its job as one look found them."""

    order: Order
    state: JobState
    attempt: int


def ticket_of(order: Order, job: JobRow) -> Ticket:
    return Ticket(order, JobState(job.state), job.attempts)


def claimed(session: Session, ticket: Ticket) -> JobRow | None:
    """The job, for this writing transaction, if it and its order are as the ticket says; None if somebody was faster.

    A database has one writer at a time (`ledger.storage`), so what holds here holds until the transaction ends.
    """
    job = session.get(JobRow, ticket.order.id)
    order = queries.order_or_none(session, ticket.order.id)
    if job is None or order is None or order.state is not ticket.order.state:
        return None
    return job if (job.state, job.attempts) == (ticket.state, ticket.attempt) else None


def move(job: JobRow, state: JobState) -> None:
    job.state = state
    job.changed_at = int(time.time())


def fresh_job(id_: bytes) -> JobRow:
    """The job of an order whose run was just asked for."""
    return JobRow(order=id_, state=JobState.ASKED, attempts=0, changed_at=int(time.time()))


def unfinished() -> Any:
    return select(JobRow.order).where(JobRow.state.not_in([JobState.READY, JobState.ENDED]))
