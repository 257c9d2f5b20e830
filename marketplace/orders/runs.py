"""Working through orders: pin, run, judge, seal, settle; or refund.

Each step is one transaction and leaves a state from which the next start goes on. A result is durable before its
settlement is sent, and is served only after the settlement is final.
"""

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from ledger.enums import OrderState
from ledger.outbox import messages
from marketplace.analysis.runner import RunError
from marketplace.disclosure.gate import Released, Withheld
from marketplace.house import House
from marketplace.orders import queries, refunding, results, settling
from marketplace.orders.jobs import Ticket, claimed, fresh_job, move, ticket_of, unfinished
from marketplace.orders.model import JobState, Order
from marketplace.orders.pinning import pinned, record
from marketplace.orders.running import judged
from marketplace.orders.tables import JobRow
from marketplace.provenance import statements
from marketplace.provenance.queries import head
from marketplace.provenance.statements import Attestor

logger = logging.getLogger("stoa.orders")

FailPoint = Callable[[str], None]

REST_SECONDS = 10.0
"""How long an order is left alone after a step of it failed that costs no attempt."""


class Workbench:
    """Takes one order after the other as far as it goes."""

    def __init__(self, house: House, attestor: Attestor, failpoint: FailPoint = lambda name: None) -> None:
        self._house = house
        self._attestor = attestor
        self._failpoint = failpoint
        self._rests_until: dict[bytes, float] = {}

    def step(self) -> bool:
        """One round over every order that is not finished. Whether anything moved."""
        with self._house.database.reading() as session:
            waiting = [
                *session.scalars(unfinished()),
                *(order.id for order in queries.escrowed(session)),
            ]
        self._failpoint("O3.orders_listed")
        moved = False
        for id_ in dict.fromkeys(waiting):
            moved = self._take_up(id_) or moved
        return moved

    def _take_up(self, id_: bytes) -> bool:
        """Do what is next for one order. If it fails, the others do not wait for it."""
        if time.monotonic() < self._rests_until.get(id_, 0):
            return False
        try:
            return self._advance(id_)
        except OperationalError:
            raise  # the database's trouble is every order's
        except Exception:
            logger.exception("Order 0x%s cannot be taken further now. It is tried again.", id_.hex())
            self._rests_until[id_] = time.monotonic() + REST_SECONDS
            return False

    def _advance(self, id_: bytes) -> bool:
        """Job and order are read together: the ledger moves on while we work."""
        with self._house.database.reading() as session:
            job, order = queries.job(session, id_), queries.order_or_none(session, id_)
        if order is None:
            return self._drop_if_refused(id_)
        if job is None:
            return order.state is OrderState.ESCROWED and self._refund_unknown(order)
        ticket = ticket_of(order, job)
        if order.state is not OrderState.ESCROWED:
            return self._finish(ticket)
        return self._go_on(ticket)

    def _go_on(self, ticket: Ticket) -> bool:
        match ticket.state:
            case JobState.ASKED:
                return self._attempt(ticket, self._answer)
            case JobState.SEALED:
                return self._attempt(ticket, lambda ticket: settling.settle(self._house, ticket))
            case JobState.SETTLING:
                return settling.watch(self._house, ticket)
            case JobState.REFUNDING:
                return refunding.watch(self._house, ticket)
            case JobState.ENDED:
                # Refused when we sent it, and opened after all: by its buyer, or asked for once more.
                return self._ask_again(ticket)
            case JobState.READY:
                return False

    def _attempt(self, ticket: Ticket, step: Callable[[Ticket], bool]) -> bool:
        """A step that fails costs the order an attempt, so that it ends in a refund and not in a queue."""
        try:
            return step(ticket)
        except OperationalError:
            raise
        except Exception:
            logger.exception("Attempt %d at order 0x%s failed.", ticket.attempt + 1, ticket.order.id.hex())
            return settling.run_again(self._house, ticket)

    def _answer(self, ticket: Ticket) -> bool:
        with self._house.database.reading() as session, self._house.vault.reading() as vault:
            if settling.is_too_late(ticket.order, head(session)):
                return self._give_up(ticket)
            asked = pinned(session, vault, ticket.order)
        with self._house.database.writing() as session:
            record(session, asked, "started")
        try:
            verdict = judged(self._house, asked)
        except RunError as error:
            with self._house.database.writing() as session:
                record(session, asked, error.code)
            return settling.run_again(self._house, ticket)
        self._failpoint("O9.after_run")
        match verdict:
            case Released():
                moved = results.seal(self._house, ticket, asked, verdict)
                self._failpoint("O10.after_sealed")
            case Withheld():
                moved = results.withhold(self._house, ticket, asked, verdict)
        return moved

    def _ask_again(self, ticket: Ticket) -> bool:
        with self._house.database.writing() as session:
            job = claimed(session, ticket)
            if job is not None:
                move(job, JobState.ASKED)
        return job is not None

    def _give_up(self, ticket: Ticket) -> bool:
        with self._house.database.writing() as session:
            job = claimed(session, ticket)
            if job is not None:
                refunding.put(session, self._house, job, refunding.CANNOT_RUN)
        return job is not None

    def _refund_unknown(self, order: Order) -> bool:
        """An order that was opened past us: what was asked is not known here."""
        with self._house.database.writing() as session:
            if session.get(JobRow, order.id) is not None:
                return False
            job = fresh_job(order.id)
            session.add(job)
            refunding.put(session, self._house, job, refunding.CANNOT_RUN)
        return True

    def _finish(self, ticket: Ticket) -> bool:
        """The ledger has ended the order: a settled one may be served, a refunded one is destroyed."""
        if ticket.state in {JobState.READY, JobState.ENDED}:
            return False
        order = ticket.order
        with self._house.database.writing() as session:
            job = claimed(session, ticket)
            if job is None:
                return False
            if order.state is OrderState.SETTLED and order.result_digest == job.result_digest:
                statements.keep(session, self._house, self._attestor, order.id)
                move(job, JobState.READY)
            else:
                results.destroy(session, self._house, order.id)
                move(job, JobState.ENDED)
        return True

    def _drop_if_refused(self, id_: bytes) -> bool:
        """An order that the ledger refused to open never was: its job ends."""
        with self._house.database.writing() as session:
            fate = messages.fate(session, f"order:{id_.hex()}")
            if fate is None or not fate.is_final or fate.succeeded:
                return False
            move(session.get_one(JobRow, id_), JobState.ENDED)
        return True
